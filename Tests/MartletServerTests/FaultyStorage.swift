import MartletCore
import Synchronization

/// A store that fails when a test says so, before it does anything.
final class FaultyStorage: Storage {
    private let storage: any Storage
    private let fault = Mutex<StorageError?>(nil)

    init(_ storage: any Storage) {
        self.storage = storage
    }

    func fail(with error: StorageError?) { fault.withLock { $0 = error } }

    private func sound() throws(StorageError) -> any Storage {
        if let error = fault.withLock({ $0 }) { throw error }
        return storage
    }

    func revision() async throws(StorageError) -> Revision { try await sound().revision() }

    func close() async { await storage.close() }
}

extension FaultyStorage {
    func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) {
        try await sound().insert(family, redeeming: redeemed, step: step)
    }

    func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        try await sound().change(family, step: step)
    }

    func find(_ id: FamilyID) async throws(StorageError) -> FamilyView {
        try await sound().find(id)
    }

    func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView] {
        try await sound().list(of: families, before: cursor, limit: limit)
    }

    func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await sound().purge(before: instant, limit: limit)
    }
}

extension FaultyStorage {
    func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool {
        try await sound().put(entry)
    }

    func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try await sound().find(key)
    }

    func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError) {
        try await sound().change(key, step: step)
    }

    func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try await sound().take(key)
    }

    func purgeOneTime(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await sound().purgeOneTime(before: instant, limit: limit)
    }
}

extension FaultyStorage {
    func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found {
        try await sound().find(kind, id: id)
    }

    func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found {
        try await sound().find(kind, name: name)
    }

    func save(_ changes: [RecordChange], events: [AuditEvent]) async throws(StorageError) {
        try await sound().save(changes, events: events)
    }

    func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed {
        try await sound().list(kind, owner: owner, after: cursor, limit: limit)
    }

    func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        try await sound().events(of: selection, limit: limit)
    }

    func purgeEvents(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await sound().purgeEvents(before: instant, limit: limit)
    }

    func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry] {
        try await sound().ends(after: position, from: instant, limit: limit)
    }

    func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await sound().purgeEnds(before: instant, limit: limit)
    }
}

extension FaultyStorage {
    func status() async throws(StorageError) -> StoreStatus { try await sound().status() }

    func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await sound().setCondition(condition, expecting: expected, events: events)
    }

    func reader() async throws(StorageError) -> any StoreReader { try await sound().reader() }

    func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError) {
        try await sound().write(rows, removing: keys)
    }
}
