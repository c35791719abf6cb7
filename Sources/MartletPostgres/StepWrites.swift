import MartletCore

/// What steps write beside what they are about.
enum StepWrites {
    /// All of it but the ends, as statements.
    static func queries(
        _ writes: [MartletCore.Write],
        _ events: [AuditEvent],
        at now: Instant,
        _ clock: DatabaseClock
    ) -> [Query] {
        writes.compactMap { write in
            switch write {
            case .state(let other, let state): FamilyStateTable.update(other, to: state)
            case .create(let record): RecordTable.create(record)
            case .remember(let entry): OneTimeTable.put(entry)
            case .end: nil
            }
        } + AuditTable.insert(AuditTable.entries(events, at: now, clock))
    }

    /// What ended, which is written last of all (``EndTable``).
    static func ends(
        _ writes: [MartletCore.Write],
        _ events: [AuditEvent],
        at now: Instant
    ) -> [EndTable.Entry] {
        let ended = writes.compactMap { write -> EndedTokens? in
            guard case .end(let ended) = write else { return nil }
            return ended
        }
        return (ended + events.compactMap(\.endedTokens)).map { EndTable.Entry(at: now, ended: $0) }
    }
}
