import MartletProtocol
import Testing

@Suite("Claims of ID tokens and logout tokens")
struct IDTokenClaimsTests {
    static let claims: IDTokenClaims = {
        var claims = IDTokenClaims(
            issuer: "https://login.example.com",
            subject: "account-1",
            audience: ["web"],
            issuedAt: 1_790_000_000,
            expiresAt: 1_790_003_600
        )
        claims.authenticationTime = 1_789_999_000
        claims.nonce = "n-1"
        claims.authenticationContext = "urn:example:acr:1"
        claims.authenticationMethods = ["pwd"]
        claims.authorizedParty = "web"
        claims.accessTokenHash = "77QmUPtjPfzWtF2AnpK9RQ"
        claims.sessionID = "session-1"
        claims.profile["email"] = "ada@example.com"
        claims.profile["email_verified"] = true
        return claims
    }()

    private func claims(_ name: String, _ value: JSONValue?) throws -> IDTokenClaims {
        var object = try #require(try JSONValue(parsing: Self.claims.encoded()).object)
        object[name] = value
        return try IDTokenClaims(json: .object(object))
    }

    @Test("the claims of an ID token are written in a fixed order and read back as they were")
    func roundTrip() throws {
        #expect(
            String(decoding: Self.claims.encoded(), as: UTF8.self)
                == #"{"iss":"https://login.example.com","sub":"account-1","aud":"web","#
                + #""iat":1790000000,"exp":1790003600,"auth_time":1789999000,"nonce":"n-1","#
                + #""acr":"urn:example:acr:1","amr":["pwd"],"azp":"web","#
                + #""at_hash":"77QmUPtjPfzWtF2AnpK9RQ","sid":"session-1","#
                + #""email":"ada@example.com","email_verified":true}"#
        )
        let read = try IDTokenClaims(json: JSONValue(parsing: Self.claims.encoded()))
        #expect(read == Self.claims)
    }

    @Test("what is optional is not written")
    func minimal() throws {
        let claims = IDTokenClaims(
            issuer: "i",
            subject: "s",
            audience: ["a", "b"],
            issuedAt: 1,
            expiresAt: 2
        )
        #expect(
            String(decoding: claims.encoded(), as: UTF8.self)
                == #"{"iss":"i","sub":"s","aud":["a","b"],"iat":1,"exp":2}"#
        )
        #expect(try IDTokenClaims(json: JSONValue(parsing: claims.encoded())) == claims)
    }

    @Test("nothing that is told of a person takes the place of a claim of the token")
    func profileOverridesNothing() throws {
        var claims = Self.claims
        for name in IDTokenClaims.names { claims.profile[name] = "forged" }
        #expect(claims.encoded() == Self.claims.encoded())
    }

    @Test(
        "a claim that OIDC Core §2 requires must be there, and of its type", .covers("OIDC Core §2 claims"),
        arguments: ["iss", "sub", "aud", "exp", "iat"]
    )
    func required(name: String) {
        for value: JSONValue? in [nil, .null, "", true, [], [:], [1]] {
            let error = #expect(throws: JOSEError.self) { try claims(name, value) }
            #expect(error?.description.contains(name) == true)
        }
    }

    @Test(
        "a claim of the wrong type is refused",
        arguments: [
            ("nonce", 1), ("acr", ["a"]), ("amr", "pwd"), ("auth_time", "x"), ("azp", 1),
            ("at_hash", true), ("sid", [:]),
        ] as [(String, JSONValue)]
    )
    func types(name: String, value: JSONValue) {
        #expect(throws: JOSEError.self) { try claims(name, value) }
    }

    @Test(
        "at_hash is the left half of the hash that the signature uses", .covers("OIDC Core §3.1.3.6 at-hash"),
        arguments: [
            // OIDC Core, appendix A.4.
            (SignatureAlgorithm.rs256, "77QmUPtjPfzWtF2AnpK9RQ"),
            (.ps256, "77QmUPtjPfzWtF2AnpK9RQ"), (.es256, "77QmUPtjPfzWtF2AnpK9RQ"),
            // SHA-512, as Ed25519 uses, computed with Python's hashlib.
            (.edDSA, "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"),
        ]
    )
    func accessTokenHash(algorithm: SignatureAlgorithm, hash: String) {
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
        #expect(IDTokenClaims.hash(of: token, for: algorithm) == hash)
    }

    @Test(
        "joserfc reads the ID tokens that we sign",
        .covers("OIDC Core §2 signed", "OIDC Core §2 no-key-headers"),
        arguments: SignatureAlgorithm.allCases
    )
    func joserfc(algorithm: SignatureAlgorithm) throws {
        let key = try TestTokens.key(algorithm)
        let token = try JSONWebSignature.sign(
            payload: Self.claims.encoded(),
            type: IDTokenClaims.type,
            with: key
        )
        var keys = JSONWriter()
        JSONWebKeySet([key.publicKey]).write(to: &keys)
        let answer = try Joserfc.ask([
            "do": "verify", "alg": .string(algorithm.rawValue), "token": .string(token),
            "jwks": try JSONValue(parsing: keys.bytes),
        ])
        #expect(answer["header"]?["typ"] == "JWT")
        #expect(try IDTokenClaims(json: try #require(answer["payload"])) == Self.claims)
    }

    @Test(
        "a logout token names the event and what is over, and has no nonce", .covers("Back-Channel Logout §2.4 claims", "Back-Channel Logout §2.4 event", "Back-Channel Logout §2.4 no-nonce")
    )
    func logoutToken() {
        func token(_ subject: LogoutTokenClaims.Subject) -> String {
            let claims = LogoutTokenClaims(
                issuer: "https://login.example.com",
                audience: ["web"],
                issuedAt: 1_790_000_000,
                expiresAt: 1_790_000_120,
                tokenID: "token-1",
                subject: subject
            )
            return String(decoding: claims.encoded(), as: UTF8.self)
        }
        let rest =
            #""aud":"web","iat":1790000000,"exp":1790000120,"jti":"token-1","#
            + #""events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#
        #expect(
            token(.session("session-1", of: "account-1"))
                == #"{"iss":"https://login.example.com","sub":"account-1","sid":"session-1","#
                + rest
        )
        #expect(
            token(.everySession(of: "account-1"))
                == #"{"iss":"https://login.example.com","sub":"account-1","# + rest
        )
    }
}
