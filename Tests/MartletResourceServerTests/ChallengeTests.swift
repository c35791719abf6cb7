import MartletResourceServer
import Testing

@Suite("Challenges")
struct ChallengeTests {
    private func refusal(requiring scopes: [String] = [], at now: Double) throws -> AccessTokenError
    {
        let forge = try Forge()
        let token = try forge.token()
        let error = #expect(throws: AccessTokenError.self) {
            try forge.verifier(at: now).verifyWithKeysAtHand(token, requiring: scopes)
        }
        return try #require(error)
    }

    @Test(
        "an expired token is answered with RFC 6750's own words",
        .covers("RFC 6750 §3.1 invalid-token", "RFC 6750 §3 challenge", "RFC 9068 §4 rs-refusal")
    )
    func expired() throws {
        let error = try refusal(at: 1e10)
        #expect(error.status == 401)
        #expect(
            error.challenge(realm: "example") == #"Bearer realm="example", error="invalid_token", "#
                + #"error_description="The access token provided has expired.""#
        )
    }

    @Test(
        "a missing scope is answered with 403 and all the scopes that are needed",
        .covers("RFC 6750 §3.1 insufficient-scope")
    )
    func scope() throws {
        let error = try refusal(requiring: ["orders:read", "admin"], at: Double(Forge.now))
        #expect(error.status == 403)
        #expect(error.code == .insufficientScope)
        #expect(error.requiredScopes == ["orders:read", "admin"])
        #expect(
            error.challenge(realm: "api") == #"Bearer realm="api", error="insufficient_scope", "#
                + #"error_description="The access token lacks a scope that the request needs.", "#
                + #"scope="orders:read admin""#
        )
    }

    @Test("the challenge can name the resource's metadata (RFC 9728 §5.1)")
    func resourceMetadata() throws {
        let error = #expect(throws: AccessTokenError.self) {
            try BearerToken.extract(fromAuthorization: nil)
        }
        let url = "https://api.example.com/.well-known/oauth-protected-resource"
        #expect(
            error?.challenge(realm: "api", resourceMetadata: url)
                == #"Bearer realm="api", resource_metadata="\#(url)""#
        )
    }

    @Test(
        "quotation marks and backslashes are escaped, and no control character gets through",
        .covers("RFC 6750 §3 escaped")
    )
    func escaping() throws {
        let error = try refusal(requiring: ["a\"b"], at: Double(Forge.now))
        let challenge = error.challenge(realm: "a\"b\\c\r\nX: y\u{7F}\u{0}")
        #expect(challenge.hasPrefix(#"Bearer realm="a\"b\\cX: y", "#))
        #expect(challenge.hasSuffix(#"scope="a\"b""#))
    }
}
