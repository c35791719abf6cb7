import GRDB
import MartletCore

/// What is remembered until it expires.
struct OneTimeTable {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// What is under the key and has not expired.
    func find(_ key: OneTimeKey, at now: Instant) throws -> OneTimeEntry? {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT expires_at, body FROM one_time
                WHERE kind = ?1 AND id = ?2 AND expires_at > ?3
                """
        )
        bind(key, in: select)
        select.bind(3, now.microseconds)
        return try select.first {
            OneTimeEntry(key: key, expiresAt: $0.instant(0), body: $0.bytes(1))
        }
    }

    /// Whether something is under the key, expired or not.
    func contains(_ key: OneTimeKey) throws -> Bool {
        let select = try SQLStatement(
            database,
            cached: "SELECT 1 FROM one_time WHERE kind = ?1 AND id = ?2"
        )
        bind(key, in: select)
        return try select.first { _ in true } ?? false
    }

    /// Writes it, over what is there.
    func put(_ entry: OneTimeEntry) throws {
        let put = try SQLStatement(
            database,
            cached: "REPLACE INTO one_time (kind, id, expires_at, body) VALUES (?1, ?2, ?3, ?4)"
        )
        bind(entry.key, in: put)
        put.bind(3, entry.expiresAt.microseconds)
        put.bind(4, entry.body)
        try put.execute()
    }

    func remove(_ key: OneTimeKey) throws {
        let delete = try SQLStatement(
            database,
            cached: "DELETE FROM one_time WHERE kind = ?1 AND id = ?2"
        )
        bind(key, in: delete)
        try delete.execute()
    }

    /// All entries in the order of their keys, expired or not.
    func rows(after first: OneTimeKey?, through last: OneTimeKey?, limit: Int) throws -> [StoredRow]
    {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT kind, id, expires_at, body FROM one_time
                WHERE \(first == nil ? "TRUE" : "(kind, id) > (?2, ?3)")
                    AND \(last == nil ? "TRUE" : "(kind, id) <= (?4, ?5)")
                ORDER BY kind, id LIMIT ?1
                """
        )
        select.bind(1, Int64(max(0, limit)))
        if let first {
            select.bind(2, first.kind.rawValue)
            select.bind(3, first.id)
        }
        if let last {
            select.bind(4, last.kind.rawValue)
            select.bind(5, last.id)
        }
        return try select.all { row in
            guard let kind = OneTimeKey.Kind(rawValue: row.text(0)) else {
                throw StorageError.corrupt("\"\(row.text(0))\" is no kind of entry")
            }
            return .oneTime(
                OneTimeEntry(
                    key: OneTimeKey(kind, row.text(1)),
                    expiresAt: row.instant(2),
                    body: row.bytes(3)
                )
            )
        }
    }

    func purge(before instant: Instant, limit: Int) throws -> Int {
        let delete = try SQLStatement(
            database,
            cached: """
                DELETE FROM one_time WHERE (kind, id) IN (
                    SELECT kind, id FROM one_time WHERE expires_at < ?1
                    ORDER BY expires_at LIMIT ?2)
                """
        )
        delete.bind(1, instant.microseconds)
        delete.bind(2, Int64(max(0, limit)))
        try delete.execute()
        return database.changesCount
    }

    private func bind(_ key: OneTimeKey, in statement: SQLStatement) {
        statement.bind(1, key.kind.rawValue)
        statement.bind(2, key.id)
    }
}
