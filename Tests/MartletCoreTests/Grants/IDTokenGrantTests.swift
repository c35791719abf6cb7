import MartletProtocol
import Testing

@testable import MartletCore

@Suite("ID tokens beside access tokens")
struct IDTokenGrantTests {
    private func idToken(
        _ answer: TokenResponse,
        in world: TestAuthorizationServer
    ) async throws -> IDTokenClaims {
        let text = try #require(answer.idToken)
        let keys = try await world.keys
        let claims = try #require(world.server.issuedIDToken(text, keys: keys))
        #expect(claims.accessTokenHash == IDTokenClaims.hash(of: answer.accessToken, for: .es256))
        let body = try JSONValue(parsing: answer.json())
        #expect(body["id_token"]?.string == text)
        return claims
    }

    @Test(
        "there is an ID token where openid was granted, and nowhere else",
        .covers("OIDC Core §3.1.2.1 openid")
    )
    func openID() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(scope: "openid email read")
        try await world.account()
        let answer = try await world.signIn(client)
        #expect(try await idToken(answer, in: world).subject == "account-of-ada")
        let without = try await world.signIn(client, scope: "email read")
        #expect(without.idToken == nil)
        #expect(try JSONValue(parsing: without.json())["id_token"] == nil)
    }

    @Test(
        "each refresh brings an ID token of the same sign-in",
        .covers(
            "OIDC Core §12.2 id-token",
            "OIDC Core §12.2 auth-time",
            "OIDC Core §12.2 nonce"
        )
    )
    func refreshed() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(scope: "openid read")
        try await world.account()
        let answer = try await world.signIn(client)
        let first = try await idToken(answer, in: world)
        var token = try #require(answer.refresh).token
        for _ in 0..<3 {
            world.wait(.hours(2))
            let next = try await world.refresh(token, as: client)
            token = try #require(next.refresh).token
            let claims = try await idToken(next, in: world)
            #expect(claims.issuer == first.issuer)
            #expect(claims.subject == first.subject)
            #expect(claims.audience == first.audience)
            #expect(claims.authorizedParty == first.authorizedParty)
            #expect(claims.authenticationTime == first.authenticationTime)
            #expect(claims.issuedAt == world.now.seconds)
            #expect(claims.nonce == nil)
        }
    }

    @Test("a refresh without openid, asked for or registered any more, brings no ID token")
    func narrowed() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(scope: "openid read")
        try await world.account()
        let token = try await world.newSession(client)
        let narrow = try await world.refresh(token, as: client, scope: "read")
        #expect(narrow.idToken == nil)
        _ = try await world.server.updateClient(
            client.id,
            metadata: client.metadata("scope", "read")
        )
        let newest = try #require(narrow.refresh).token
        #expect(try await world.refresh(newest, as: client).idToken == nil)
    }

    @Test("a client that says no algorithm gets its ID tokens signed with RS256")
    func rs256() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(
            scope: "openid",
            members: ["id_token_signed_response_alg": "RS256"]
        )
        var metadata = client.metadata
        metadata["id_token_signed_response_alg"] = nil
        #expect(try ClientMetadata(json: .object(metadata)).idTokenAlgorithm == .rs256)
        try await world.account()
        let text = try #require(try await world.signIn(client).idToken)
        #expect(try JSONWebSignature.parse(text).header.algorithm == .rs256)
    }
}
