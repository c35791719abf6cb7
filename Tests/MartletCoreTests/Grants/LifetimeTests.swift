import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

@Suite("How long things last, and what the client is told of it")
struct LifetimeTests {
    @Test(
        "a sign-in tells the access token's life, the idle time and the absolute time left",
        .covers("RFC 6750 §5.3 short-lived")
    )
    func atSignIn() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        #expect(answer.expiresIn == 600)
        #expect(answer.refresh?.timeout == Duration.days(15).wholeSeconds)
        #expect(answer.refresh?.authorizationExpiresIn == Duration.days(30).wholeSeconds)
        let claims = try await world.claims(answer.accessToken)
        #expect(claims.issuedAt == world.now.seconds)
        #expect(claims.expiresAt == claims.issuedAt + 600)
    }

    @Test("a refresh slides the idle time and leaves the absolute end where it is")
    func atRefresh() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.days(10))
        let second = try await world.refresh(token, as: client)
        #expect(second.refresh?.timeout == Duration.days(15).wholeSeconds)
        #expect(second.refresh?.authorizationExpiresIn == Duration.days(20).wholeSeconds)
        world.wait(.days(10))
        let third = try await world.refresh(try #require(second.refresh).token, as: client)
        #expect(third.refresh?.timeout == Duration.days(10).wholeSeconds)
        #expect(third.refresh?.authorizationExpiresIn == Duration.days(10).wholeSeconds)
    }

    @Test("a repeated answer tells what is left, counted from the rotation")
    func atRepeat() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 30])
        try await world.account()
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        world.wait(.seconds(29))
        let again = try await world.refresh(token, as: client)
        #expect(again.expiresIn == 600)
        #expect(again.refresh?.timeout == Duration.days(15).wholeSeconds - 29)
        #expect(again.refresh?.authorizationExpiresIn == Duration.days(30).wholeSeconds - 29)
    }

    @Test("the client's own lifetimes hold over the server's")
    func ownLifetimes() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(
            policy: ["idle_lifetime": 3600, "absolute_lifetime": 7200],
            accessTokenLifetime: 60
        )
        try await world.account()
        let answer = try await world.signIn(client)
        #expect(answer.expiresIn == 60)
        #expect(answer.refresh?.timeout == 3600)
        #expect(answer.refresh?.authorizationExpiresIn == 7200)
    }

    @Test("an access token never outlives the absolute end of its family")
    func boundByAbsoluteEnd() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["absolute_lifetime": 900])
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.seconds(800))
        let answer = try await world.refresh(token, as: client)
        #expect(answer.expiresIn == 100)
        #expect(answer.refresh?.timeout == 100)
        let end = try await world.family(of: token).authorized.absoluteEnd
        #expect(try await world.claims(answer.accessToken).expiresAt == end.seconds)
    }

    @Test("an access token never outlives the idle end of its family, on a repeat neither")
    func boundByIdleEnd() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(
            policy: ["overlap": "until_used", "idle_lifetime": 900]
        )
        try await world.account()
        let token = try await world.newSession(client)
        let answer = try await world.refresh(token, as: client)
        #expect(answer.expiresIn == 600)
        world.wait(.seconds(800))
        let again = try await world.refresh(token, as: client)
        #expect(again.refresh?.token == answer.refresh?.token)
        #expect(again.expiresIn == 100)
        #expect(again.refresh?.timeout == 100)
        let idleEnd = ManualClock.start + .seconds(900)
        #expect(try await world.claims(again.accessToken).expiresAt == idleEnd.seconds)
    }

    @Test("expires_in is counted in the whole seconds of iat and exp")
    func fractions() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        world.wait(.milliseconds(700))
        let answer = try await world.signIn(client)
        let claims = try await world.claims(answer.accessToken)
        #expect(answer.expiresIn == 600)
        #expect(claims.expiresAt - claims.issuedAt == 600)
    }

    @Test("the idle time ends at its last instant exactly")
    func idle() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.days(15) - .microseconds(1))
        let next = try await world.successor(of: token, as: client)
        world.wait(.days(15))
        await #expect(throws: RefreshVerdict.expired) {
            try await world.refresh(next, as: client)
        }
    }

    @Test("the absolute time ends whatever the use")
    func absolute() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        var token = try await world.newSession(client)
        for _ in 0..<2 {
            world.wait(.days(14))
            token = try await world.successor(of: token, as: client)
        }
        world.wait(.days(2))
        await #expect(throws: RefreshVerdict.expired) {
            try await world.refresh(token, as: client)
        }
    }

    @Test("an old token of an expired family is expired, not used twice")
    func oldAndExpired() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        world.wait(.days(15))
        await #expect(throws: RefreshVerdict.expired) {
            try await world.refresh(token, as: client)
        }
    }

    @Test("a family's first use from another address is written once")
    func newAddress() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let account = try await world.account()
        var token = try await world.newSession(client)
        let before = try await world.events.count
        for address in [TestAuthorizationServer.home, "203.0.113.1", "203.0.113.2"] {
            token = try #require(
                try await world.refresh(token, as: client, from: address).refresh
            ).token
        }
        let event = AuditEvent.newAddress(
            try await world.family(of: token).authorized.id,
            account: account.id,
            client: client.id,
            origin: Origin(address: "203.0.113.1", userAgent: "test")
        )
        #expect(try await Array(world.events.dropFirst(before)) == [event])
    }
}
