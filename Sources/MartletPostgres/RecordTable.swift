import MartletCore

/// Clients, accounts, consents, resources and keys.
enum RecordTable {
    private static let names = """
        kind, id, name, owner, version, epoch_value, epoch_at, epoch_reason, body
        """
    /// What ``record(_:)`` reads, in its order, and the revision after it.
    private static let columns = """
        record.kind, record.id, record.name, record.owner, record.version, record.epoch_value,
        record.epoch_at, record.epoch_reason, record.body, store.revision
        """
    private static let revisionColumn: Int32 = 9

    // MARK: Reading

    private static let byID = finding("record_by_id", "id")
    private static let byName = finding("record_by_name", "name")

    private static func finding(_ name: String, _ column: String) -> Statement {
        Statement(
            name,
            """
            SELECT \(columns) FROM martlet_store store
            LEFT JOIN martlet_record record ON record.kind = $1 AND record.\(column) = $2
            WHERE store.id = 1
            """
        )
    }

    static func find(_ kind: RecordKind, id: String) -> Query {
        byID(.plain(kind.rawValue), .text(id))
    }

    static func find(_ kind: RecordKind, name: String) -> Query {
        byName(.plain(kind.rawValue), .text(name))
    }

    static func found(_ rows: Rows) throws(StorageError) -> Found {
        guard let row = rows.first else { throw StoreTable.missing }
        return Found(record: try record(row), revision: Revision(row.integer(revisionColumn)))
    }

    static func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) -> Query {
        let start = [.plain(kind.rawValue), .integer(Int64(max(0, limit)))] as [Parameter]
        return switch (owner, cursor) {
        case (nil, nil): Query(statement: all, parameters: start)
        case (nil, let cursor?): Query(statement: after, parameters: start + [.text(cursor)])
        case (let owner?, nil): Query(statement: ofOwner, parameters: start + [.text(owner)])
        case (let owner?, let cursor?):
            Query(statement: ofOwnerAfter, parameters: start + [.text(owner), .text(cursor)])
        }
    }

    private static let all = listing("records", "TRUE")
    private static let after = listing("records_after", "id > $3")
    private static let ofOwner = listing("records_of_owner", "owner = $3")
    private static let ofOwnerAfter = listing("records_of_owner_after", "owner = $3 AND id > $4")

    private static func listing(_ name: String, _ condition: String) -> Statement {
        Statement(
            name,
            """
            SELECT \(columns) FROM martlet_store store LEFT JOIN (
                SELECT \(names) FROM martlet_record WHERE kind = $1 AND \(condition)
                ORDER BY id LIMIT $2) AS record ON TRUE
            WHERE store.id = 1 ORDER BY record.id
            """
        )
    }

    static func listed(_ rows: Rows) throws(StorageError) -> Listed {
        guard let first = rows.first else { throw StoreTable.missing }
        var records: [StoredRecord] = []
        for index in 0..<rows.count {
            if let record = try record(rows[index]) { records.append(record) }
        }
        return Listed(records: records, revision: Revision(first.integer(revisionColumn)))
    }

    private static let page = Statement(
        "record_rows",
        """
        SELECT \(names) FROM martlet_record
        WHERE (kind, id) > ($1, $2) AND (kind, id) <= ($3, $4) ORDER BY kind, id LIMIT $5
        """
    )

    /// All records in the order of their keys, of whichever kind.
    static func rows(_ range: KeyRange) -> Query {
        Query(statement: page, parameters: range.texts)
    }

    static func row(_ row: Row) throws(StorageError) -> StoredRow? {
        try record(row).map { .record($0) }
    }

    /// `nil` where the left join found none.
    private static func record(_ row: Row) throws(StorageError) -> StoredRecord? {
        guard !row.isNull(0) else { return nil }
        guard let kind = RecordKind(rawValue: row.plain(0)) else {
            throw .corrupt("\"\(row.plain(0))\" is no kind of record")
        }
        return StoredRecord(
            kind: kind,
            id: row.text(1),
            name: row.optionalText(2),
            owner: row.optionalText(3),
            version: row.integer(4),
            epoch: try row.epoch(5),
            body: row.bytes(8)
        )
    }

    // MARK: Standing

    /// The epochs that families of these accounts and clients hang on, in their order, and the
    /// revision.
    static let standings = Statement(
        "standings",
        """
        SELECT pair.number, account.epoch_value, account.epoch_at, account.epoch_reason,
            client.epoch_value, client.epoch_at, client.epoch_reason,
            consent.epoch_value, consent.epoch_at, consent.epoch_reason, store.revision
        FROM martlet_store store
        CROSS JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS pair(account, client, number)
        LEFT JOIN martlet_record account
            ON account.kind = 'account' AND account.id = pair.account
        LEFT JOIN martlet_record client
            ON client.kind = 'client' AND client.id = pair.client
        LEFT JOIN martlet_record consent
            ON consent.kind = 'consent' AND consent.id = pair.account || ' ' || pair.client
        WHERE store.id = 1
        """
    )
    static let standingsRevisionColumn: Int32 = 10

    static func standing(_ row: Row) throws(StorageError) -> Standing {
        Standing(
            account: try row.epoch(1),
            client: try row.epoch(4),
            consent: try row.epoch(7)
        )
    }

    /// A proviso for a first consent: nobody makes or changes this record before the transaction
    /// ends.
    static let hold = Statement(
        "hold_record",
        "SELECT 1 FROM martlet_record WHERE kind = $1 AND id = $2 FOR UPDATE"
    )

    static func hold(_ kind: RecordKind, id: String) -> Query {
        hold(.plain(kind.rawValue), .text(id))
    }

    // MARK: Writing

    private static let insert = Statement(
        "insert_record",
        "INSERT INTO martlet_record (\(names)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    )
    private static let create = Statement(
        "create_record",
        """
        INSERT INTO martlet_record (\(names)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT DO NOTHING
        """
    )
    private static let update = Statement(
        "update_record",
        """
        WITH written AS (
            UPDATE martlet_record SET name = $3, owner = $4, version = $5, epoch_value = $6,
                epoch_at = $7, epoch_reason = $8, body = $9
            WHERE kind = $1 AND id = $2 AND version = $10
            RETURNING 1)
        SELECT 1 / count(*) FROM written
        """
    )
    private static let delete = Statement(
        "delete_record",
        """
        WITH removed AS (
            DELETE FROM martlet_record WHERE kind = $1 AND id = $2 AND version = $3 RETURNING 1)
        SELECT 1 / count(*) FROM removed
        """
    )

    /// Makes one change, if it meets what it expects.
    static func apply(_ change: RecordChange) -> Query {
        switch change {
        case .put(let record, nil):
            Query(statement: insert, parameters: parameters(record, version: 1))
        case .put(let record, let expected?):
            Query(
                statement: update,
                parameters: parameters(record, version: expected + 1) + [.integer(expected)]
            )
        case .delete(let kind, let id, let expected):
            delete(.plain(kind.rawValue), .text(id), .integer(expected))
        }
    }

    private static let putOver = Statement(
        "put_record",
        """
        INSERT INTO martlet_record (\(names)) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (kind, id) DO UPDATE SET name = excluded.name, owner = excluded.owner,
            version = excluded.version, epoch_value = excluded.epoch_value,
            epoch_at = excluded.epoch_at, epoch_reason = excluded.epoch_reason,
            body = excluded.body
        """
    )

    /// Writes the record with its version, over what is there.
    static func put(_ record: StoredRecord) -> Query {
        Query(statement: putOver, parameters: parameters(record, version: record.version))
    }

    private static let removeAny = Statement(
        "remove_record",
        "DELETE FROM martlet_record WHERE kind = $1 AND id = $2"
    )

    static func remove(_ kind: RecordKind, id: String) -> Query {
        removeAny(.plain(kind.rawValue), .text(id))
    }

    /// Makes the record unless it is there.
    static func create(_ record: StoredRecord) -> Query {
        Query(statement: create, parameters: parameters(record, version: 1))
    }

    private static func parameters(_ record: StoredRecord, version: Int64) -> [Parameter] {
        [
            .plain(record.kind.rawValue), .text(record.id), .text(record.name),
            .text(record.owner), .integer(version), .integer(record.epoch?.value),
            .integer(record.epoch?.changedAt.microseconds),
            .plain(record.epoch?.reason?.rawValue), .bytes(record.body),
        ]
    }
}
