import Foundation
import GRDBSQLite

/// The least that a rotation can be for SQLite: a compare-and-swap on one narrow row, many in a
/// commit that reaches the disk, through the C interface and nothing else.
final class SQLiteRows {
    private let path: String
    private let database: OpaquePointer
    private let update: OpaquePointer
    private let begin: OpaquePointer
    private let commit: OpaquePointer
    private var keys: [Int64] = []
    /// As the table has them.
    private var generations: [Int64]
    private var next = 0

    /// Makes a table with so many rows of random keys, some of which will be changed.
    init(folder: String, rows: Int, live: Int) throws {
        path = folder + "/rows.db"
        Self.remove(path)
        database = try Self.open(path)
        try Self.execute(
            """
            PRAGMA page_size = 1024;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA cache_size = -16384;
            PRAGMA wal_autocheckpoint = 4000;
            CREATE TABLE state (
                id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, last_rotation INTEGER NOT NULL,
                ended_at INTEGER, end_reason TEXT, marks INTEGER NOT NULL
            ) STRICT;
            """,
            database
        )
        begin = try Self.prepare("BEGIN IMMEDIATE", database)
        commit = try Self.prepare("COMMIT", database)
        update = try Self.prepare(
            """
            UPDATE state SET generation = ?1 + 1, last_rotation = ?2
            WHERE id = ?3 AND generation = ?1
            """,
            database
        )
        generations = [Int64](repeating: 0, count: live)
        try fill(rows, live: live)
    }

    deinit {
        for statement in [begin, commit, update] { sqlite3_finalize(statement) }
        sqlite3_close_v2(database)
    }

    /// Microseconds of processor time for one row, when so many are changed in one commit.
    func change(by batch: Int, seconds: Double) throws -> Double {
        var count = 0.0
        let end = ContinuousClock.now + .seconds(seconds)
        let before = ThreadTime.microseconds
        while ContinuousClock.now < end {
            try step(begin)
            for _ in 0..<batch { try changeNext() }
            try step(commit)
            count += Double(batch)
        }
        return (ThreadTime.microseconds - before) / count
    }

    func remove() { Self.remove(path) }

    private func changeNext() throws {
        sqlite3_bind_int64(update, 1, generations[next])
        sqlite3_bind_int64(update, 2, Self.instant + generations[next])
        sqlite3_bind_int64(update, 3, keys[next])
        try step(update)
        guard sqlite3_changes(database) == 1 else { throw BenchError("a row was not changed") }
        generations[next] += 1
        next = (next + 1) % keys.count
    }

    private func fill(_ rows: Int, live: Int) throws {
        let all = (0..<rows).map { _ in Int64.random(in: 1...Int64.max) }.sorted()
        let insert = try Self.prepare("INSERT INTO state VALUES (?, 0, ?, NULL, NULL, 0)", database)
        defer { sqlite3_finalize(insert) }
        try step(begin)
        for key in all {
            sqlite3_bind_int64(insert, 1, key)
            sqlite3_bind_int64(insert, 2, Self.instant)
            try step(insert)
        }
        try step(commit)
        keys = Array(all.shuffled().prefix(live))
    }

    /// As long as those that are stored: microseconds since 1970.
    private static let instant: Int64 = 1_790_000_000_000_000

    private func step(_ statement: OpaquePointer) throws {
        guard sqlite3_step(statement) == SQLITE_DONE else {
            throw BenchError("SQLite: \(String(cString: sqlite3_errmsg(database)))")
        }
        sqlite3_reset(statement)
    }

    private static func open(_ path: String) throws -> OpaquePointer {
        var database: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
        guard sqlite3_open_v2(path, &database, flags, nil) == SQLITE_OK, let database else {
            throw BenchError("SQLite cannot make \(path)")
        }
        return database
    }

    private static func execute(_ text: String, _ database: OpaquePointer) throws {
        guard sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK else {
            throw BenchError("SQLite: \(String(cString: sqlite3_errmsg(database)))")
        }
    }

    private static func prepare(_ text: String, _ database: OpaquePointer) throws -> OpaquePointer {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(database, text, -1, &statement, nil) == SQLITE_OK,
            let statement
        else { throw BenchError("SQLite: \(String(cString: sqlite3_errmsg(database)))") }
        return statement
    }

    /// The size of a store's file once its log is folded in.
    static func bytes(of store: String) throws -> Int {
        let database = try open(store)
        defer { sqlite3_close_v2(database) }
        let pages = try number("PRAGMA page_count", database)
        return pages * (try number("PRAGMA page_size", database))
    }

    private static func number(_ text: String, _ database: OpaquePointer) throws -> Int {
        let statement = try prepare(text, database)
        defer { sqlite3_finalize(statement) }
        guard sqlite3_step(statement) == SQLITE_ROW else { throw BenchError("SQLite: \(text)") }
        return Int(sqlite3_column_int64(statement, 0))
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
    }
}
