import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

@Suite("What the feed of ended sessions does not know, it says")
struct EndedSessionsGapTests {
    private typealias Scene = EndedSessionsFeedTests.Scene
    private static let api = EndedSessionsFeedTests.api

    private func ask(
        _ server: AuthorizationServer,
        _ position: String
    ) async throws -> EndedSessionsPage {
        let poll = try EndedSessionsPoll(json: ["position": .string(position)])
        return try await server.ended(poll, for: Self.api)
    }

    /// Every position that an API may stand at hears once that something may be lost, as long as a
    /// token of before can live.
    private func expectGap(
        _ server: AuthorizationServer,
        in scene: Scene,
        knowing old: EndMark
    ) async throws {
        let begun = scene.world.now
        scene.world.wait(.seconds(2))
        for position in ["", "0.0"] {
            #expect(try await ask(server, position).unknownBefore == begun)
        }
        let page = try await ask(server, old.description)
        #expect(try #require(page.unknownBefore) >= begun)
        #expect(try await ask(server, page.mark.description).isEmpty)
        let waiting = try await server.concerned(behind: .start)
        #expect(waiting.audiences.contains(.every))
        scene.world.wait(.minutes(10))
        #expect(try await ask(server, "").isEmpty)
    }

    @Test(
        "a store that was moved says to whoever begins anew, too, that ends of before are not in it"
    )
    func moved() async throws {
        let scene = try await Scene()
        try await scene.end()
        let old = try await scene.page().mark
        scene.world.wait(.minutes(1))
        let target = InMemoryStorage(identity: "other") { [clock = scene.world.clock] in clock.now }
        _ = try await StoreMove(
            from: scene.world.storage,
            to: target,
            at: "there",
            surroundings: scene.world.server.surroundings
        ).run()
        try await expectGap(server(scene, on: target), in: scene, knowing: old)
    }

    @Test("a copy whose sessions go on says that what ended since it was made is not in it")
    func acceptedAhead() async throws {
        let scene = try await Scene()
        try await scene.end()
        let old = try await scene.page().mark
        scene.world.wait(.minutes(1))
        try await recover(scene, .acceptAhead(.hours(1), from: .proven))
        try await expectGap(server(scene, on: scene.world.storage), in: scene, knowing: old)
    }

    @Test("a copy whose sessions are over says just that")
    func ended() async throws {
        let scene = try await Scene()
        try await recover(scene, .end)
        let page = try await ask(server(scene, on: scene.world.storage), "")
        #expect(page.unknownBefore == nil)
        #expect(try await scene.claims(page).map(\.subject) == [.everything])
    }

    @Test("a move that was undone lost nothing")
    func undone() async throws {
        let scene = try await Scene()
        let session = try await scene.end()
        let sealed = StoreCondition.sealed(at: scene.world.now, movedTo: "there")
        let storage = scene.world.storage
        try await storage.setCondition(sealed, expecting: .standard, events: [])
        try await storage.setCondition(
            .standard,
            expecting: sealed,
            events: [.storeRecovered(.moveUndone)]
        )
        let page = try await ask(scene.world.server, "")
        #expect(page.unknownBefore == nil)
        #expect(try await scene.claims(page).map(\.subject) == [.session(session)])
    }

    @Test(
        "whoever only acknowledges goes on in a store that was set back, and does not begin for ever"
    )
    func acknowledgedElsewhere() async throws {
        let scene = try await Scene()
        let session = try await scene.end()
        // Of the log as it was: a number that this one has not reached.
        let lost = try await scene.page(of: Self.api, ["ack": ["9.5.0"]])
        #expect(lost.unknownBefore != nil)
        #expect(try await scene.claims(lost).map(\.subject) == [.session(session)])
        let ack: JSONValue = .array(lost.tokens.map { .string($0.id) })
        let next = try await scene.page(of: Self.api, ["ack": ack])
        #expect(next.isEmpty)
        let other = try await scene.end()
        let last = try await scene.page()
        #expect(last.unknownBefore == nil)
        #expect(try await scene.claims(last).map(\.subject) == [.session(other)])
    }

    @Test("whoever only acknowledges is told once of a loss with no token to acknowledge")
    func nothingToAcknowledge() async throws {
        let scene = try await Scene()
        try await recover(scene, .acceptAhead(.hours(1), from: .proven))
        let server = server(scene, on: scene.world.storage)
        let poll = try EndedSessionsPoll(json: [:])
        #expect(try await server.ended(poll, for: Self.api).unknownBefore != nil)
        #expect(try await server.ended(poll, for: Self.api).isEmpty)
    }

    // MARK: - Stores that come from somewhere

    private func recover(_ scene: Scene, _ sessions: StoreRecovery.Sessions) async throws {
        let storage = scene.world.storage
        try await storage.setCondition(
            .copy(madeAt: scene.world.now),
            expecting: .standard,
            events: []
        )
        _ = try await StoreRecovery(
            storage: storage,
            surroundings: scene.world.server.surroundings
        ).run(sessions)
    }

    private func server(_ scene: Scene, on storage: any Storage) -> AuthorizationServer {
        AuthorizationServer(
            settings: scene.world.server.settings,
            storage: storage,
            masters: scene.world.server.directory.masters,
            surroundings: scene.world.server.surroundings
        )
    }
}
