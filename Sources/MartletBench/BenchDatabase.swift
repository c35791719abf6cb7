import Foundation
import MartletTesting
import Synchronization

/// The PostgreSQL server of a bench, on the core of the server that is measured: what both do for a
/// request is what one core must do. It is thrown away with the bench, and its stores with it.
enum BenchDatabase {
    private static let server = Mutex<PostgresServer?>(nil)

    /// Room for the rows that are refreshed, and for a log that is not copied within a load.
    private static let settings = ["shared_buffers=512MB", "max_wal_size=4GB"]

    static func start(core: Int?, in folder: String) async throws {
        // The server, which is nobody if this is root, has to get to its own files in there.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder)
        let server = try PostgresServer(
            .machine,
            settings: settings,
            prefix: core.map { ["taskset", "--cpu-list", "\($0)"] } ?? [],
            in: URL(fileURLWithPath: folder)
        )
        try await server.start()
        Self.server.withLock { $0 = server }
    }

    static func stop() {
        let server = server.withLock { server in
            defer { server = nil }
            return server
        }
        server?.stop()
    }

    /// The connection string of a store.
    static func location(of folder: SeededFolder) throws -> String {
        try running().url(schema: schema(of: folder))
    }

    static func makeStore(of folder: SeededFolder) throws {
        let schema = schema(of: folder)
        try running()
            .execute("DROP SCHEMA IF EXISTS \(schema) CASCADE; CREATE SCHEMA \(schema)")
    }

    static func bytes(of folder: SeededFolder) throws -> Int {
        let text = try running().execute(
            """
            SELECT COALESCE(sum(pg_total_relation_size(class.oid)), 0)
            FROM pg_class class JOIN pg_namespace space ON space.oid = class.relnamespace
            WHERE class.relkind = 'r' AND space.nspname = '\(schema(of: folder))'
            """
        )
        guard let bytes = Int(text) else { throw BenchError("the database tells no size") }
        return bytes
    }

    private static func running() throws -> PostgresServer {
        guard let server = server.withLock({ $0 }) else {
            throw BenchError("a store in PostgreSQL is measured by `run`, which starts the server")
        }
        return server
    }

    /// A schema for each store, named as its folder.
    private static func schema(of folder: SeededFolder) -> String {
        "bench_" + URL(fileURLWithPath: folder.path).lastPathComponent
    }
}
