import MartletCore

/// What steps write beside what they are about, as statements.
enum StepWrites {
    static func queries(
        _ writes: [MartletCore.Write],
        _ events: [AuditEvent],
        at now: Instant,
        _ clock: DatabaseClock
    ) -> [Query] {
        writes.map { write in
            switch write {
            case .state(let other, let state): FamilyStateTable.update(other, to: state)
            case .create(let record): RecordTable.create(record)
            case .remember(let entry): OneTimeTable.put(entry)
            }
        } + AuditTable.insert(AuditTable.entries(events, at: now, clock))
    }
}
