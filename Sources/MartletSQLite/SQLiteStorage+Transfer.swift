import GRDB
package import MartletCore
import Synchronization

// MARK: - As a whole

extension SQLiteStorage {
    package func status() async throws(StorageError) -> StoreStatus {
        try await look { database in try StoreTable(database).status() }
    }

    package func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await transfer { access -> Result<Void, StorageError> in
            guard try access.status().condition == expected else { return .failure(.conflict) }
            try access.put(condition)
            try access.write(condition.writes(after: expected), events, at: access.now)
            return .success(())
        }
    }

    package func reader() async throws(StorageError) -> any StoreReader {
        SnapshotReader(try await snapshot())
    }

    package func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError) {
        precondition(rows.count + keys.count <= StoredPage.limit)
        try await transfer { access -> Result<Void, StorageError> in
            guard !access.takesWrites else { return .failure(.conflict) }
            for key in keys { try access.remove(key) }
            for row in rows { try access.put(row) }
            return .success(())
        }
    }
}

extension WriteAccess {
    fileprivate func put(_ row: StoredRow) throws {
        switch row {
        case .record(let record): try records.put(record, version: record.version)
        case .oneTime(let entry): try oneTime.put(entry)
        case .event(let entry): try audit.put(entry)
        case .family(let family):
            let id = family.authorized.id
            // Mostly it is the state alone that is new, and the other row has three indexes.
            let known = try families.authorized(id)
            if known != family.authorized {
                if known != nil { try families.remove(id) }
                try families.insert(family.authorized)
            }
            try states.put(id, family.state)
        }
    }

    fileprivate func remove(_ key: StoredKey) throws {
        switch key {
        case .record(let kind, let id): try records.remove(kind, id: id)
        case .oneTime(let key): try oneTime.remove(key)
        case .event(let number): try audit.remove(number)
        case .family(let id):
            try families.remove(id)
            try states.remove(id)
        }
    }
}

/// Reads on a connection that sees the store as it was when the reader was made.
private final class SnapshotReader: StoreReader {
    private let snapshot: Mutex<DatabaseSnapshot?>

    init(_ snapshot: DatabaseSnapshot) {
        self.snapshot = Mutex(snapshot)
    }

    func rows(
        of table: StoredTable,
        after first: StoredKey?,
        through last: StoredKey?,
        limit: Int
    ) async throws(StorageError) -> [StoredRow] {
        guard let snapshot = snapshot.withLock(\.self) else {
            throw .unavailable("the reader is closed")
        }
        do {
            return try await snapshot.read { database in
                switch table {
                case .records:
                    try RecordTable(database).rows(
                        after: first?.record,
                        through: last?.record,
                        limit: limit
                    )
                case .oneTime:
                    try OneTimeTable(database).rows(
                        after: first?.oneTime,
                        through: last?.oneTime,
                        limit: limit
                    )
                case .families:
                    try FamilyTable(database).rows(
                        after: first?.family,
                        through: last?.family,
                        limit: limit
                    )
                case .events:
                    try AuditTable(database).rows(
                        after: first?.event,
                        through: last?.event,
                        limit: limit
                    )
                }
            }
        } catch {
            throw StorageError(error)
        }
    }

    func close() async {
        let last = snapshot.withLock { snapshot in
            defer { snapshot = nil }
            return snapshot
        }
        try? last?.close()
    }
}

extension StoredKey {
    fileprivate var record: (RecordKind, String)? {
        guard case .record(let kind, let id) = self else { return nil }
        return (kind, id)
    }

    fileprivate var oneTime: OneTimeKey? {
        guard case .oneTime(let key) = self else { return nil }
        return key
    }

    fileprivate var family: FamilyID? {
        guard case .family(let id) = self else { return nil }
        return id
    }

    fileprivate var event: Int64? {
        guard case .event(let number) = self else { return nil }
        return number
    }
}
