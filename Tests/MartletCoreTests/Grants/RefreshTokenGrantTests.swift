import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Refreshing: the order of the steps")
struct RefreshTokenGrantTests {
    @Test("a refresh brings a new access token and the successor of the refresh token")
    func refreshes() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let first = try await world.signIn(client)
        let token = try #require(first.refresh).token
        let second = try await world.refresh(token, as: client)
        #expect(second.refresh?.token != token)
        #expect(second.accessToken != first.accessToken)
        let claims = try await world.claims(second.accessToken)
        #expect(claims.subject == "account-of-ada")
        #expect(claims.clientID == client.id.rawValue)
        #expect(claims.sessionID == (try await world.family(of: token)).authorized.id.description)
        #expect(claims.authenticationMethods == ["pwd"])
    }

    @Test(
        "a guessed, altered, cut or made-up token reaches no storage",
        .covers("RFC 6749 §10.4 not-forged", "RFC 7009 §5 guessing")
    )
    func badTag() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let altered = (4..<token.count).map { position in
            var characters = Array(token)
            characters[position] = characters[position] == "A" ? "B" : "A"
            return String(characters)
        }
        let cut = (1..<token.count).map { String(token.prefix($0)) }
        let others = [token + "A", "mrt_", String(token.dropFirst(4)), token.uppercased()]
        _ = world.storage.takeCalls()
        for bad in altered + cut + others {
            await #expect(throws: RefreshVerdict.invalid) {
                try await world.refresh(bad, as: client)
            }
        }
        #expect(world.storage.takeCalls() == [])
        _ = try await world.refresh(token, as: client)
    }

    @Test("a request without refresh token, or with two, is malformed")
    func missing() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        for parameters in [
            [("grant_type", "refresh_token")],
            [("grant_type", "refresh_token"), ("refresh_token", "a"), ("refresh_token", "b")],
        ] as [[(String, String?)]] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.server.token(world.request(parameters, as: client))
            }
            #expect(error?.code == .invalidRequest)
        }
    }

    @Test(
        "another client gets the answer of a made-up token, and ends nothing",
        .covers("RFC 6749 §6 bound", "RFC 6749 §5.2 invalid-grant")
    )
    func foreignClient() async throws {
        let world = try await TestAuthorizationServer()
        let owner = try await world.client()
        let stranger = try await world.client()
        let publicStranger = try await world.client(method: .none)
        try await world.account()
        let old = try await world.newSession(owner)
        let token = try await world.successor(of: old, as: owner)
        for client in [stranger, publicStranger] {
            for presented in [old, token] {
                await #expect(throws: RefreshVerdict.invalid) {
                    try await world.refresh(presented, as: client)
                }
            }
        }
        let id = try await world.family(of: token).authorized.id
        #expect(world.notices.take().contains(.foreignRefreshToken(id)))
        _ = try await world.refresh(token, as: owner)
    }

    @Test(
        "a good token with a failed client authentication never ends the family",
        .covers("RFC 6749 §6 authenticates")
    )
    func failedAuthentication() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let old = try await world.newSession(client)
        let token = try await world.successor(of: old, as: client)
        for wrong in [client.with(secret: "wrong"), client.with(secret: nil)] {
            for presented in [old, token] {
                await #expect(throws: AuthorizationServer.authenticationFailed) {
                    try await world.refresh(presented, as: wrong)
                }
            }
        }
        #expect(world.notices.take().contains(.clientAuthenticationFailed(client.id)))
        _ = try await world.refresh(token, as: client)
    }

    @Test(
        "a client that is not registered for refreshing is told so, and ends nothing",
        .covers("RFC 6749 §5.2 unauthorized-client")
    )
    func unregistered() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let without = client.metadata("grant_types", ["password"])
        _ = try await world.server.updateClient(client.id, metadata: without)
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client)
        }
        #expect(error?.code == .unauthorizedClient)
        let with = client.metadata("grant_types", ["password", "refresh_token"])
        _ = try await world.server.updateClient(client.id, metadata: with)
        _ = try await world.refresh(token, as: client)
    }

    @Test("a refresh of a known family asks the store once")
    func oneCall() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let second = try await world.successor(of: token, as: client)
        _ = world.storage.takeCalls()
        _ = try await world.refresh(second, as: client)
        #expect(world.storage.takeCalls() == [.change(wrote: true)])
    }

    @Test("a family whose store rolled back refuses the newer token, and the operator hears of it")
    func aheadOfState() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let keys = try await world.keys.refresh
        guard case .issued(let read) = RefreshToken.read(token, with: keys) else {
            Issue.record("the token was not issued here")
            return
        }
        let ahead = try #require(read.with(generation: Generation(5)).encoded(with: keys))
        await #expect(throws: RefreshVerdict.invalid) {
            try await world.refresh(ahead, as: client)
        }
        #expect(world.notices.take().last == .aheadOfState(read.family))
        _ = try await world.refresh(token, as: client)
    }
}
