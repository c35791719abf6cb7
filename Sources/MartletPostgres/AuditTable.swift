import MartletCore

/// What happened, in the order in which it was written: each process numbers its entries by the
/// database's clock (``DatabaseClock/nextKey()``).
enum AuditTable {
    static let columns = "id, at, name, family, account, client, particulars"

    /// An event with its key.
    struct Entry: Sendable {
        let key: Int64
        let at: Instant
        let event: StoredEvent
    }

    static func entries(
        _ events: [AuditEvent],
        at now: Instant,
        _ clock: DatabaseClock
    ) -> [Entry] {
        events.map { Entry(key: clock.nextKey(), at: now, event: $0.stored) }
    }

    static func insert(_ entries: [Entry]) -> [Query] {
        entries.isEmpty ? [] : [Query(statement: insert, parameters: parameters(entries))]
    }

    /// One array for each column.
    static func parameters(_ entries: [Entry]) -> [Parameter] {
        [
            .integers(entries.map(\.key)),
            .integers(entries.map(\.at.microseconds)),
            .plains(entries.map(\.event.name)),
            .optionalIntegers(entries.map(\.event.family?.value)),
            .optionalTexts(entries.map(\.event.account?.rawValue)),
            .optionalTexts(entries.map(\.event.client?.rawValue)),
            .plains(entries.map { JSONColumn.text($0.event.particulars) }),
        ]
    }

    private static let insert = Statement(
        "insert_events",
        """
        INSERT INTO martlet_audit (\(columns))
        SELECT * FROM unnest($1::int8[], $2::int8[], $3::text[], $4::int8[], $5::text[],
            $6::text[], $7::text[])
        """
    )

    static func list(_ selection: AuditSelection, limit: Int) -> Query {
        let limit = Parameter.integer(Int64(max(0, limit)))
        return switch selection {
        case .all: all(limit)
        case .family(let family): ofFamily(limit, .integer(family.value))
        case .account(let account): ofAccount(limit, .text(account.rawValue))
        }
    }

    private static let all = listing("events", "TRUE")
    private static let ofFamily = listing("events_of_family", "family = $2")
    private static let ofAccount = listing("events_of_account", "account = $2")

    private static func listing(_ name: String, _ condition: String) -> Statement {
        Statement(
            name,
            """
            SELECT at, name, family, account, client, particulars FROM martlet_audit
            WHERE \(condition) ORDER BY id DESC LIMIT $1
            """
        )
    }

    /// Removes from the old end. It looks at the oldest rows only, so it needs no index on the
    /// time and costs nothing when there is nothing to remove.
    static let purge = Statement(
        "purge_events",
        """
        DELETE FROM martlet_audit WHERE id IN (
            SELECT id FROM (SELECT id, at FROM martlet_audit ORDER BY id LIMIT $2) AS oldest
            WHERE at < $1)
        RETURNING 1
        """
    )

    static func entry(_ row: Row) throws(StorageError) -> AuditEntry {
        let stored = StoredEvent(
            name: row.plain(1),
            family: row.optionalInteger(2).flatMap { FamilyID($0) },
            account: row.optionalText(3).map(AccountID.init(rawValue:)),
            client: row.optionalText(4).map(ClientID.init(rawValue:)),
            particulars: try JSONColumn.dictionary(row.plain(5))
        )
        guard let event = AuditEvent(stored) else {
            throw .corrupt("the event \"\(stored.name)\" cannot be read")
        }
        return AuditEntry(at: row.instant(0), event: event)
    }
}
