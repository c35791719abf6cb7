import GRDB
import MartletCore

/// What happened, in the order in which it was written.
struct AuditTable {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    func append(_ event: AuditEvent, at now: Instant) throws {
        let insert = try SQLStatement(
            database,
            cached: """
                INSERT INTO audit (at, name, family, account, client, particulars)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                """
        )
        try bind(event.stored, at: now, in: insert)
        try insert.execute()
    }

    private func bind(_ event: StoredEvent, at now: Instant, in statement: SQLStatement) throws {
        statement.bind(1, now.microseconds)
        statement.bind(2, event.name)
        statement.bind(3, event.family?.value)
        statement.bind(4, event.account?.rawValue)
        statement.bind(5, event.client?.rawValue)
        statement.bind(6, JSONColumn.text(event.particulars))
    }

    // MARK: Entries with their numbers

    /// Writes an entry under its number, over what is there.
    func put(_ entry: StoredEntry) throws {
        let put = try SQLStatement(
            database,
            cached: """
                REPLACE INTO audit (at, name, family, account, client, particulars, id)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                """
        )
        try bind(entry.event, at: entry.at, in: put)
        put.bind(7, entry.number)
        try put.execute()
    }

    func remove(_ number: Int64) throws {
        let delete = try SQLStatement(database, cached: "DELETE FROM audit WHERE id = ?")
        delete.bind(1, number)
        try delete.execute()
    }

    func rows(after first: Int64?, through last: Int64?, limit: Int) throws -> [StoredRow] {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT at, name, family, account, client, particulars, id FROM audit
                WHERE id > ?2 AND id <= ?3 ORDER BY id LIMIT ?1
                """
        )
        select.bind(1, Int64(max(0, limit)))
        select.bind(2, first ?? .min)
        select.bind(3, last ?? .max)
        return try select.all { row in
            .event(
                StoredEntry(number: row.int64(6), at: row.instant(0), event: try Self.stored(row))
            )
        }
    }

    func list(_ selection: AuditSelection, limit: Int) throws -> [AuditEntry] {
        let condition =
            switch selection {
            case .all: "TRUE"
            case .family: "family = ?2"
            case .account: "account = ?2"
            }
        let select = try SQLStatement(
            database,
            cached: """
                SELECT at, name, family, account, client, particulars FROM audit
                WHERE \(condition) ORDER BY id DESC LIMIT ?1
                """
        )
        select.bind(1, Int64(max(0, limit)))
        switch selection {
        case .all: break
        case .family(let family): select.bind(2, family.value)
        case .account(let account): select.bind(2, account.rawValue)
        }
        return try select.all(Self.entry)
    }

    /// Removes from the old end. It looks at the `limit` oldest rows only, so it needs no index on
    /// the time and costs nothing when there is nothing to remove.
    func purge(before instant: Instant, limit: Int) throws -> Int {
        let delete = try SQLStatement(
            database,
            cached: """
                DELETE FROM audit WHERE id IN (
                    SELECT id FROM (SELECT id, at FROM audit ORDER BY id LIMIT ?2) WHERE at < ?1)
                """
        )
        delete.bind(1, instant.microseconds)
        delete.bind(2, Int64(max(0, limit)))
        try delete.execute()
        return database.changesCount
    }

    private static func stored(_ row: SQLStatement) throws -> StoredEvent {
        StoredEvent(
            name: row.text(1),
            family: row.optionalInt64(2).flatMap { FamilyID($0) },
            account: row.optionalText(3).map(AccountID.init(rawValue:)),
            client: row.optionalText(4).map(ClientID.init(rawValue:)),
            particulars: try JSONColumn.dictionary(row.text(5))
        )
    }

    private static func entry(_ row: SQLStatement) throws -> AuditEntry {
        let stored = try stored(row)
        guard let event = AuditEvent(stored) else {
            throw StorageError.corrupt("the event \"\(stored.name)\" cannot be read")
        }
        return AuditEntry(at: row.instant(0), event: event)
    }
}
