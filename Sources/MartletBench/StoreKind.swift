import ArgumentParser
import MartletCore
import MartletPostgres
import MartletSQLite

/// Which of the stores is measured.
enum StoreKind: String, CaseIterable, Codable, ExpressibleByArgument {
    case sqlite
    case postgres

    /// For a table: what an answer waits for.
    var shown: String {
        switch self {
        case .sqlite: "SQLite, FULL"
        case .postgres: "PostgreSQL"
        }
    }

    /// Whether a store is there when the next bench comes.
    var outlivesTheBench: Bool {
        switch self {
        case .sqlite: true
        case .postgres: false
        }
    }

    /// Inserts under way at a time: as many as the store commits together.
    var insertsAtOnce: Int {
        switch self {
        case .sqlite: 512
        case .postgres: 128
        }
    }

    /// What `martlet.yaml` says of it.
    func location(in folder: SeededFolder) throws -> String {
        switch self {
        case .sqlite: "sqlite:\(folder.store)"
        case .postgres: try BenchDatabase.location(of: folder)
        }
    }

    /// Opens a new store.
    ///
    /// Never inlined: Swift 6.3.1 crashes when it optimizes the caller that it is inlined into.
    @inline(never)
    func make(in folder: SeededFolder, surroundings: Surroundings) async throws -> any Storage {
        switch self {
        case .sqlite:
            return try SQLiteStorage.open(
                path: folder.store,
                ifMissing: .create,
                clock: surroundings.now
            )
        case .postgres:
            try BenchDatabase.makeStore(of: folder)
            guard let address = PostgresAddress(try BenchDatabase.location(of: folder)) else {
                throw BenchError("the database has no address")
            }
            return try await PostgresStorage.open(address)
        }
    }

    /// What is stored, in bytes of pages. A log is not in it: that has a bound.
    func bytes(in folder: SeededFolder) throws -> Int {
        switch self {
        case .sqlite: try SQLiteRows.bytes(of: folder.store)
        case .postgres: try BenchDatabase.bytes(of: folder)
        }
    }
}
