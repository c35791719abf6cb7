package import MartletCore

// MARK: - The store as a whole

extension PostgresStorage {
    package func revision() async throws(StorageError) -> Revision {
        try await read(StoreTable.revision()) { rows in
            guard let row = rows.first else { throw StoreTable.missing }
            return Revision(row.integer(0))
        }
    }
}

// MARK: - Token families

extension PostgresStorage {
    package func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) {
        let insertion = FamilyInsertion(
            family: family,
            redeemed: redeemed,
            step: step,
            clock: clock
        )
        try await self.step(insertion.keys, reading: insertion.reads) { try insertion.plan($0) }
    }

    package func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        try await change(family, step)
    }

    package func find(_ id: FamilyID) async throws(StorageError) -> FamilyView {
        try await read(FamilyTable.view(.integer(id.value))) { rows in
            guard let row = rows.first else { throw StoreTable.missing }
            return try FamilyTable.view(row)
        }
    }

    package func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView] {
        try await read(FamilyTable.list(families, before: cursor, limit: limit)) { rows in
            try rows.map { try FamilyTable.view($0) }
        }
    }

    package func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await purge(FamilyTable.purge, instant, limit)
    }

    private func purge(
        _ statement: Statement,
        _ instant: Instant,
        _ limit: Int
    ) async throws(StorageError) -> Int {
        let query = statement(
            .integer(instant.microseconds),
            .integer(Int64(max(0, limit)))
        )
        return try await write([], query) { $0.count }
    }
}

// MARK: - Things good for one use

extension PostgresStorage {
    package func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool {
        let query = OneTimeTable.putNew(entry, now: clock.override)
        return try await write([.oneTime(entry.key)], query) { $0.count > 0 }
    }

    package func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try await read(OneTimeTable.find(key)) { [clock] rows in
            try OneTimeTable.Found(rows, key, clock).remembered
        }
    }

    package func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError) {
        try await self.step([.oneTime(key)], reading: [OneTimeTable.find(key)]) {
            [clock] rows -> StepPlan<Void> in
            guard try OneTimeTable.takesWrites(rows[0]) else { throw StorageError.outOfService }
            let found = try OneTimeTable.Found(rows[0], key, clock)
            let change = step(found.remembered, found.time)
            let outcome = Self.outcome(change.entry, of: found.entry, key)
            let rest = StepWrites.queries(change.writes, change.events, at: found.time, clock)
            let ends = StepWrites.ends(change.writes, change.events, at: found.time)
            guard outcome.writes || !rest.isEmpty || !ends.isEmpty else { return .answer(()) }
            return .write(outcome.queries + rest, ends: ends) { _ in }
        }
    }

    /// The statements for the entry itself, the first of them a proviso, and whether they write.
    private static func outcome(
        _ outcome: OneTimeOutcome,
        of seen: OneTimeEntry?,
        _ key: OneTimeKey
    ) -> (queries: [Query], writes: Bool) {
        let held = seen.map(OneTimeTable.hold) ?? OneTimeTable.absent(key)
        return switch (outcome, seen) {
        case (.keep, _), (.remove, nil): ([held], false)
        case (.put(let entry), nil) where entry.key == key: ([OneTimeTable.insert(entry)], true)
        case (.put(let entry), _): ([held, OneTimeTable.put(entry)], true)
        case (.remove, _?): ([held, OneTimeTable.delete(key)], true)
        }
    }

    package func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try await write([.oneTime(key)], OneTimeTable.delete(key)) { [clock] rows in
            guard rows.count > 0 else { return nil }
            return try OneTimeTable.Found(rows, key, clock).remembered
        }
    }

    package func purgeOneTime(
        before instant: Instant,
        limit: Int
    ) async throws(StorageError) -> Int {
        try await purge(OneTimeTable.purge, instant, limit)
    }
}

// MARK: - Records

extension PostgresStorage {
    package func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found {
        try await read(RecordTable.find(kind, id: id)) { try RecordTable.found($0) }
    }

    package func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found {
        try await read(RecordTable.find(kind, name: name)) { try RecordTable.found($0) }
    }

    package func save(
        _ changes: [RecordChange],
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await step([.revision], reading: [StoreTable.revision()], conflict: .refused) {
            [clock] rows -> StepPlan<Void> in
            guard let row = rows[0].first else { throw StoreTable.missing }
            let now = clock.time(of: row.instant(1))
            return .write(
                [StoreTable.raiseRevision()] + changes.map(RecordTable.apply)
                    + AuditTable.insert(AuditTable.entries(events, at: now, clock)),
                ends: StepWrites.ends([], events, at: now)
            ) { _ in }
        }
    }

    package func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed {
        let query = RecordTable.list(kind, owner: owner, after: cursor, limit: limit)
        return try await read(query) { try RecordTable.listed($0) }
    }
}

// MARK: - The audit log

extension PostgresStorage {
    package func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        try await read(AuditTable.list(selection, limit: limit)) { rows in
            try rows.map { try AuditTable.entry($0) }
        }
    }

    package func purgeEvents(
        before instant: Instant,
        limit: Int
    ) async throws(StorageError) -> Int {
        try await purge(AuditTable.purge, instant, limit)
    }
}

// MARK: - What ended

extension PostgresStorage {
    package func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry] {
        try await read(EndTable.list(after: position, from: instant, limit: limit)) { rows in
            try rows.map { try EndTable.entry($0) }
        }
    }

    package func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await purge(EndTable.purge, instant, limit)
    }
}
