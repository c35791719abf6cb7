import Synchronization

// MARK: - As a whole

extension InMemoryStorage {
    package func status() async throws(StorageError) -> StoreStatus {
        try whole { contents, _ throws(StorageError) in
            StoreStatus(
                identity: identity,
                condition: contents.condition,
                revision: Revision(contents.revision)
            )
        }
    }

    package func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError) {
        try whole { contents, now throws(StorageError) in
            guard contents.condition == expected else { throw .conflict }
            contents.condition = condition
            contents.revision += 1
            contents.apply(condition.writes(after: expected), events, at: now)
        }
    }

    package func reader() async throws(StorageError) -> any StoreReader {
        try whole { contents, _ throws(StorageError) in InMemoryReader(contents.rows) }
    }

    package func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError) {
        precondition(rows.count + keys.count <= StoredPage.limit)
        try whole { contents, _ throws(StorageError) in
            guard !contents.condition.takesWrites else { throw .conflict }
            for key in keys { contents.remove(key) }
            for row in rows { contents.put(row) }
        }
    }
}

/// A copy of everything, in the order of its keys.
private final class InMemoryReader: StoreReader {
    private let rows: Mutex<[StoredTable: [StoredRow]]?>

    init(_ rows: [StoredTable: [StoredRow]]) {
        self.rows = Mutex(rows)
    }

    func rows(
        of table: StoredTable,
        after first: StoredKey?,
        through last: StoredKey?,
        limit: Int
    ) async throws(StorageError) -> [StoredRow] {
        guard let rows = rows.withLock(\.self) else {
            throw .unavailable("the reader is closed")
        }
        let within = (rows[table] ?? []).lazy.filter { row in
            (first.map { $0 < row.key } ?? true) && (last.map { row.key <= $0 } ?? true)
        }
        return Array(within.prefix(limit))
    }

    func close() async {
        rows.withLock { $0 = nil }
    }
}

extension InMemoryStorage.Contents {
    fileprivate var rows: [StoredTable: [StoredRow]] {
        let families = authorized.values.compactMap { authorized in
            states[authorized.id].map { TokenFamily(authorized: authorized, state: $0) }
        }
        let all: [StoredRow] =
            records.values.flatMap { $0.values.map(StoredRow.record) }
            + oneTime.values.map(StoredRow.oneTime) + families.map(StoredRow.family)
            + events.map(StoredRow.event)
        return Dictionary(grouping: all, by: \.key.table)
            .mapValues { $0.sorted { $0.key < $1.key } }
    }

    fileprivate mutating func put(_ row: StoredRow) {
        switch row {
        case .record(let record): records[record.kind, default: [:]][record.id] = record
        case .oneTime(let entry): oneTime[entry.key] = entry
        case .family(let family):
            authorized[family.authorized.id] = family.authorized
            states[family.authorized.id] = family.state
        case .event(let entry):
            events.removeAll { $0.number == entry.number }
            let index = events.firstIndex { $0.number > entry.number } ?? events.endIndex
            events.insert(entry, at: index)
        }
    }

    fileprivate mutating func remove(_ key: StoredKey) {
        switch key {
        case .record(let kind, let id): records[kind]?[id] = nil
        case .oneTime(let key): oneTime[key] = nil
        case .family(let id):
            authorized[id] = nil
            states[id] = nil
        case .event(let number): events.removeAll { $0.number == number }
        }
    }
}
