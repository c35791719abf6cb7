import MartletProtocol
import MartletResourceServer
import Testing

/// An issuer, an API, and tokens for it, good ones and others.
struct Forge {
    static let now: Int64 = 1_790_000_000
    static let issuer = "https://login.example.com"
    static let audience = "https://api.example.com"

    let key: SigningKey

    init(_ algorithm: SignatureAlgorithm = .es256) throws {
        key = try SigningKey.generate(for: algorithm)
    }

    var keys: JSONWebKeySet { JSONWebKeySet([key.publicKey]) }

    static let claims: AccessTokenClaims = {
        var claims = AccessTokenClaims(
            issuer: issuer,
            subject: "account-1",
            audience: [audience],
            clientID: "web",
            issuedAt: now,
            expiresAt: now + 600,
            tokenID: "token-1",
            scope: "orders:read orders:write"
        )
        claims.sessionID = "session-1"
        return claims
    }()

    func token(
        type: String = "at+jwt",
        _ change: (inout AccessTokenClaims) -> Void = { _ in }
    ) throws -> String {
        var claims = Self.claims
        change(&claims)
        return try JSONWebSignature.sign(payload: claims.encoded(), type: type, with: key)
    }

    /// A token whose payload is the good one with one member replaced or, by nil, left out.
    func token(member name: String, _ value: JSONValue?) throws -> String {
        var object = try #require(try JSONValue(parsing: Self.claims.encoded()).object)
        object[name] = value
        return try JSONWebSignature.sign(
            payload: JSONValue.object(object).encoded(),
            type: "at+jwt",
            with: key
        )
    }

    /// A token with the good payload, any header, and a signature of the right size.
    func token(header: JSONValue) -> String {
        let header = Base64URL.encode(header.encoded())
        let payload = Base64URL.encode(Self.claims.encoded())
        return "\(header).\(payload).\(Base64URL.encode([UInt8](repeating: 1, count: 64)))"
    }

    func verifier(
        keys: (any KeySource)? = nil,
        algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        leeway: Double = 0,
        keyBoundTokens: AccessTokenVerifier.KeyBoundTokens = .refused,
        at now: Double = Double(Forge.now)
    ) -> AccessTokenVerifier {
        AccessTokenVerifier(
            issuer: Self.issuer,
            audience: Self.audience,
            keys: keys ?? self.keys,
            algorithms: algorithms,
            leeway: leeway,
            keyBoundTokens: keyBoundTokens,
            secondsSince1970: { now }
        )
    }
}

func expectRefused(
    _ code: AccessTokenError.Code,
    _ description: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> AccessToken
) {
    let error = #expect(throws: AccessTokenError.self, sourceLocation: sourceLocation) {
        _ = try body()
    }
    #expect(error?.code == code, sourceLocation: sourceLocation)
    if let description {
        #expect(error?.description == description, sourceLocation: sourceLocation)
    }
}
