import MartletCore
import Synchronization

/// The reference store, watched: it counts what it is asked, and lets a test do something at the
/// moment just before a write.
final class WatchedStorage: Storage {
    /// One call; a change with whether it wrote anything.
    enum Call: Equatable {
        case revision
        case insert
        case change(wrote: Bool)
        case find
        case list
        case save
        /// A look at what is good for one use.
        case oneTime
        case oneTimeWrite
        case purge
        case events
        case ends
    }

    enum Moment { case insert, save }

    private struct Watch {
        var calls: [Call] = []
        var before: [Moment: @Sendable () async -> Void] = [:]
        var transfers = 0
        var beforeTransfer: (@Sendable (Int) async throws(StorageError) -> Void)?
    }

    private let inner: InMemoryStorage
    private let watch = Mutex(Watch())

    init(_ inner: InMemoryStorage) {
        self.inner = inner
    }

    /// What was asked since the last time.
    func takeCalls() -> [Call] {
        watch.withLock { watch in
            defer { watch.calls = [] }
            return watch.calls
        }
    }

    /// Runs before each call of ``StoreTransfer`` with its number, from 1; may fail in its place.
    func beforeTransfers(_ work: @escaping @Sendable (Int) async throws(StorageError) -> Void) {
        watch.withLock { $0.beforeTransfer = work }
    }

    /// Runs once, before the next such write.
    func beforeNext(_ moment: Moment, _ work: @escaping @Sendable () async -> Void) {
        watch.withLock { $0.before[moment] = work }
    }

    private func reach(_ moment: Moment) async {
        await watch.withLock { $0.before.removeValue(forKey: moment) }?()
    }

    private func note(_ call: Call) {
        watch.withLock { $0.calls.append(call) }
    }

    func revision() async throws(StorageError) -> Revision {
        note(.revision)
        return try await inner.revision()
    }

    func close() async { await inner.close() }
}

extension WatchedStorage {
    func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) {
        note(.insert)
        await reach(.insert)
        try await inner.insert(family, redeeming: redeemed, step: step)
    }

    func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        try await inner.change(family) { [self] view, now in
            let change = step(view, now)
            let wrote = change != ErasedChange(state: nil, writes: [], events: [])
            note(.change(wrote: wrote))
            return change
        }
    }

    func find(_ id: FamilyID) async throws(StorageError) -> FamilyView {
        note(.find)
        return try await inner.find(id)
    }

    func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView] {
        note(.list)
        return try await inner.list(of: families, before: cursor, limit: limit)
    }

    func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        note(.purge)
        return try await inner.purge(before: instant, limit: limit)
    }
}

extension WatchedStorage {
    func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool {
        note(.oneTimeWrite)
        return try await inner.put(entry)
    }

    func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        note(.oneTime)
        return try await inner.find(key)
    }

    func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError) {
        note(.oneTimeWrite)
        try await inner.change(key, step: step)
    }

    func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        note(.oneTimeWrite)
        return try await inner.take(key)
    }

    func purgeOneTime(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        note(.purge)
        return try await inner.purgeOneTime(before: instant, limit: limit)
    }
}

extension WatchedStorage {
    func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found {
        note(.find)
        return try await inner.find(kind, id: id)
    }

    func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found {
        note(.find)
        return try await inner.find(kind, name: name)
    }

    func save(_ changes: [RecordChange], events: [AuditEvent]) async throws(StorageError) {
        note(.save)
        await reach(.save)
        try await inner.save(changes, events: events)
    }

    func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed {
        note(.list)
        return try await inner.list(kind, owner: owner, after: cursor, limit: limit)
    }

    func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        note(.events)
        return try await inner.events(of: selection, limit: limit)
    }

    func purgeEvents(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        note(.purge)
        return try await inner.purgeEvents(before: instant, limit: limit)
    }

    func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry] {
        note(.ends)
        return try await inner.ends(after: position, from: instant, limit: limit)
    }

    func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        note(.purge)
        return try await inner.purgeEnds(before: instant, limit: limit)
    }
}

extension WatchedStorage {
    private func transferring() async throws(StorageError) -> InMemoryStorage {
        let (number, work) = watch.withLock { watch in
            watch.transfers += 1
            return (watch.transfers, watch.beforeTransfer)
        }
        if let work { try await work(number) }
        return inner
    }

    func status() async throws(StorageError) -> StoreStatus {
        try await transferring().status()
    }

    func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await transferring()
            .setCondition(condition, expecting: expected, events: events)
    }

    func reader() async throws(StorageError) -> any StoreReader {
        try await transferring().reader()
    }

    func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError) {
        try await transferring().write(rows, removing: keys)
    }
}
