package import MartletProtocol

/// What a client registers about itself (RFC 7591 §2, OpenID Connect Dynamic Client Registration
/// §2), with Martlet's own members: the refresh token policy, the access tokens' lifetime, the APIs
/// it may ask for, whether it may do without consent or PKCE.
///
/// Reading is strict: a member that this version does not know, or one that asks for something it
/// does not have, is refused by name rather than ignored, so that a misspelt policy is never
/// silently the default one.
package struct ClientMetadata: Sendable, Equatable {
    package static let accessTokenLifetime: ClosedRange<Int64> = 1...86_400
    package static let maximumResources = 50
    /// Ten years; a sign-in does not last that long.
    package static let maxAge: ClosedRange<Int64> = 0...315_360_000
    /// More classes of authentication than any server has.
    package static let maximumACRValues = 20
    /// Bytes of a name or a version; they are shown to people.
    package static let maximumText = 200
    package static let maximumContacts = 20

    package var redirectURIs: [RedirectURI]
    package var postLogoutRedirectURIs: [RedirectURI]
    package var grantTypes: [GrantType]
    package var responseTypes: [ResponseType]
    package var applicationType: ApplicationType
    package var authenticationMethod: ClientAuthenticationMethod
    package var scope: Scope
    package var subjectType: SubjectType
    /// What its ID tokens are signed with.
    package var idTokenAlgorithm: SignatureAlgorithm
    /// What UserInfo is signed with for it; `nil` for plain JSON.
    package var userInfoAlgorithm: SignatureAlgorithm?
    /// How long ago a person may have authenticated, where the request does not say.
    package var defaultMaxAge: Duration?
    package var requireAuthTime: Bool
    package var defaultACRValues: [String]
    package var backchannelLogoutURI: String?
    package var backchannelLogoutSessionRequired: Bool
    package var policy: PolicyOverrides
    package var accessTokenLifetime: Duration?
    package var allowedResources: [ResourceID]
    package var skipConsent: Bool
    /// Whether each authorization request brings a PKCE challenge. Only a client that
    /// authenticates may do without (OAuth 2.1 §7.5.1: with the nonce of OpenID Connect instead).
    package var requirePKCE: Bool
    /// Members for people (`client_name`, `contacts`, …), kept as they came.
    package var informational: JSONObject

    /// Addresses for people or their browsers, which this server shows and does not call.
    static let links: Set<String> = [
        ClientMetadataName.clientURI, ClientMetadataName.logoURI, ClientMetadataName.termsURI,
        ClientMetadataName.policyURI, ClientMetadataName.initiateLoginURI,
    ]

    static let informationalMembers: Set<String> = links.union([
        ClientMetadataName.name, ClientMetadataName.contacts, ClientMetadataName.softwareID,
        ClientMetadataName.softwareVersion,
    ])

    /// What only an operator decides about a client.
    static let ownMembers: Set<String> = [
        ClientMetadataName.refreshTokenPolicy, ClientMetadataName.accessTokenLifetime,
        ClientMetadataName.allowedResources, ClientMetadataName.skipConsent,
        ClientMetadataName.requirePKCE,
    ]

    static let knownMembers: Set<String> = informationalMembers.union(ownMembers).union([
        ClientMetadataName.redirectURIs, ClientMetadataName.postLogoutRedirectURIs,
        ClientMetadataName.grantTypes, ClientMetadataName.responseTypes,
        ClientMetadataName.applicationType, ClientMetadataName.authenticationMethod,
        WireName.scope, ClientMetadataName.subjectType, ClientMetadataName.idTokenAlgorithm,
        ClientMetadataName.userInfoAlgorithm, ClientMetadataName.defaultMaxAge,
        ClientMetadataName.requireAuthTime, ClientMetadataName.defaultACRValues,
        ClientMetadataName.backchannelLogoutURI,
        ClientMetadataName.backchannelLogoutSessionRequired,
    ])
}

extension ClientMetadata {
    /// What people call it.
    package var name: String? { informational[ClientMetadataName.name]?.string }
    /// Its home page.
    package var clientURI: String? { informational[ClientMetadataName.clientURI]?.string }
    package var logoURI: String? { informational[ClientMetadataName.logoURI]?.string }
    package var termsURI: String? { informational[ClientMetadataName.termsURI]?.string }
    package var policyURI: String? { informational[ClientMetadataName.policyURI]?.string }
    /// Where a sign-in can be started from elsewhere.
    package var initiateLoginURI: String? {
        informational[ClientMetadataName.initiateLoginURI]?.string
    }

    /// Whether people sign in for it with a browser, here or on another device.
    package var signsPeopleIn: Bool {
        grantTypes.contains(.authorizationCode) || grantTypes.contains(.deviceCode)
    }

    /// What a pairwise subject is computed for: the one https host that all redirect URIs share
    /// (OpenID Connect Core §8.1); `nil` if there is no such host.
    ///
    /// Addresses that any app on any device may listen at are nobody's site, and one of them among
    /// the others would let its app learn the subjects of a site that is not its own.
    package var sectorIdentifier: String? {
        guard let host = redirectURIs.first?.host,
            redirectURIs.allSatisfy({ $0.host == host && !$0.isLoopback })
        else { return nil }
        return host
    }

    /// Every algorithm that something about the people who sign in for it is signed with.
    var algorithms: Set<SignatureAlgorithm> {
        let getsIDTokens = signsPeopleIn || scope.contains(ScopeName.openID)
        var algorithms: Set<SignatureAlgorithm> = getsIDTokens ? [idTokenAlgorithm] : []
        if let userInfoAlgorithm { algorithms.insert(userInfoAlgorithm) }
        return algorithms
    }
}

extension OAuthError {
    static func metadata(_ sentence: String) -> OAuthError {
        OAuthError(.invalidClientMetadata, sentence)
    }
}

// MARK: - Reading

extension ClientMetadata {
    /// Reads what somebody registers.
    ///
    /// - Throws: `invalid_client_metadata` or `invalid_redirect_uri`, with what is wrong.
    package init(json: JSONValue) throws(OAuthError) {
        try self.init(json, as: .registration)
    }

    /// Reads what ``json`` wrote, perhaps in an earlier version: members for people that would not
    /// be accepted any more are left out.
    package init(stored json: JSONValue) throws(OAuthError) {
        try self.init(json, as: .stored)
    }

    private init(_ json: JSONValue, as origin: MetadataMembers.Origin) throws(OAuthError) {
        guard let object = json.object else {
            throw .metadata("Client metadata is one JSON object.")
        }
        if let unknown = object.members.first(where: { !Self.knownMembers.contains($0.name) }) {
            throw .metadata("This version knows no client metadata member \(unknown.name).")
        }
        let members = MetadataMembers(object, from: origin)
        grantTypes = try members.grantTypes()
        responseTypes = try members.responseTypes(of: grantTypes)
        redirectURIs = try members.redirectURIs(ClientMetadataName.redirectURIs)
        postLogoutRedirectURIs = try members.redirectURIs(
            ClientMetadataName.postLogoutRedirectURIs
        )
        applicationType = try members.applicationType()
        authenticationMethod =
            try members.choice(ClientMetadataName.authenticationMethod) ?? .clientSecretBasic
        scope = try members.scope()
        subjectType = try members.choice(ClientMetadataName.subjectType) ?? .public
        idTokenAlgorithm = try members.choice(ClientMetadataName.idTokenAlgorithm) ?? .rs256
        userInfoAlgorithm = try members.choice(ClientMetadataName.userInfoAlgorithm)
        defaultMaxAge = try members.seconds(ClientMetadataName.defaultMaxAge, in: Self.maxAge)
        requireAuthTime = try members.flag(ClientMetadataName.requireAuthTime) ?? false
        defaultACRValues = try members.contextClasses()
        backchannelLogoutURI = try members.link(ClientMetadataName.backchannelLogoutURI)
        backchannelLogoutSessionRequired =
            try members.flag(ClientMetadataName.backchannelLogoutSessionRequired) ?? false
        policy = try PolicyOverrides(json: object[ClientMetadataName.refreshTokenPolicy])
        accessTokenLifetime = try members.seconds(
            ClientMetadataName.accessTokenLifetime,
            in: Self.accessTokenLifetime
        )
        allowedResources = try members.resources()
        skipConsent = try members.flag(ClientMetadataName.skipConsent) ?? false
        requirePKCE = try members.flag(ClientMetadataName.requirePKCE) ?? true
        informational = try members.informational()
        try checkTogether()
    }

    /// What cannot go together, whatever each member says alone.
    private func checkTogether() throws(OAuthError) {
        try checkAddresses()
        if subjectType == .pairwise && sectorIdentifier == nil {
            throw .metadata(
                "subject_type pairwise needs redirect URIs that all have the same https host; "
                    + "this version has no sector_identifier_uri."
            )
        }
        if backchannelLogoutSessionRequired && backchannelLogoutURI == nil {
            throw .metadata(
                "backchannel_logout_session_required goes with a backchannel_logout_uri."
            )
        }
        if authenticationMethod == .none { try checkPublic() }
    }

    /// Whether the addresses are those of a client of this kind.
    private func checkAddresses() throws(OAuthError) {
        let hasCode = grantTypes.contains(.authorizationCode)
        if hasCode && redirectURIs.isEmpty {
            throw .redirectURI(
                "A client with the grant type authorization_code needs redirect_uris."
            )
        }
        if !hasCode && !(redirectURIs + postLogoutRedirectURIs).isEmpty {
            throw .metadata(
                "Only a client with the grant type authorization_code has redirect_uris and "
                    + "post_logout_redirect_uris."
            )
        }
        if applicationType == .web,
            (redirectURIs + postLogoutRedirectURIs).contains(where: \.isPrivateScheme)
        {
            throw .redirectURI(
                "Only a client with the application_type native has redirect URIs with a scheme "
                    + "of its own."
            )
        }
    }

    /// What needs a client that authenticates.
    private func checkPublic() throws(OAuthError) {
        if grantTypes.contains(.clientCredentials) {
            throw .metadata("A public client has no credentials for client_credentials.")
        }
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
        if !requirePKCE {
            throw .metadata("A public client cannot do without PKCE (RFC 9700 2.1.1).")
        }
    }
}

// MARK: - Writing

extension ClientMetadata {
    /// The members, those at their defaults included where the client could ask what they are.
    package var json: JSONValue {
        var object = informational
        object[ClientMetadataName.grantTypes] = .array(grantTypes.map { .string($0.rawValue) })
        object[ClientMetadataName.authenticationMethod] = .string(authenticationMethod.rawValue)
        if !scope.isEmpty { object[WireName.scope] = .string(scope.description) }
        writeSignIn(to: &object)
        object[ClientMetadataName.refreshTokenPolicy] = policy.json
        object[ClientMetadataName.accessTokenLifetime] =
            accessTokenLifetime.map { .integer($0.wholeSeconds) }
        if !allowedResources.isEmpty {
            object[ClientMetadataName.allowedResources] = .array(
                allowedResources.map { .string($0.rawValue) }
            )
        }
        if skipConsent { object[ClientMetadataName.skipConsent] = true }
        if !requirePKCE { object[ClientMetadataName.requirePKCE] = false }
        return .object(object)
    }

    /// The members about signing people in.
    private func writeSignIn(to object: inout JSONObject) {
        object.write(redirectURIs.map(\.text), as: ClientMetadataName.redirectURIs)
        object.write(
            postLogoutRedirectURIs.map(\.text),
            as: ClientMetadataName.postLogoutRedirectURIs
        )
        object.write(responseTypes.map(\.rawValue), as: ClientMetadataName.responseTypes)
        if signsPeopleIn || applicationType != .web {
            object[ClientMetadataName.applicationType] = .string(applicationType.rawValue)
        }
        if signsPeopleIn || subjectType != .public {
            object[ClientMetadataName.subjectType] = .string(subjectType.rawValue)
        }
        if signsPeopleIn || idTokenAlgorithm != .rs256 {
            object[ClientMetadataName.idTokenAlgorithm] = .string(idTokenAlgorithm.rawValue)
        }
        object[ClientMetadataName.userInfoAlgorithm] =
            userInfoAlgorithm.map { .string($0.rawValue) }
        object[ClientMetadataName.defaultMaxAge] =
            defaultMaxAge.map { .integer($0.wholeSeconds) }
        if requireAuthTime { object[ClientMetadataName.requireAuthTime] = true }
        object.write(defaultACRValues, as: ClientMetadataName.defaultACRValues)
        object[ClientMetadataName.backchannelLogoutURI] =
            backchannelLogoutURI.map { .string($0) }
        if backchannelLogoutSessionRequired {
            object[ClientMetadataName.backchannelLogoutSessionRequired] = true
        }
    }
}

extension JSONObject {
    /// Writes a list, unless nothing is in it.
    fileprivate mutating func write(_ texts: [String], as name: String) {
        if !texts.isEmpty { self[name] = .array(texts.map { .string($0) }) }
    }
}
