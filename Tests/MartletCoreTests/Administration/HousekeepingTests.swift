import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Taking away what is over")
struct HousekeepingTests {
    private func tidy(_ world: TestAuthorizationServer) async throws -> Bool {
        try await Housekeeping(storage: world.storage).tidy(at: world.now).hasMore
    }

    @Test("a session stays until its absolute end and one access token's life, ended or not")
    func families() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let live = try await world.newSession(client)
        let ended = try await world.newSession(client)
        try await world.revoke(ended, as: client)
        world.wait(.days(30) + KeyRing.publishedAfterUse)
        #expect(try await !tidy(world))
        #expect(try await world.server.sessions(ofAccount: "ada", client: nil).count == 2)
        await #expect(throws: RefreshVerdict.ended) { try await world.refresh(ended, as: client) }
        await #expect(throws: RefreshVerdict.expired) { try await world.refresh(live, as: client) }
        world.wait(.microseconds(1))
        #expect(try await !tidy(world))
        #expect(try await world.server.sessions(ofAccount: "ada", client: nil).isEmpty)
        for token in [live, ended] {
            await #expect(throws: RefreshVerdict.invalid) {
                try await world.refresh(token, as: client)
            }
        }
    }

    @Test("a denied access token is forgotten when it has expired")
    func denied() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.signIn(client).accessToken
        try await world.revoke(token, as: client)
        world.wait(.minutes(10))
        #expect(try await world.storage.purgeOneTime(before: world.now, limit: 10) == 0)
        world.wait(.microseconds(1))
        #expect(try await world.storage.purgeOneTime(before: world.now, limit: 10) == 1)
    }

    @Test("the history is kept for its time")
    func history() async throws {
        let world = try await TestAuthorizationServer()
        try await world.server.keyAdministration.rotate()
        world.wait(Housekeeping.historyLifetime)
        try await world.server.keyAdministration.rotate()
        _ = try await tidy(world)
        #expect(try await world.events.count == 2)
        world.wait(.microseconds(1))
        _ = try await tidy(world)
        #expect(try await world.events.count == 1)
    }

    @Test("what is not over stays, and an idle round says that there is no more to do")
    func keeps() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        try await world.revoke(answer.accessToken, as: client)
        let events = try await world.events
        world.wait(.minutes(9))
        #expect(try await !tidy(world))
        #expect(try await world.events == events)
        #expect(try await !world.isActive(answer.accessToken, as: client))
        _ = try await world.refresh(try #require(answer.refresh).token, as: client)
    }

    @Test("a full batch says that there is more to do")
    func more() async throws {
        let world = try await TestAuthorizationServer()
        for number in 0...Housekeeping.batch {
            _ = try await world.storage.put(
                OneTimeEntry(
                    key: OneTimeKey(.deniedAccessToken, "\(number)"),
                    expiresAt: world.now + .seconds(1)
                )
            )
        }
        world.wait(.seconds(2))
        #expect(try await tidy(world))
        #expect(try await !tidy(world))
    }
}
