import MartletProtocol
import MartletResourceServer
import Testing

@Suite("Verifying access tokens")
struct AccessTokenVerifierTests {
    private let forge: Forge

    init() throws {
        forge = try Forge()
    }

    @Test(
        "a good token is verified with every algorithm",
        .covers("RFC 9068 §4 rs-signature"),
        arguments: SignatureAlgorithm.allCases
    )
    func good(algorithm: SignatureAlgorithm) throws {
        let forge = try Forge(algorithm)
        let token = try forge.verifier().verifyWithKeysAtHand(forge.token())
        #expect(token.claims == Forge.claims)
        #expect(token.payload["sid"] == "session-1")
    }

    @Test(
        "a token without the type at+jwt is refused, so ID tokens do not pass",
        .covers(
            "RFC 9068 §4 rs-typ",
            "RFC 9068 §5 not-an-id-token",
            "Back-Channel Logout §4.1 cross-jwt"
        )
    )
    func type() throws {
        for type in ["JWT", "", "logout+jwt", "at+jwt2"] {
            let token = try forge.token(type: type)
            expectRefused(.invalidToken, "The token is not an access token.") {
                try forge.verifier().verifyWithKeysAtHand(token)
            }
        }
        let untyped = forge.token(header: ["alg": "ES256"])
        expectRefused(.invalidToken, "The token is not an access token.") {
            try forge.verifier().verifyWithKeysAtHand(untyped)
        }
        for type in ["AT+JWT", "application/at+jwt"] {
            _ = try forge.verifier().verifyWithKeysAtHand(forge.token(type: type))
        }
    }

    @Test("alg none, HMAC and crit are refused as malformed", .covers("RFC 9068 §4 rs-signature"))
    func hostileHeaders() throws {
        let headers: [JSONValue] = [
            ["alg": "none", "typ": "at+jwt"], ["alg": "HS256", "typ": "at+jwt"],
            ["alg": "ES256", "typ": "at+jwt", "crit": ["x"], "x": 1],
        ]
        for header in headers {
            let token = forge.token(header: header)
            expectRefused(.invalidToken, "The access token is malformed.") {
                try forge.verifier().verifyWithKeysAtHand(token)
            }
        }
        for token in ["", "a.b.c", String(repeating: "a", count: 20_000)] {
            expectRefused(.invalidToken) { try forge.verifier().verifyWithKeysAtHand(token) }
        }
    }

    @Test("an algorithm that is not on the list is refused")
    func allowList() throws {
        expectRefused(.invalidToken, "The access token's algorithm is not accepted.") {
            try forge.verifier(algorithms: [.rs256]).verifyWithKeysAtHand(forge.token())
        }
    }

    @Test(
        "a token whose kid is unknown is refused, though another key would verify it",
        .covers("RFC 9068 §4 rs-signature")
    )
    func unknownKey() throws {
        let other = try Forge()
        expectRefused(.invalidToken, "The access token is signed with an unknown key.") {
            try forge.verifier().verifyWithKeysAtHand(other.token())
        }
    }

    @Test("a token without kid is tried only if exactly one key fits")
    func withoutKeyID() throws {
        let token = forge.token(header: ["alg": "ES256", "typ": "at+jwt"])
        expectRefused(.invalidToken, "The access token's signature does not verify.") {
            try forge.verifier().verifyWithKeysAtHand(token)
        }
        let both = JSONWebKeySet([forge.key.publicKey, try Forge().key.publicKey])
        expectRefused(.invalidToken, "The access token is signed with an unknown key.") {
            try forge.verifier(keys: both).verifyWithKeysAtHand(token)
        }
    }

    @Test("a forged signature under a known kid is refused", .covers("RFC 9068 §4 rs-signature"))
    func forgedSignature() throws {
        let token = forge.token(
            header: ["alg": "ES256", "typ": "at+jwt", "kid": .string(forge.key.keyID)])
        expectRefused(.invalidToken, "The access token's signature does not verify.") {
            try forge.verifier().verifyWithKeysAtHand(token)
        }
    }

    @Test(
        "an issuer that is not the same bytes is refused",
        .covers("RFC 9068 §4 rs-issuer"),
        arguments: [
            "https://login.example.com/", "https://LOGIN.example.com", "http://login.example.com",
            "https://evil.example",
        ]
    )
    func issuer(issuer: String) throws {
        expectRefused(.invalidToken, "The access token is from another issuer.") {
            try forge.verifier().verifyWithKeysAtHand(forge.token { $0.issuer = issuer })
        }
    }

    @Test(
        "a token for another audience is refused, one for several is accepted",
        .covers("RFC 9068 §4 rs-audience", "RFC 6750 §5.2 audience")
    )
    func audience() throws {
        for audience in [["https://other.example"], [Forge.audience + "/"], ["x", "y"]] {
            expectRefused(.invalidToken, "The access token is not for this resource.") {
                try forge.verifier().verifyWithKeysAtHand(forge.token { $0.audience = audience })
            }
        }
        let token = try forge.token { $0.audience = ["x", Forge.audience] }
        _ = try forge.verifier().verifyWithKeysAtHand(token)
    }

    @Test(
        "a token is good until the second of its expiry, and then expired",
        .covers("RFC 9068 §4 rs-expiry")
    )
    func expiry() throws {
        let token = try forge.token()
        let end = Double(Forge.claims.expiresAt)
        _ = try forge.verifier(at: end - 0.001).verifyWithKeysAtHand(token)
        for now in [end, end + 1, end + 1e9] {
            expectRefused(.invalidToken, "The access token provided has expired.") {
                try forge.verifier(at: now).verifyWithKeysAtHand(token)
            }
        }
    }

    @Test(
        "the leeway moves expiry, start and issue, and is bounded",
        .covers("RFC 9068 §4 rs-expiry")
    )
    func leeway() throws {
        let end = Double(Forge.claims.expiresAt)
        let token = try forge.token { $0.notBefore = Forge.now }
        _ = try forge.verifier(leeway: 5, at: end + 4.9).verifyWithKeysAtHand(token)
        expectRefused(.invalidToken) {
            try forge.verifier(leeway: 5, at: end + 5).verifyWithKeysAtHand(token)
        }
        _ = try forge.verifier(leeway: 5, at: Double(Forge.now) - 5).verifyWithKeysAtHand(token)
        expectRefused(.invalidToken) {
            try forge.verifier(leeway: 5, at: Double(Forge.now) - 6).verifyWithKeysAtHand(token)
        }
        #expect(forge.verifier(leeway: 1e9).leeway == AccessTokenVerifier.maximumLeeway)
        #expect(forge.verifier(leeway: -1).leeway == 0)
        #expect(forge.verifier(leeway: .nan).leeway == 0)
    }

    @Test("a token that starts or was issued in the future is refused")
    func future() throws {
        let early = try forge.token { $0.notBefore = Forge.now + 1 }
        expectRefused(.invalidToken, "The access token is not valid yet.") {
            try forge.verifier().verifyWithKeysAtHand(early)
        }
        let issued = try forge.token { $0.issuedAt = Forge.now + 1 }
        expectRefused(.invalidToken, "The access token was issued in the future.") {
            try forge.verifier().verifyWithKeysAtHand(issued)
        }
    }

    @Test(
        "a token without a claim that RFC 9068 §2.2 requires is refused",
        .covers("RFC 9068 §2.2 claims"),
        arguments: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
    )
    func required(name: String) throws {
        let token = try forge.token(member: name, nil)
        expectRefused(
            .invalidToken,
            "A claim of the access token is missing or malformed."
        ) {
            try forge.verifier().verifyWithKeysAtHand(token)
        }
    }

    @Test("a payload with a claim twice, or that is no object, is refused")
    func payload() throws {
        for payload in [#"{"iss":"a","iss":"b"}"#, "[]", "", "x"] {
            let token = try JSONWebSignature.sign(
                payload: Array(payload.utf8),
                type: "at+jwt",
                with: forge.key
            )
            expectRefused(.invalidToken) {
                try forge.verifier().verifyWithKeysAtHand(token)
            }
        }
    }

    @Test(
        "a token must have all the scopes, each as a whole word",
        .covers("RFC 6750 §3.1 insufficient-scope")
    )
    func scopes() throws {
        let token = try forge.token()
        let verifier = forge.verifier()
        _ = try verifier.verifyWithKeysAtHand(
            token,
            requiring: ["orders:write", "orders:read"]
        )
        for scopes in [["orders"], ["orders:read", "admin"], [""], ["orders:read orders:write"]] {
            expectRefused(.insufficientScope) {
                try verifier.verifyWithKeysAtHand(token, requiring: scopes)
            }
        }
        let none = try forge.token { $0.scope = "" }
        expectRefused(.insufficientScope) {
            try verifier.verifyWithKeysAtHand(none, requiring: ["orders:read"])
        }
    }

    @Test("an expired token that lacks a scope is told to be expired")
    func order() throws {
        expectRefused(.invalidToken, "The access token provided has expired.") {
            try forge.verifier(at: 1e10)
                .verifyWithKeysAtHand(forge.token(), requiring: ["admin"])
        }
    }

    @Test("a token that is bound to a key is refused unless the caller checks the proof")
    func keyBound() throws {
        let confirmations: [JSONValue] = [["jkt": "k"], ["x5t#S256": "x"], ["kid": "k"], [:]]
        for confirmation in confirmations {
            let token = try forge.token(member: "cnf", confirmation)
            expectRefused(.invalidToken) { try forge.verifier().verifyWithKeysAtHand(token) }
            let accepted = try forge.verifier(keyBoundTokens: .checkedByCaller)
                .verifyWithKeysAtHand(token)
            #expect(accepted.claims.confirmation != nil)
        }
    }
}
