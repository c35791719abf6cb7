import Foundation
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import martlet

@Suite("the commands on a store in PostgreSQL")
struct PostgresCommandTests {
    private let database: PostgresServer

    init() async throws {
        database = try PostgresServer(.machine)
        try await database.start()
    }

    /// Where a new, empty store is.
    private func store(_ name: String) throws -> String {
        try database.execute("CREATE SCHEMA \(name)")
        return database.url(schema: name)
    }

    private func open(_ store: String, _ folder: CommandFolder) async throws -> RunningServer {
        try await RunningServer(
            reopening: folder,
            at: StoreLocation(store, at: .commandLine)
        )
    }

    @Test(
        "tokens that were handed out on SQLite work after martlet move, used ones end their session"
    )
    func moves() async throws {
        let store = try store("new")
        let scene = try await RestoredFolder()
        let app = try await scene.running.signIn(as: scene.app)
        let web = try await scene.running.signIn(as: scene.web)
        let used = try await scene.running.refresh(web, as: scene.web)
        let ended = try await scene.running.signIn(as: scene.app)
        let endedNext = try await scene.running.refresh(ended, as: scene.app)
        #expect(try await scene.running.refuses(ended, as: scene.app))
        let moved = try await scene.folder.run("move", "--to", store, "--json")
        #expect(moved.status == 0, "\(moved.complaint)")
        #expect(moved.json?["tables"]?["families"]?["rows"] == 3)
        #expect(moved.json?["in_service"] == true)
        await #expect(throws: StorageError.outOfService) {
            try await scene.running.refresh(app, as: scene.app)
        }
        await scene.running.close()
        let server = try await open(store, scene.folder)
        _ = try await server.refresh(app, as: scene.app)
        let next = try await server.refresh(used, as: scene.web)
        #expect(try await server.refuses(web, as: scene.web))
        #expect(try await server.refuses(next, as: scene.web))
        #expect(try await server.refuses(endedNext, as: scene.app))
        _ = try await server.refresh(server.signIn(as: scene.web), as: scene.web)
        await server.close()
        let refused = try await scene.folder.run("serve")
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("127.0.0.1:\(database.port)"))
        let doctor = try await scene.folder.run(
            ["doctor"],
            environment: ["MARTLET_STORE": store]
        )
        #expect(doctor.status == 0, "\(doctor.output)\(doctor.complaint)")
        #expect(doctor.output.contains("syncs what it commits"))
        database.stop()
    }

    @Test("a backup that is put back revives no token of before, a thief's least of all")
    func restores() async throws {
        let (first, second) = (try store("first"), try store("second"))
        let scene = try await RestoredFolder()
        await scene.running.close()
        try #require(try await scene.folder.run("move", "--to", first).status == 0)
        var server = try await open(first, scene.folder)
        let stolen = try await server.signIn(as: scene.app)
        let asOfBackup = try await server.refresh(stolen, as: scene.app)
        let made = try await scene.folder.run(
            ["backup", "copy.db"],
            environment: ["MARTLET_STORE": first]
        )
        #expect(made.status == 0, "\(made.complaint)")
        let later = try await server.refresh(asOfBackup, as: scene.app)
        #expect(try await server.refuses(stolen, as: scene.app))
        #expect(try await server.refuses(later, as: scene.app))
        await server.close()
        let moved = try await scene.folder.run(
            ["move", "--to", second],
            environment: ["MARTLET_STORE": "sqlite:copy.db"]
        )
        #expect(moved.status == 0, "\(moved.complaint)")
        let environment = ["MARTLET_STORE": second]
        let refused = try await scene.folder.run(["serve"], environment: environment)
        #expect(refused.status == 1)
        #expect(refused.complaint.contains("martlet recover"))
        let recovered = try await scene.folder.run(["recover"], environment: environment)
        #expect(recovered.status == 0, "\(recovered.complaint)")
        server = try await open(second, scene.folder)
        for token in [stolen, asOfBackup, later] {
            #expect(try await server.refuses(token, as: scene.app))
        }
        _ = try await server.refresh(server.signIn(as: scene.app), as: scene.app)
        await server.close()
        database.stop()
    }
}
