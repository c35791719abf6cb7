package import MartletCore

// MARK: - As a whole

extension PostgresStorage {
    package func status() async throws(StorageError) -> StoreStatus {
        try await read(StoreTable.status()) { try StoreTable.status($0) }
    }

    package func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await transfer(reading: [StoreTable.status()]) { [clock] rows in
            guard let row = rows[0].first else { throw StoreTable.missing }
            let now = clock.time(of: row.instant(3))
            return .write(
                [StoreTable.shutOut(), StoreTable.put(condition, expecting: expected)]
                    + AuditTable.insert(AuditTable.entries(events, at: now, clock)),
                ends: StepWrites.ends(condition.writes(after: expected), events, at: now)
            ) { _ in }
        }
    }

    package func reader() async throws(StorageError) -> any StoreReader {
        try await Snapshot.open(address, clock)
    }

    package func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError) {
        precondition(rows.count + keys.count <= StoredPage.limit)
        let writes = keys.flatMap(\.removal) + rows.flatMap(\.writing)
        try await transfer(reading: []) { _ in
            .write([StoreTable.outOfService()] + writes) { _ in }
        }
    }

    private func transfer(
        reading queries: [Query],
        plan: @escaping @Sendable ([Rows]) throws -> StepPlan<Void>
    ) async throws(StorageError) {
        try await step(
            [.revision],
            reading: queries,
            conflict: .refused,
            isTransfer: true,
            plan: plan
        )
    }
}

extension StoredRow {
    fileprivate var writing: [Query] {
        switch self {
        case .record(let record): [RecordTable.put(record)]
        case .oneTime(let entry): [OneTimeTable.put(entry)]
        case .event(let entry): [AuditTable.put(entry)]
        case .family(let family):
            [
                FamilyTable.put(family.authorized),
                FamilyStateTable.put(family.authorized.id, family.state),
            ]
        }
    }
}

extension StoredKey {
    fileprivate var removal: [Query] {
        switch self {
        case .record(let kind, let id): [RecordTable.remove(kind, id: id)]
        case .oneTime(let key): [OneTimeTable.delete(key)]
        case .event(let number): [AuditTable.remove(number)]
        case .family(let id): [FamilyTable.remove(id), FamilyStateTable.remove(id)]
        }
    }
}
