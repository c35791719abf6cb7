import MartletTesting
import Synchronization

@testable import MartletCore

/// The reference store, of which each call waits for its turn on a ``Stage``: so the seed chooses
/// which of the waiting steps goes next, which fails, and which is judged twice. It can be given a
/// ``Mistake``, to see that a simulation notices.
final class SteppedStorage: Storage {
    let stage: Stage
    let clock: ManualClock
    let mistake: Mistake?
    private let store: Mutex<InMemoryStorage>

    init(stage: Stage, clock: ManualClock, mistake: Mistake?) {
        self.stage = stage
        self.clock = clock
        self.mistake = mistake
        store = Mutex(InMemoryStorage { clock.now })
    }

    /// The store behind it, of which nothing waits.
    var inner: InMemoryStorage { store.withLock { $0 } }

    /// Starts again with an empty store.
    func clear() {
        store.withLock { [clock] in $0 = InMemoryStorage { clock.now } }
    }

    private func turn(_ call: Stage.Call) async throws(StorageError) -> Stage.Fate {
        let fate = await stage.turn(call)
        if case .fails(let error) = fate, mistake != .failureAfterCommit { throw error }
        return fate
    }

    private func read() async throws(StorageError) -> InMemoryStorage {
        _ = try await turn(.read)
        return inner
    }

    func revision() async throws(StorageError) -> Revision { try await read().revision() }

    func close() async { await inner.close() }
}

extension SteppedStorage {
    func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) {
        let fate = try await turn(.insert)
        let request = Stage.request
        var early: ErasedChange??
        if mistake == .codeLookedUpBefore {
            early = try await judgeEarly(family, redeeming: redeemed, step: step)
            _ = await stage.turn(.insert)
        }
        let written = Slot<Stage.InsertedFamily>()
        try await inner.insert(family, redeeming: redeemed) { [early, mistake] view, now in
            if case .isJudgedTwice = fate { _ = step(view, now) }
            let judged: ErasedChange?
            switch early {
            case .some(let change): judged = change
            case .none: judged = step(view, now)
            }
            let change = judged.map { mistake?.written($0) ?? $0 }
            written.value = .init(family: family, change: change, redeemed: redeemed, now: now)
            return change
        }
        if case .fails(let error) = fate { throw error }
        if let inserted = written.value {
            stage.note(.inserted(request: request, inserted))
        }
    }

    /// The mistake of looking first and writing later: what the step says now, with nothing made.
    private func judgeEarly(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) -> ErasedChange? {
        let early = Slot<ErasedChange>()
        try await inner.insert(family, redeeming: redeemed) { view, now in
            let change = step(view, now)
            early.value = change
            return nil
        }
        return early.value
    }

    func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        let fate = try await turn(.change)
        let request = Stage.request
        let presented = stage.presentation(of: request)
        var early: ErasedChange?
        if case .isJudgedTwice = fate {
            _ = step(try await inner.find(family.id), clock.now)
            _ = try await turn(.change)
        } else if mistake == .findThenUpdate {
            early = step(try await inner.find(family.id), clock.now)
            _ = await stage.turn(.change)
        }
        let written = Slot<Stage.ChangedFamily>()
        try await inner.change(family) { [early, mistake, clock] view, now in
            let shown = mistake?.shown(view, to: presented, at: now) ?? view
            let judged = early ?? step(shown, now)
            let change =
                mistake?.written(judged, over: view, to: presented, clock: clock.now, at: now)
                ?? judged
            written.value = .init(id: family.id, view: view, change: change, now: now)
            return change
        }
        if case .fails(let error) = fate { throw error }
        if let changed = written.value {
            stage.note(.changed(request: request, changed))
        }
    }

    func find(_ id: FamilyID) async throws(StorageError) -> FamilyView {
        try await read().find(id)
    }

    func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView] {
        try await read().list(of: families, before: cursor, limit: limit)
    }

    func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await inner.purge(before: instant, limit: limit)
    }
}

extension SteppedStorage {
    func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool {
        _ = try await turn(.save)
        return try await inner.put(entry)
    }

    func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try await read().find(key)
    }

    func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError) {
        _ = try await turn(.save)
        try await inner.change(key, step: step)
    }

    func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        _ = try await turn(.save)
        return try await inner.take(key)
    }

    func purgeOneTime(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await inner.purgeOneTime(before: instant, limit: limit)
    }
}

extension SteppedStorage {
    func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found {
        try await read().find(kind, id: id)
    }

    func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found {
        try await read().find(kind, name: name)
    }

    func save(_ changes: [RecordChange], events: [AuditEvent]) async throws(StorageError) {
        let fate = try await turn(.save)
        if case .fails(let error) = fate { throw error }
        try await inner.save(changes, events: events)
        stage.note(.saved(request: Stage.request, changes))
    }

    func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed {
        try await read().list(kind, owner: owner, after: cursor, limit: limit)
    }

    func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        try await inner.events(of: selection, limit: limit)
    }

    func purgeEvents(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await inner.purgeEvents(before: instant, limit: limit)
    }

    func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry] {
        try await inner.ends(after: position, from: instant, limit: limit)
    }

    func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await inner.purgeEnds(before: instant, limit: limit)
    }
}

extension SteppedStorage {
    func status() async throws(StorageError) -> StoreStatus { try await inner.status() }

    func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await inner.setCondition(condition, expecting: expected, events: events)
    }

    func reader() async throws(StorageError) -> any StoreReader { try await inner.reader() }

    func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError) {
        try await inner.write(rows, removing: keys)
    }
}
