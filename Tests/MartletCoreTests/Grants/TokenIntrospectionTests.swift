import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Asking what a token is worth")
struct TokenIntrospectionTests {
    static let api = "https://api.example.com"

    @Test("the newest refresh token is active, and says whose it is and how long it lasts")
    func refreshToken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let answer = try await world.introspect(token, as: client)
        #expect(answer["active"] == true)
        #expect(answer["scope"] == "read write")
        #expect(answer["client_id"] == .string(client.id.rawValue))
        #expect(answer["sub"] == "account-of-ada")
        #expect(answer["exp"] == .integer((world.now + .days(15)).seconds))
        #expect(answer["token_type"] == nil)
    }

    @Test(
        "a superseded refresh token is inactive, and asking ends nothing",
        .covers("RFC 7662 §4 checks")
    )
    func superseded() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let newest = try await world.successor(of: token, as: client)
        let before = try await world.family(of: newest)
        #expect(try await world.introspect(token, as: client) == ["active": false])
        #expect(try await world.family(of: newest) == before)
        #expect(try await world.isActive(newest, as: client))
    }

    @Test("an access token tells its claims to its client")
    func accessToken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.signIn(client).accessToken
        let answer = try await world.introspect(token, as: client)
        let claims = try await world.claims(token)
        #expect(answer["active"] == true)
        #expect(answer["token_type"] == "Bearer")
        #expect(answer["jti"] == .string(claims.tokenID))
        #expect(answer["exp"] == .integer(claims.expiresAt))
        #expect(answer["sid"] == claims.sessionID.map { .string($0) })
    }

    @Test(
        "an access token is inactive once it has expired, at that second",
        .covers("RFC 7662 §4 checks")
    )
    func expired() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.signIn(client).accessToken
        world.wait(.minutes(10) - .microseconds(1))
        #expect(try await world.isActive(token, as: client))
        world.wait(.microseconds(1))
        #expect(try await world.introspect(token, as: client) == ["active": false])
    }

    @Test(
        "the access tokens of an ended session are inactive",
        .covers("RFC 7662 §4 checks", "RFC 7009 §2.1 refresh-ends-access")
    )
    func endedSession() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let first = try await world.signIn(client)
        let token = try #require(first.refresh).token
        let second = try await world.refresh(token, as: client)
        _ = try? await world.refresh(token, as: client)
        for answer in [first, second] {
            #expect(try await !world.isActive(answer.accessToken, as: client))
        }
    }

    @Test("a client's own token is active as long as the client exists")
    func clientToken() async throws {
        let world = try await TestAuthorizationServer()
        let api = try await world.resource(Self.api)
        let client = try await world.client(grants: [.clientCredentials], resources: [Self.api])
        let answer = try await world.server.token(
            world.request([("grant_type", "client_credentials")], as: client)
        )
        #expect(try await world.isActive(answer.accessToken, as: api))
        try await world.server.endSessions(ofClient: client.id)
        #expect(try await world.isActive(answer.accessToken, as: api))
        try await world.server.deleteClient(client.id)
        #expect(try await !world.isActive(answer.accessToken, as: api))
    }

    @Test(
        "an API is told of the tokens of its audience, and of no refresh token",
        .covers("RFC 7662 §2.2 per-resource", "RFC 7662 §4 refresh-tokens")
    )
    func resourceCaller() async throws {
        let world = try await TestAuthorizationServer()
        let api = try await world.resource(Self.api)
        let other = try await world.resource("https://other.example.com")
        let client = try await world.client(resources: [Self.api])
        try await world.account()
        let answer = try await world.signIn(client)
        #expect(try await world.isActive(answer.accessToken, as: api))
        #expect(try await !world.isActive(answer.accessToken, as: other))
        let token = try #require(answer.refresh).token
        #expect(try await !world.isActive(token, as: api))
    }

    @Test(
        "another client sees an inactive token, whatever it asks about",
        .covers("RFC 7662 §2.2 not-for-asker")
    )
    func stranger() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let stranger = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let token = try #require(answer.refresh).token
        for text in [answer.accessToken, token, "mrt_made-up", "a.b.c", "?"] {
            #expect(try await world.introspect(text, as: stranger) == ["active": false])
        }
        for text in ["mrt_made-up", "a.b.c", "?", token + "A", String(token.dropLast())] {
            #expect(try await world.introspect(text, as: client) == ["active": false])
        }
    }

    @Test(
        "who does not authenticate is refused: a public client, a wrong secret, an unknown one",
        .covers("RFC 7662 §2.1 authorized", "RFC 7662 §4 public-clients")
    )
    func callers() async throws {
        let world = try await TestAuthorizationServer()
        let api = try await world.resource(Self.api)
        let open = try await world.client(method: .none)
        let client = try await world.client()
        try await world.account()
        let token = try await world.signIn(open).accessToken
        for caller in [
            open, client.with(secret: nil), client.with(secret: "wrong"),
            api.with(secret: nil), api.with(secret: "wrong"),
        ] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.introspect(token, as: caller)
            }
            #expect(error?.code == .invalidClient)
        }
    }

    @Test("an API's credentials are good for introspection only")
    func apiIsNoClient() async throws {
        let world = try await TestAuthorizationServer()
        let api = try await world.resource(Self.api)
        for grant in GrantType.allCases {
            await #expect(throws: (any Error).self) {
                try await world.server.token(
                    world.request(
                        [("grant_type", grant.rawValue), ("refresh_token", "mrt_x")],
                        as: api
                    )
                )
            }
        }
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.revoke("x", as: api)
        }
    }

    @Test(
        "another issuer's token, signed with our own key, is inactive",
        .covers("RFC 7662 §4 checks")
    )
    func otherIssuer() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let signer = try #require(try await world.keys.signer(for: .es256, at: world.now))
        let claims = AccessTokenClaims(
            issuer: "https://elsewhere.example.com",
            subject: "ada",
            audience: [TestAuthorizationServer.issuer],
            clientID: client.id.rawValue,
            issuedAt: world.now.seconds,
            expiresAt: world.now.seconds + 60,
            tokenID: "1",
            scope: ""
        )
        let token = try signer.sign(claims.encoded())
        #expect(try await world.introspect(token, as: client) == ["active": false])
    }
}
