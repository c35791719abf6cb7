import GRDB
import MartletCore

/// What happened, in the order in which it was written.
struct AuditTable {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    func append(_ event: AuditEvent, at now: Instant) throws {
        let stored = event.stored
        let insert = try SQLStatement(
            database,
            cached: """
                INSERT INTO audit (at, name, family, account, client, particulars)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        )
        insert.bind(1, now.microseconds)
        insert.bind(2, stored.name)
        insert.bind(3, stored.family?.value)
        insert.bind(4, stored.account?.rawValue)
        insert.bind(5, stored.client?.rawValue)
        insert.bind(6, try JSONText.encode(stored.particulars))
        try insert.execute()
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

    private static func entry(_ row: SQLStatement) throws -> AuditEntry {
        let stored = StoredEvent(
            name: row.text(1),
            family: row.optionalInt64(2).flatMap { FamilyID($0) },
            account: row.optionalText(3).map(AccountID.init(rawValue:)),
            client: row.optionalText(4).map(ClientID.init(rawValue:)),
            particulars: try JSONText.dictionary(row.text(5))
        )
        guard let event = AuditEvent(stored) else {
            throw StorageError.corrupt("the event \"\(stored.name)\" cannot be read")
        }
        return AuditEntry(at: row.instant(0), event: event)
    }
}
