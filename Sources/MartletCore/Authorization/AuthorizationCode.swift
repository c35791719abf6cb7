import Crypto
package import MartletProtocol

/// An authorization code: what was allowed, on its way to the token endpoint (RFC 6749 §4.1.2).
///
/// The string is 256 random bits; the store holds its hash. It is good once. After that the entry
/// stays, with the family that came from it, for as long as that family could live: a second use
/// ends the family.
package struct AuthorizationCode: Sendable, Equatable {
    static let prefix = "mac_"
    static let secretLength = 32

    package let client: ClientID
    package let account: AccountID
    /// As the request had it; `nil` if it had none.
    package let redirectURI: String?
    package let challenge: CodeChallenge?
    package let nonce: String?
    package let scope: Scope
    package let resources: [ResourceID]
    package let claims: ClaimsRequest?
    package let epochs: FamilyEpochs
    package let authentication: Authentication
    package let signIn: FamilySignIn
    /// When the browser's sign-in is over at the latest.
    package let signInEnd: Instant
    /// Whether nobody was asked anything (`prompt=none`): then it replaces what the same browser
    /// had before.
    package let isSilent: Bool
    package let origin: Origin
    /// The family that was made from it, once it was used.
    package let usedFor: FamilyID?

    /// A new code's string.
    static func makeText(in surroundings: Surroundings) -> Secret {
        Secret(prefix + Base64URL.encode(surroundings.randomBytes(secretLength)))
    }

    /// Where the store keeps it.
    static func key(_ text: Secret) -> OneTimeKey {
        OneTimeKey(
            .authorizationCode,
            Base64URL.encode(Array(SHA256.hash(data: text.bytes)))
        )
    }
}

// MARK: - What is stored

extension AuthorizationCode {
    /// The entry; after its use, with the family that it was used for.
    func entry(_ key: OneTimeKey, until end: Instant, usedFor family: FamilyID? = nil)
        -> OneTimeEntry
    {
        let body: JSONValue = [
            "client": .string(client.rawValue),
            "account": .string(account.rawValue),
            WireName.redirectURI: redirectURI.map { .string($0) } ?? .null,
            "challenge": challenge.map { .string($0.text) } ?? .null,
            "nonce": nonce.map { .string($0) } ?? .null,
            "scope": .string(scope.description),
            "resources": .array(resources.map { .string($0.rawValue) }),
            "claims": claims?.json ?? .null,
            "epochs": epochs.body,
            "authentication": authentication.body,
            "sign_in": .string(signIn.id.rawValue),
            "ends_with_sign_in": .bool(signIn.endsWithIt),
            "sign_in_end": .integer(signInEnd.microseconds),
            "silent": .bool(isSilent),
            "origin": origin.body,
            "used_for": family.map { .string($0.description) } ?? .null,
        ]
        return OneTimeEntry(key: key, expiresAt: end, body: body.encoded())
    }

    init(_ entry: OneTimeEntry) throws(StorageError) {
        let body = try RecordBody(entry)
        client = ClientID(rawValue: try body.string("client"))
        account = AccountID(rawValue: try body.string("account"))
        redirectURI = body.value(WireName.redirectURI)?.string
        challenge = body.value("challenge")?.string.flatMap(CodeChallenge.init)
        nonce = body.value("nonce")?.string
        scope = try body.scope("scope")
        resources = try body.strings("resources").map(ResourceID.init)
        claims = try body.claims("claims")
        epochs = try body.epochs("epochs")
        authentication = try body.authentication("authentication")
        signIn = FamilySignIn(
            id: SignInID(rawValue: try body.string("sign_in")),
            endsWithIt: body.value("ends_with_sign_in")?.bool ?? true
        )
        signInEnd = try body.instant("sign_in_end")
        isSilent = body.value("silent")?.bool ?? false
        origin = try body.origin("origin")
        usedFor = body.value("used_for")?.string.flatMap { FamilyID($0) }
    }
}

extension RecordBody {
    /// What claims were asked for; `nil` if none.
    func claims(_ name: String) throws(StorageError) -> ClaimsRequest? {
        guard let json = value(name) else { return nil }
        do {
            return try ClaimsRequest(json: json)
        } catch {
            throw missing(name)
        }
    }
}
