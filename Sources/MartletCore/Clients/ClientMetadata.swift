package import MartletProtocol

/// What a client registers about itself (RFC 7591 §2), with Martlet's own members: the refresh
/// token policy, the access tokens' lifetime, the APIs it may ask for.
///
/// Reading is strict: a member that this version does not know, or one that asks for something it
/// does not have, is refused by name rather than ignored, so that a misspelt policy is never
/// silently the default one.
package struct ClientMetadata: Sendable, Equatable {
    package static let accessTokenLifetime: ClosedRange<Int64> = 1...86_400
    package static let maximumResources = 50

    package var grantTypes: [GrantType]
    package var authenticationMethod: ClientAuthenticationMethod
    package var scope: Scope
    package var policy: PolicyOverrides
    package var accessTokenLifetime: Duration?
    package var allowedResources: [ResourceID]
    package var skipConsent: Bool
    /// Members for people (`client_name`, `contacts`, …), kept as they came.
    package var informational: JSONObject

    static let informationalMembers: Set<String> = [
        ClientMetadataName.name, "client_uri", "logo_uri", "contacts", "tos_uri", "policy_uri",
        "software_id", "software_version", "application_type",
    ]

    static let knownMembers: Set<String> = informationalMembers.union([
        ClientMetadataName.grantTypes, ClientMetadataName.authenticationMethod, WireName.scope,
        ClientMetadataName.refreshTokenPolicy,
        ClientMetadataName.accessTokenLifetime, ClientMetadataName.allowedResources,
        ClientMetadataName.skipConsent,
    ])

    /// What people call it.
    package var name: String? { informational[ClientMetadataName.name]?.string }
}

// MARK: - Reading and writing

extension ClientMetadata {
    package init(json: JSONValue) throws(OAuthError) {
        guard let object = json.object else {
            throw .metadata("Client metadata is one JSON object.")
        }
        if let unknown = object.members.first(where: { !Self.knownMembers.contains($0.name) }) {
            throw .metadata("This version knows no client metadata member \(unknown.name).")
        }
        let members = MetadataMembers(object)
        grantTypes = try members.grantTypes()
        authenticationMethod = try members.authenticationMethod()
        scope = try members.scope()
        policy = try PolicyOverrides(json: object[ClientMetadataName.refreshTokenPolicy])
        accessTokenLifetime = try members.seconds(
            ClientMetadataName.accessTokenLifetime,
            in: Self.accessTokenLifetime
        )
        allowedResources = try members.resources()
        skipConsent = try members.flag(ClientMetadataName.skipConsent)
        informational = members.informational()
        try checkTogether()
    }

    /// What cannot go together, whatever each member says alone.
    private func checkTogether() throws(OAuthError) {
        let isPublic = authenticationMethod == .none
        if isPublic && grantTypes.contains(.clientCredentials) {
            throw .metadata("A public client has no credentials for client_credentials.")
        }
        guard isPublic else { return }
        if policy.rotation == .static {
            throw .metadata(
                "A static refresh token needs a client that authenticates (RFC 9700 2.2.2)."
            )
        }
        if policy.overlap == .untilUsed {
            throw .metadata(
                "The overlap until_used needs a client that authenticates; give seconds."
            )
        }
    }

    package var json: JSONValue {
        var object = informational
        object[ClientMetadataName.grantTypes] = .array(grantTypes.map { .string($0.rawValue) })
        object[ClientMetadataName.authenticationMethod] = .string(authenticationMethod.rawValue)
        if !scope.isEmpty { object[WireName.scope] = .string(scope.description) }
        object[ClientMetadataName.refreshTokenPolicy] = policy.json
        object[ClientMetadataName.accessTokenLifetime] =
            accessTokenLifetime.map { .integer($0.wholeSeconds) }
        if !allowedResources.isEmpty {
            object[ClientMetadataName.allowedResources] = .array(
                allowedResources.map { .string($0.rawValue) }
            )
        }
        if skipConsent { object[ClientMetadataName.skipConsent] = true }
        return .object(object)
    }
}

extension OAuthError {
    static func metadata(_ sentence: String) -> OAuthError {
        OAuthError(.invalidClientMetadata, sentence)
    }
}

/// The members of client metadata, each read by its own rule.
private struct MetadataMembers {
    let object: JSONObject

    init(_ object: JSONObject) {
        self.object = object
    }

    func grantTypes() throws(OAuthError) -> [GrantType] {
        let known = GrantType.allCases.map(\.rawValue).joined(separator: ", ")
        guard let names = object[ClientMetadataName.grantTypes]?.strings, !names.isEmpty else {
            throw .metadata("grant_types lists at least one of \(known).")
        }
        var types: [GrantType] = []
        for name in names {
            guard let type = GrantType(rawValue: name) else {
                throw .metadata("This version has no grant type \(name); it has \(known).")
            }
            if !types.contains(type) { types.append(type) }
        }
        return types
    }

    func authenticationMethod() throws(OAuthError) -> ClientAuthenticationMethod {
        guard let value = object[ClientMetadataName.authenticationMethod] else {
            return .clientSecretBasic
        }
        guard let method = value.string.flatMap(ClientAuthenticationMethod.init) else {
            let known = ClientAuthenticationMethod.allCases.map(\.rawValue)
            throw .metadata(
                "token_endpoint_auth_method is one of \(known.joined(separator: ", "))."
            )
        }
        return method
    }

    func scope() throws(OAuthError) -> Scope {
        guard let value = object[WireName.scope] else { return .none }
        guard let scope = value.string.flatMap({ Scope($0) }) else {
            throw .metadata("scope is a list of scope tokens separated by spaces (RFC 6749 3.3).")
        }
        return scope
    }

    func seconds(_ name: String, in range: ClosedRange<Int64>) throws(OAuthError) -> Duration? {
        guard let value = object[name] else { return nil }
        guard let seconds = value.integer, range.contains(seconds) else {
            throw .metadata(
                "\(name) is a number of seconds from \(range.lowerBound) to \(range.upperBound)."
            )
        }
        return .seconds(seconds)
    }

    func resources() throws(OAuthError) -> [ResourceID] {
        guard let value = object[ClientMetadataName.allowedResources] else { return [] }
        guard let identifiers = value.strings,
            identifiers.count <= ClientMetadata.maximumResources,
            identifiers.allSatisfy(Resource.isValidIdentifier)
        else {
            throw .metadata(
                "allowed_resources is a list of at most \(ClientMetadata.maximumResources) "
                    + "absolute URIs without fragment."
            )
        }
        return identifiers.map(ResourceID.init)
    }

    func flag(_ name: String) throws(OAuthError) -> Bool {
        guard let value = object[name] else { return false }
        guard let flag = value.bool else { throw .metadata("\(name) is true or false.") }
        return flag
    }

    func informational() -> JSONObject {
        var kept = JSONObject()
        for member in object.members
        where ClientMetadata.informationalMembers.contains(member.name) {
            kept[member.name] = member.value
        }
        return kept
    }
}
