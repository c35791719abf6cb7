import Foundation
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import martlet

@Suite("martlet move")
struct MoveCommandTests {
    @Test("tokens that were handed out before work in the new store, and not in the old one")
    func moves() async throws {
        let scene = try await RestoredFolder()
        let app = try await scene.running.signIn(as: scene.app)
        let web = try await scene.running.signIn(as: scene.web)
        let used = try await scene.running.refresh(web, as: scene.web)
        let moved = try await scene.folder.run("move", "--to", "sqlite:new.db", "--json")
        #expect(moved.status == 0, "\(moved.complaint)")
        #expect(
            moved.members == [
                "to", "tables", "copied_after_seal", "pause_milliseconds", "in_service",
            ]
        )
        #expect(moved.json?["tables"]?["families"]?["rows"] == 2)
        #expect(moved.complaint.contains("sealed this store"))
        await #expect(throws: StorageError.outOfService) {
            try await scene.running.refresh(app, as: scene.app)
        }
        await scene.running.close()
        let server = try await RunningServer(reopening: scene.folder, store: "new.db")
        _ = try await server.refresh(app, as: scene.app)
        let next = try await server.refresh(used, as: scene.web)
        #expect(try await server.refuses(used, as: scene.web))
        #expect(try await server.refuses(next, as: scene.web))
        await server.close()
        let refused = try await scene.folder.run("session", "list")
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("new.db"))
        let list = try await scene.folder.run(
            ["session", "list", "--json"],
            environment: ["MARTLET_STORE": "sqlite:new.db"]
        )
        #expect(list.json?.array?.count == 2)
        let twice = try await scene.folder.run("move", "--to", "sqlite:new.db")
        #expect(twice.status == 1)
    }

    @Test("killed at any moment and run again, a move loses nothing", arguments: Target.allCases)
    func killed(_ kind: Target) async throws {
        let target = try await kind.make()
        let scene = try await RestoredFolder()
        let token = try await scene.running.signIn(as: scene.app)
        try await fill(scene.running.server.storage, with: 3000)
        await scene.running.close()
        for patience in [0.05, 0.2, 0.5, 1] {
            try kill(scene.folder, movingTo: target.store, after: patience)
        }
        let moved = try await scene.folder.run("move", "--to", target.store, "--json")
        let isDone = moved.status == 0 || moved.complaint.contains("is not empty")
        #expect(isDone, "\(moved.complaint)")
        let location =
            target.server == nil ? "sqlite:\(scene.folder.path)/new.db" : target.store
        let server = try await RunningServer(
            reopening: scene.folder,
            at: StoreLocation(location, at: .commandLine)
        )
        #expect(try await StoreDigest.read(server.server.storage).tables[.families]?.count == 3001)
        _ = try await server.refresh(token, as: scene.app)
        await server.close()
        target.server?.stop()
    }

    /// The kind of store that a move goes to.
    enum Target: CaseIterable {
        case sqlite
        case postgres

        /// A store that is empty.
        func make() async throws -> (store: String, server: PostgresServer?) {
            switch self {
            case .sqlite: return ("sqlite:new.db", nil)
            case .postgres:
                let server = try PostgresServer()
                try await server.start()
                return (server.url(), server)
            }
        }
    }

    /// Starts a move and kills it, unless it is done by then.
    private func kill(
        _ folder: CommandFolder,
        movingTo store: String,
        after patience: Double
    ) throws {
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = ["move", "--to", store]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let identifier = process.processIdentifier
        let killer = DispatchWorkItem { Foundation.kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + patience, execute: killer)
        process.waitUntilExit()
        killer.cancel()
    }

    /// Sessions of a client that nobody knows.
    private func fill(_ storage: any Storage, with count: Int64) async throws {
        let now = Surroundings.system.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...count {
                group.addTask {
                    let id = try #require(FamilyID(number))
                    let family = TokenFamily(
                        authorized: AuthorizedFamily(
                            id: id,
                            client: ClientID(rawValue: "nobody"),
                            account: AccountID(rawValue: "\(number)"),
                            scope: .none,
                            resources: [],
                            secretHash: nil,
                            refreshKey: RefreshKeyID(1),
                            keyBinding: nil,
                            epochs: FamilyEpochs(account: 1, client: 2, consent: 3),
                            madeAt: now,
                            absoluteEnd: now + .days(1),
                            authentication: Authentication(
                                time: now,
                                contextClass: nil,
                                methods: ["pwd"]
                            ),
                            origin: Origin(address: "192.0.2.1", userAgent: "")
                        ),
                        state: FamilyState(generation: .first, lastRotation: now)
                    )
                    try await storage.insert(family, redeeming: nil) { _, _ in
                        ErasedChange(state: nil, writes: [], events: [])
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("an impossible target is refused before anything is sealed")
    func refuses() async throws {
        let scene = try await RestoredFolder()
        let token = try await scene.running.signIn(as: scene.app)
        for target in ["new.db", "sqlite:martlet.db", "sqlite:/nowhere/new.db"] {
            let refused = try await scene.folder.run("move", "--to", target)
            #expect(refused.status == 1, "\(target)")
        }
        _ = try await scene.folder.run(
            ["user", "create", "--username", "eve", "--password-stdin"],
            input: "open-sesame",
            environment: [
                "MARTLET_STORE": "sqlite:full.db", "MARTLET_MASTER_KEY": "file:other.key",
            ]
        )
        let refused = try await scene.folder.run("move", "--to", "sqlite:full.db")
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("not empty"))
        _ = try await scene.running.refresh(token, as: scene.app)
        await scene.running.close()
    }

    @Test("a moved store that is recovered after all warns that there are two")
    func recoverSealed() async throws {
        let scene = try await RestoredFolder()
        await scene.running.close()
        try await scene.folder.run("move", "--to", "sqlite:new.db")
        let undone = try await scene.folder.run("move", "--to", "sqlite:new.db", "--undo")
        #expect(undone.status == 1)
        let recovered = try await scene.folder.run("recover")
        #expect(recovered.status == 0)
        #expect(recovered.complaint.contains("there are two"))
    }
}
