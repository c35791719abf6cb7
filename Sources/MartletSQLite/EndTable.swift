import GRDB
import MartletCore

/// What ended, in the order in which it was committed: there is one writer, and what it numbers it
/// commits before anybody else numbers the next.
struct EndTable {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// The number is one more than the last entry's, which is never removed.
    func append(_ ended: EndedTokens, at now: Instant) throws {
        let insert = try SQLStatement(
            database,
            cached: "INSERT INTO end_log (at, body) VALUES (?, ?)"
        )
        insert.bind(1, now.microseconds)
        insert.bind(2, ended.body)
        try insert.execute()
    }

    func list(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) throws -> [EndLogEntry] {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT id, at, body FROM end_log WHERE id > ?1 AND at >= ?2 ORDER BY id LIMIT ?3
                """
        )
        select.bind(1, position.value)
        select.bind(2, instant.microseconds)
        select.bind(3, Int64(max(0, limit)))
        return try select.all { row in
            EndLogEntry(
                position: EndPosition(row.int64(0)),
                at: row.instant(1),
                ended: try EndedTokens(body: row.bytes(2))
            )
        }
    }

    /// Removes from the old end, all but the last.
    func purge(before instant: Instant, limit: Int) throws -> Int {
        let delete = try SQLStatement(
            database,
            cached: """
                DELETE FROM end_log WHERE id IN (
                    SELECT id FROM (SELECT id, at FROM end_log ORDER BY id LIMIT ?2)
                    WHERE at < ?1 AND id < (SELECT max(id) FROM end_log))
                """
        )
        delete.bind(1, instant.microseconds)
        delete.bind(2, Int64(max(0, limit)))
        try delete.execute()
        return database.changesCount
    }
}
