import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Commands about sessions")
struct SessionAdministrationTests {
    @Test("sessions are listed by user, by client, by both, and all, the newest first")
    func list() async throws {
        let world = try await TestAuthorizationServer()
        let (one, two) = (try await world.client(), try await world.client())
        try await world.account("ada")
        try await world.account("eve")
        for (client, user) in [(one, "ada"), (two, "ada"), (one, "eve")] {
            _ = try await world.newSession(client, user)
            world.wait(.seconds(1))
        }
        let server = world.server
        let all = try await server.sessions(ofAccount: nil, client: nil)
        #expect(all.map(\.username) == ["eve", "ada", "ada"])
        #expect(try await server.sessions(ofAccount: "ada", client: nil).count == 2)
        #expect(try await server.sessions(ofAccount: nil, client: one.id).count == 2)
        #expect(try await server.sessions(ofAccount: "ada", client: one.id).count == 1)
        let cursor = all[0].family.authorized.id
        let older = try await server.sessions(ofAccount: nil, client: nil, before: cursor, limit: 1)
        #expect(older.map(\.family.authorized.id) == [all[1].family.authorized.id])
    }

    @Test("a session tells when it will be over, and its life so far")
    func show() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let id = try await world.family(of: token).authorized.id
        let (session, history) = try await world.server.session(id)
        #expect(session.ended == nil)
        #expect(session.idleEnd == world.now + .days(15))
        #expect(history.map(\.event.stored.name) == ["session_made"])
        _ = try await world.server.endSession(id)
        let (ended, longer) = try await world.server.session(id)
        #expect(ended.ended == Ended(reason: .revokedByOperator, at: world.now))
        #expect(longer.count == 2)
    }

    @Test("the sessions of a deleted user are still there to look at, without a name")
    func deletedUser() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        _ = try await world.newSession(client)
        try await world.server.deleteAccount("ada")
        let session = try #require(
            try await world.server.sessions(ofAccount: nil, client: client.id).first
        )
        #expect(session.username == nil)
        #expect(session.ended?.reason == .accountDeleted)
    }

    @Test("ending a session that is over leaves its end as it was")
    func endTwice() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        _ = try? await world.refresh(token, as: client)
        let events = try await world.events
        let id = try await world.family(of: token).authorized.id
        let before = try await world.server.endSession(id)
        #expect(before.ended?.reason == .reuse)
        #expect(try await world.events == events)
    }

    @Test("an idle session that is ended stays ended under a longer idle lifetime")
    func endIdle() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["idle_lifetime": 60])
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.minutes(2))
        _ = try await world.server.endSession(try await world.family(of: token).authorized.id)
        _ = try await world.server.updateClient(
            client.id,
            metadata: client.metadata("refresh_token_policy", ["idle_lifetime": 3600])
        )
        await #expect(throws: RefreshVerdict.ended) { try await world.refresh(token, as: client) }
    }

    @Test("a session that does not exist is named in the refusal")
    func unknown() async throws {
        let world = try await TestAuthorizationServer()
        let id = try #require(FamilyID("0000000000001"))
        await #expect(throws: AdministrationError("There is no session “0000000000001”.")) {
            try await world.server.endSession(id)
        }
        await #expect(throws: AdministrationError("There is no session “0000000000001”.")) {
            try await world.server.session(id)
        }
    }

    @Test("signing in again works after all sessions were ended")
    func afterEnd() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        _ = try await world.newSession(client)
        try await world.server.endSessions(ofAccount: "ada")
        try await world.server.endSessions(ofClient: client.id)
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        let live = try await world.server.liveSessions(ofAccount: "ada", client: nil)
        #expect(live.count == 1)
    }
}
