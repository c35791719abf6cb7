import MartletProtocol
import Testing

@Suite("Claims of access tokens")
struct AccessTokenClaimsTests {
    private func claims(_ name: String, _ value: JSONValue?) throws -> AccessTokenClaims {
        var object = try #require(
            try JSONValue(parsing: TestTokens.claims.encoded()).object
        )
        object[name] = value
        return try AccessTokenClaims(json: .object(object))
    }

    @Test("claims are written in a fixed order and read back as they were")
    func roundTrip() throws {
        let claims = TestTokens.claims
        #expect(
            String(decoding: claims.encoded(), as: UTF8.self)
                == #"{"iss":"https://login.example.com","sub":"account-1","#
                + #""aud":"https://api.example.com","client_id":"web","azp":"web","#
                + #""iat":1790000000,"exp":1790000600,"jti":"token-1","#
                + #""scope":"orders:read orders:write","auth_time":1789999000,"#
                + #""acr":"urn:example:acr:1","amr":["pwd"],"sid":"session-1"}"#
        )
        #expect(try AccessTokenClaims(json: JSONValue(parsing: claims.encoded())) == claims)
        #expect(claims.scopes == ["orders:read", "orders:write"])
    }

    @Test("what is optional is not written, and several audiences are an array")
    func minimal() throws {
        var claims = AccessTokenClaims(
            issuer: "i",
            subject: "s",
            audience: ["a", "b"],
            clientID: "c",
            issuedAt: 1,
            expiresAt: 2,
            tokenID: "t"
        )
        #expect(
            String(decoding: claims.encoded(), as: UTF8.self)
                == #"{"iss":"i","sub":"s","aud":["a","b"],"client_id":"c","iat":1,"exp":2,"#
                + #""jti":"t"}"#
        )
        #expect(claims.scopes.isEmpty)
        claims.notBefore = 1
        claims.confirmation = .init(keyThumbprint: "k", certificateThumbprint: "x")
        #expect(try AccessTokenClaims(json: JSONValue(parsing: claims.encoded())) == claims)
    }

    @Test(
        "a claim that RFC 9068 §2.2 requires must be there, and not empty",
        .covers("RFC 9068 §2.2 claims"),
        arguments: ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
    )
    func required(name: String) throws {
        for value: JSONValue? in [nil, .null, "", true, [], [:], [1]] {
            let error = #expect(throws: JOSEError.self) { try claims(name, value) }
            #expect(error?.code == .invalidClaims)
            #expect(error?.description.contains(name) == true)
        }
    }

    @Test(
        "a claim of the wrong type is refused",
        arguments: [
            ("iss", 1), ("sub", ["a"]), ("aud", ["a", 1]), ("exp", "1790000600"), ("iat", "now"),
            ("nbf", "0"), ("scope", ["a", "b"]), ("auth_time", "x"), ("acr", 1), ("amr", "pwd"),
            ("amr", [1]), ("sid", 1), ("cnf", "x"), ("cnf", ["jkt": 1]), ("azp", 1),
        ] as [(String, JSONValue)]
    )
    func types(name: String, value: JSONValue) {
        #expect(throws: JOSEError.self) { try claims(name, value) }
    }

    @Test("times may have fractions; expiry loses them, a start is rounded up")
    func fractions() throws {
        #expect(try claims("exp", 1790000600.9).expiresAt == 1_790_000_600)
        #expect(try claims("iat", 1790000000.9).issuedAt == 1_790_000_000)
        #expect(try claims("nbf", 1790000000.1).notBefore == 1_790_000_001)
        #expect(try claims("exp", .number(1.7900006e9)).expiresAt == 1_790_000_600)
    }

    @Test(
        "times before 1970 and after the year 9999 are refused, so that no sum overflows",
        arguments: [
            .integer(-1), .integer(.max), .integer(.min), .integer(253_402_300_800),
            .number(1e300), .number(-0.5), .number(9.3e18),
        ] as [JSONValue]
    )
    func bounds(value: JSONValue) {
        #expect(throws: JOSEError.self) { try claims("exp", value) }
        #expect(throws: JOSEError.self) { try claims("nbf", .number(-1e300)) }
    }

    @Test("an audience is read from a string and from an array")
    func audience() throws {
        #expect(try claims("aud", "x").audience == ["x"])
        #expect(try claims("aud", ["x", "y"]).audience == ["x", "y"])
    }

    @Test("a confirmation of an unknown kind is still a confirmation")
    func confirmation() throws {
        #expect(try claims("cnf", ["kid": "k"]).confirmation == .init())
        #expect(try claims("cnf", ["jkt": "k"]).confirmation?.keyThumbprint == "k")
        #expect(try claims("x", 1).confirmation == nil)
    }
}
