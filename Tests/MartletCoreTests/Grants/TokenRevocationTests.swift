import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Giving tokens back")
struct TokenRevocationTests {
    @Test(
        "a refresh token of any generation ends its session, and is never taken for reuse",
        .covers("RFC 7009 §2.1 at-once"),
        arguments: [0, 1, 2]
    )
    func anyGeneration(generation: Int) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        var tokens = [try await world.newSession(client)]
        for _ in 0..<2 {
            let newest = try #require(tokens.last)
            tokens.append(try await world.successor(of: newest, as: client))
        }
        try await world.revoke(tokens[generation], as: client)
        for token in tokens {
            await #expect(throws: RefreshVerdict.ended) {
                try await world.refresh(token, as: client)
            }
        }
        let reuses = try await world.events.filter { event in
            if case .reuseDetected = event { true } else { false }
        }
        #expect(reuses.isEmpty)
    }

    @Test("revoking twice changes nothing the second time")
    func twice() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        try await world.revoke(token, as: client)
        let events = try await world.events
        let family = try await world.family(of: token)
        world.wait(.seconds(5))
        try await world.revoke(token, as: client)
        #expect(try await world.events == events)
        #expect(try await world.family(of: token) == family)
    }

    @Test("revoking a session that is over for another reason leaves the reason as it is")
    func overAlready() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        try await world.server.disableAccount("ada")
        let events = try await world.events
        try await world.revoke(token, as: client)
        #expect(try await world.events == events)
        let session = try await world.server.sessions(ofAccount: "ada", client: nil).first
        #expect(session?.ended?.reason == .accountDisabled)
    }

    @Test(
        "what is not a token of this client's changes nothing and is answered alike",
        .covers("RFC 7009 §2.1 own-token", "RFC 7009 §2.2 unknown-is-200")
    )
    func foreign() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let stranger = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let token = try #require(answer.refresh).token
        for text in [token, answer.accessToken, "mrt_made-up", "a.b.c", "?", token + "A"] {
            try await world.revoke(text, as: stranger)
        }
        for text in ["mrt_made-up", "a.b.c", answer.accessToken + "A"] {
            try await world.revoke(text, as: client)
        }
        #expect(try await world.isActive(answer.accessToken, as: client))
        _ = try await world.refresh(token, as: client)
    }

    @Test(
        "an access token is denied alone, until it expires",
        .covers("RFC 7009 §2.1 access-alone", "RFC 7662 §4 checks")
    )
    func accessToken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let first = try await world.signIn(client)
        let second = try await world.refresh(try #require(first.refresh).token, as: client)
        for _ in 0..<2 { try await world.revoke(first.accessToken, as: client) }
        #expect(try await !world.isActive(first.accessToken, as: client))
        #expect(try await world.isActive(second.accessToken, as: client))
        let key = OneTimeKey(
            .deniedAccessToken,
            try await world.claims(first.accessToken).tokenID
        )
        #expect(try await world.storage.find(key) != nil)
        world.wait(.minutes(10))
        #expect(try await world.storage.find(key) == nil)
        try await world.revoke(first.accessToken, as: client)
        #expect(try await world.storage.find(key) == nil)
        _ = try await world.refresh(try #require(second.refresh).token, as: client)
    }

    @Test("a client's own access token is denied like a person's")
    func clientToken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.clientCredentials])
        let answer = try await world.server.token(
            world.request([("grant_type", "client_credentials")], as: client)
        )
        #expect(try await world.isActive(answer.accessToken, as: client))
        try await world.revoke(answer.accessToken, as: client)
        #expect(try await !world.isActive(answer.accessToken, as: client))
    }

    @Test(
        "a public client revokes its own tokens, a confidential one has to authenticate",
        .covers("RFC 7009 §2.1 authenticates")
    )
    func authentication() async throws {
        let world = try await TestAuthorizationServer()
        let open = try await world.client(method: .none)
        let confidential = try await world.client()
        try await world.account()
        let token = try await world.newSession(open)
        try await world.revoke(token, as: open)
        await #expect(throws: RefreshVerdict.ended) { try await world.refresh(token, as: open) }
        let kept = try await world.newSession(confidential)
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.revoke(kept, as: confidential.with(secret: nil))
        }
        _ = try await world.refresh(kept, as: confidential)
    }

    @Test(
        "the hint may be anything, a request without token is malformed",
        .covers("RFC 7009 §2.1 hint", "RFC 7009 §2.1 token-required")
    )
    func parameters() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        try await world.server.revoke(
            world.request([("token", token), ("token_type_hint", "access_token")], as: client)
        )
        await #expect(throws: RefreshVerdict.ended) { try await world.refresh(token, as: client) }
        let error = await #expect(throws: OAuthError.self) {
            try await world.server.revoke(world.request([], as: client))
        }
        #expect(error?.code == .invalidRequest)
    }
}
