import GRDB
import MartletCore

/// Clients, accounts, consents, resources and keys.
struct RecordTable {
    private static let names = """
        kind, id, name, owner, version, epoch_value, epoch_at, epoch_reason, body
        """
    /// What ``record(_:)`` reads, in its order, and the revision after it.
    private static let columns = """
        record.kind, record.id, record.name, record.owner, record.version, record.epoch_value,
        record.epoch_at, record.epoch_reason, record.body, store.revision
        """
    private static let revisionColumn: Int32 = 9

    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    /// A record and the revision: one statement, so one moment.
    func find(_ kind: RecordKind, id: String) throws -> Found {
        try find(by: "id", kind, id)
    }

    func find(_ kind: RecordKind, name: String) throws -> Found {
        try find(by: "name", kind, name)
    }

    private func find(by column: String, _ kind: RecordKind, _ key: String) throws -> Found {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(Self.columns)
                FROM store LEFT JOIN record ON record.kind = ?1 AND record.\(column) = ?2
                """
        )
        select.bind(1, kind.rawValue)
        select.bind(2, key)
        let found = try select.first {
            Found(record: try Self.record($0), revision: Revision($0.int64(Self.revisionColumn)))
        }
        guard let found else { throw StorageError.corrupt("the store's own row is missing") }
        return found
    }

    func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) throws -> Listed {
        // Left to itself SQLite reads all records of the kind for those of one owner.
        let index = owner == nil ? "" : "INDEXED BY record_by_owner"
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(Self.columns) FROM store LEFT JOIN (
                    SELECT \(Self.names) FROM record \(index)
                    WHERE kind = ?1
                        AND \(cursor == nil ? "TRUE" : "id > ?3")
                        AND \(owner == nil ? "TRUE" : "owner = ?4")
                    ORDER BY id LIMIT ?2) record
                ORDER BY record.id
                """
        )
        select.bind(1, kind.rawValue)
        select.bind(2, Int64(max(0, limit)))
        if let cursor { select.bind(3, cursor) }
        if let owner { select.bind(4, owner) }
        var revision: Revision?
        let records = try select.all { row in
            revision = Revision(row.int64(Self.revisionColumn))
            return try Self.record(row)
        }
        guard let revision else { throw StorageError.corrupt("the store's own row is missing") }
        return Listed(records: records.compactMap(\.self), revision: revision)
    }

    /// The epochs that families of this account and client hang on.
    func standing(of account: AccountID, at client: ClientID) throws -> Standing {
        Standing(
            account: try epoch(.account, account.rawValue),
            client: try epoch(.client, client.rawValue),
            consent: try epoch(.consent, Consent.recordID(account: account, client: client))
        )
    }

    private func epoch(_ kind: RecordKind, _ id: String) throws -> Epoch? {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT epoch_value, epoch_at, epoch_reason FROM record WHERE kind = ?1 AND id = ?2
                """
        )
        select.bind(1, kind.rawValue)
        select.bind(2, id)
        return try select.first { try $0.epoch(0) } ?? nil
    }

    /// Makes one change; `false`, and nothing is changed, if it does not meet what it expects.
    func apply(_ change: RecordChange) throws -> Bool {
        switch change {
        case .put(let record, let expecting):
            guard try version(record.kind, record.id) == expecting else { return false }
            if let name = record.name, let holder = try find(record.kind, name: name).record,
                holder.id != record.id
            {
                return false
            }
            try put(record, version: (expecting ?? 0) + 1)
        case .delete(let kind, let id, let expecting):
            guard try version(kind, id) == expecting else { return false }
            try remove(kind, id: id)
        }
        return true
    }

    func remove(_ kind: RecordKind, id: String) throws {
        let delete = try SQLStatement(
            database,
            cached: "DELETE FROM record WHERE kind = ? AND id = ?"
        )
        delete.bind(1, kind.rawValue)
        delete.bind(2, id)
        try delete.execute()
    }

    private func version(_ kind: RecordKind, _ id: String) throws -> Int64? {
        let select = try SQLStatement(
            database,
            cached: "SELECT version FROM record WHERE kind = ? AND id = ?"
        )
        select.bind(1, kind.rawValue)
        select.bind(2, id)
        return try select.first { $0.int64(0) }
    }

    /// Writes the record with this version, over what is there.
    func put(_ record: StoredRecord, version: Int64) throws {
        let put = try SQLStatement(
            database,
            cached: """
                INSERT INTO record (\(Self.names)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                ON CONFLICT (kind, id) DO UPDATE SET name = ?3, owner = ?4, version = ?5,
                    epoch_value = ?6, epoch_at = ?7, epoch_reason = ?8, body = ?9
                """
        )
        put.bind(1, record.kind.rawValue)
        put.bind(2, record.id)
        put.bind(3, record.name)
        put.bind(4, record.owner)
        put.bind(5, version)
        put.bind(6, record.epoch?.value)
        put.bind(7, record.epoch?.changedAt.microseconds)
        put.bind(8, record.epoch?.reason?.rawValue)
        put.bind(9, record.body)
        try put.execute()
    }

    /// All records in the order of their keys, of whichever kind.
    func rows(
        after first: (RecordKind, String)?,
        through last: (RecordKind, String)?,
        limit: Int
    ) throws -> [StoredRow] {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(Self.names) FROM record
                WHERE \(first == nil ? "TRUE" : "(kind, id) > (?2, ?3)")
                    AND \(last == nil ? "TRUE" : "(kind, id) <= (?4, ?5)")
                ORDER BY kind, id LIMIT ?1
                """
        )
        select.bind(1, Int64(max(0, limit)))
        if let (kind, id) = first {
            select.bind(2, kind.rawValue)
            select.bind(3, id)
        }
        if let (kind, id) = last {
            select.bind(4, kind.rawValue)
            select.bind(5, id)
        }
        return try select.all(Self.record).compactMap { $0.map(StoredRow.record) }
    }

    /// `nil` where the left join found none.
    private static func record(_ row: SQLStatement) throws -> StoredRecord? {
        guard !row.isNull(0) else { return nil }
        guard let kind = RecordKind(rawValue: row.text(0)) else {
            throw StorageError.corrupt("\"\(row.text(0))\" is no kind of record")
        }
        return StoredRecord(
            kind: kind,
            id: row.text(1),
            name: row.optionalText(2),
            owner: row.optionalText(3),
            version: row.int64(4),
            epoch: try row.epoch(5),
            body: row.bytes(8)
        )
    }
}

extension SQLStatement {
    /// An epoch's three columns; `nil` if the record is missing or has none.
    func epoch(_ first: Int32) throws -> Epoch? {
        guard let value = optionalInt64(first) else { return nil }
        return Epoch(
            value: value,
            changedAt: instant(first + 1),
            reason: try endReason(first + 2)
        )
    }
}
