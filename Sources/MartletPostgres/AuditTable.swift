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
        /// What ended with it.
        let ended: EndedTokens?
    }

    static func entries(
        _ events: [AuditEvent],
        at now: Instant,
        _ clock: DatabaseClock
    ) -> [Entry] {
        events.map { event in
            Entry(key: clock.nextKey(), at: now, event: event.stored, ended: event.endedTokens)
        }
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
        let stored = try event(row, from: 1)
        guard let event = AuditEvent(stored) else {
            throw .corrupt("the event \"\(stored.name)\" cannot be read")
        }
        return AuditEntry(at: row.instant(0), event: event)
    }

    private static func event(_ row: Row, from first: Int32) throws(StorageError) -> StoredEvent {
        StoredEvent(
            name: row.plain(first),
            family: row.optionalInteger(first + 1).flatMap { FamilyID($0) },
            account: row.optionalText(first + 2).map(AccountID.init(rawValue:)),
            client: row.optionalText(first + 3).map(ClientID.init(rawValue:)),
            particulars: try JSONColumn.dictionary(row.plain(first + 4))
        )
    }

    // MARK: As rows

    private static let page = Statement(
        "event_rows",
        """
        SELECT \(columns) FROM martlet_audit WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3
        """
    )

    static func rows(_ range: KeyRange) -> Query {
        Query(statement: page, parameters: range.numbers)
    }

    static func row(_ row: Row) throws(StorageError) -> StoredRow? {
        .event(
            StoredEntry(number: row.integer(0), at: row.instant(1), event: try event(row, from: 2))
        )
    }

    private static let put = Statement(
        "put_event",
        """
        INSERT INTO martlet_audit (\(columns)) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (id) DO UPDATE SET at = excluded.at, name = excluded.name,
            family = excluded.family, account = excluded.account, client = excluded.client,
            particulars = excluded.particulars
        """
    )

    /// Writes the entry with its number, over what is there.
    static func put(_ entry: StoredEntry) -> Query {
        put(
            .integer(entry.number),
            .integer(entry.at.microseconds),
            .plain(entry.event.name),
            .integer(entry.event.family?.value),
            .text(entry.event.account?.rawValue),
            .text(entry.event.client?.rawValue),
            .plain(JSONColumn.text(entry.event.particulars))
        )
    }

    private static let removal = Statement(
        "remove_event",
        "DELETE FROM martlet_audit WHERE id = $1"
    )

    static func remove(_ number: Int64) -> Query { removal(.integer(number)) }
}
