import MartletProtocol

/// Who may register clients over the network (RFC 7591 §3).
package enum RegistrationMode: String, Sendable, CaseIterable {
    /// Nobody: the endpoint is not there.
    case off
    /// Who has an initial access token from the operator.
    case token
    /// Everybody, within limits of number and rate.
    case open
}

/// What a client that registered itself has beside what every client has.
package struct SelfRegistration: Sendable, Equatable {
    /// What is stored of the registration access token, with which it reads, changes and deletes
    /// itself (RFC 7592 §3). The token stays the same for the life of the client, so that a lost
    /// answer to a change locks nobody out.
    package let accessToken: ClientSecretHash
    /// The initial access token that it came with; `nil` if it came without.
    package let initialToken: RegistrationTokenID?
    /// Whether anybody ever signed in for it.
    package var isUsed: Bool

    package init(
        accessToken: ClientSecretHash,
        initialToken: RegistrationTokenID?,
        isUsed: Bool = false
    ) {
        self.accessToken = accessToken
        self.initialToken = initialToken
        self.isUsed = isUsed
    }

    /// What lists of such clients are narrowed to.
    enum Group: String {
        case unused = "self-registered, unused"
        case used = "self-registered, used"
    }

    var group: Group { isUsed ? .used : .unused }

    /// A new registration access token: `mra_` and 256 random bits.
    static func makeAccessToken(in surroundings: Surroundings) -> Secret {
        Secret("mra_" + Base64URL.encode(surroundings.randomBytes(32)))
    }
}

extension SelfRegistration {
    var body: JSONValue {
        [
            "access_token_hash": accessToken.body,
            "initial_token": initialToken.map { .string($0.rawValue) } ?? .null,
            "used": .bool(isUsed),
        ]
    }

    init(body: JSONValue) throws(StorageError) {
        guard let accessToken = body["access_token_hash"], let isUsed = body["used"]?.bool else {
            throw .corrupt("a client's registration is not one")
        }
        self.init(
            accessToken: try ClientSecretHash(body: accessToken),
            initialToken: body["initial_token"]?.string.map(RegistrationTokenID.init),
            isUsed: isUsed
        )
    }
}

// MARK: - What it may be

extension ClientMetadata {
    /// The grants that a client may have which nobody here knows: those in which a person decides.
    static let selfRegisteredGrants: [GrantType] = [.authorizationCode, .refreshToken, .deviceCode]

    /// Reads what a client that nobody here knows registers about itself.
    ///
    /// Members that this version does not know are ignored, and so are grant types, response types
    /// and scopes that such a client cannot have: RFC 7591 §2 and §3.2.1 want it so, and the answer
    /// says what was registered. What only an operator decides is refused, lest it be believed.
    init(selfRegistered json: JSONValue) throws(OAuthError) {
        guard let object = json.object else {
            throw .metadata("Client metadata is one JSON object.")
        }
        var kept = JSONObject()
        for member in object.members where !member.value.isNull {
            guard !Self.ownMembers.contains(member.name) else {
                throw .metadata("\(member.name) is for the operator to decide; leave it out.")
            }
            if Self.knownMembers.contains(member.name) { kept[member.name] = member.value }
        }
        try kept.narrow(
            ClientMetadataName.grantTypes,
            to: Self.selfRegisteredGrants.map(\.rawValue),
            orSay: "A client that registers itself has the grant type authorization_code or "
                + "urn:ietf:params:oauth:grant-type:device_code, and perhaps refresh_token."
        )
        try kept.narrow(
            ClientMetadataName.responseTypes,
            to: ResponseType.allCases.map(\.rawValue),
            orSay: "response_types can only hold code."
        )
        kept[WireName.scope] = try Self.selfRegisteredScope(kept[WireName.scope])
        try self.init(json: .object(kept))
        guard signsPeopleIn else {
            throw .metadata("A client that registers itself signs people in; refreshing follows.")
        }
    }

    /// The standard scopes, as far as they are asked for; no API's scopes, for which API a client
    /// may ask is the operator's to say.
    private static func selfRegisteredScope(_ asked: JSONValue?) throws(OAuthError) -> JSONValue {
        guard let asked else { return .string(ScopeName.all.joined(separator: " ")) }
        guard let scope = asked.string.flatMap({ Scope($0) }) else { return asked }
        let kept = scope.tokens.filter(ScopeName.all.contains)
        guard !kept.isEmpty else {
            throw .metadata(
                "A client that registers itself has of the scopes "
                    + ScopeName.all.joined(separator: ", ") + "."
            )
        }
        return .string(kept.joined(separator: " "))
    }
}

extension JSONObject {
    /// Leaves of a list those that may be; what is no list of texts is left for the reader to
    /// refuse.
    fileprivate mutating func narrow(
        _ name: String,
        to allowed: [String],
        orSay sentence: String
    ) throws(OAuthError) {
        guard let asked = self[name]?.strings, !asked.isEmpty else { return }
        let kept = asked.filter(allowed.contains)
        guard !kept.isEmpty else { throw .metadata(sentence) }
        self[name] = .array(kept.map { .string($0) })
    }
}
