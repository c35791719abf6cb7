/// What a store is copied by, as a whole and row by row, and by which it is taken out of service.
///
/// No request comes here: these are the operations behind `martlet backup`, `recover`, `doctor` and
/// `move`. They are the same for every store, so that what one holds can go on in any other.
package protocol StoreTransfer: Sendable {
    /// What the store says of itself. One read; works whatever the condition.
    func status() async throws(StorageError) -> StoreStatus

    /// Replaces the condition, appends these events and what ``StoreCondition/writes(after:)`` says,
    /// in one atomic step, and raises the revision. ``StorageError/conflict`` if the condition is another one than `expected`.
    ///
    /// Durable when this returns. If the new condition takes no writes, then all that was ever
    /// answered as written, by whichever process, is seen by readers that are made from now on,
    /// and nothing is written after it but by this protocol: a write that is under way has come to
    /// its end before this returns.
    func setCondition(
        _ condition: StoreCondition,
        expecting expected: StoreCondition,
        events: [AuditEvent]
    ) async throws(StorageError)

    /// A reader of all rows as of this moment. It holds up no writer, whatever time it takes.
    func reader() async throws(StorageError) -> any StoreReader

    /// Writes these rows over what is under their keys and takes away what is under the others, in
    /// one atomic step, and raises no revision. Writing the same again changes nothing.
    ///
    /// Only while the store is out of service: ``StorageError/conflict`` in a store that takes
    /// other writes. Durable when this returns. At most ``StoredPage/limit`` rows and keys.
    func write(
        _ rows: [StoredRow],
        removing keys: [StoredKey]
    ) async throws(StorageError)
}

/// Reads all rows of a store as of one moment.
package protocol StoreReader: Sendable {
    /// The rows of a table whose keys come after `first` and not after `last`, in the order of
    /// their keys (``StoredKey``), at most `limit`. Expired entries are rows like any other.
    func rows(
        of table: StoredTable,
        after first: StoredKey?,
        through last: StoredKey?,
        limit: Int
    ) async throws(StorageError) -> [StoredRow]

    /// Lets go of what it holds. Later reads fail as ``StorageError/unavailable(_:)``.
    func close() async
}

/// How many rows are read or written at a time.
package enum StoredPage {
    /// Enough that the cost of a step does not matter, and little enough to commit in some
    /// milliseconds beside a running server.
    package static let limit = 1000
}

/// What a store is made of, as it is copied.
package enum StoredTable: String, Sendable, CaseIterable {
    case records
    case oneTime = "one_time"
    case families
    case events
}

/// What one row is found by. Keys of one table are ordered: numbers by size, texts by the bytes of
/// their UTF-8, kind first.
package enum StoredKey: Sendable {
    case record(RecordKind, id: String)
    case oneTime(OneTimeKey)
    case family(FamilyID)
    /// Entries of the audit log are numbered in the order in which they were written; gaps mean
    /// nothing.
    case event(Int64)

    package var table: StoredTable {
        switch self {
        case .record: .records
        case .oneTime: .oneTime
        case .family: .families
        case .event: .events
        }
    }
}

/// One row of a store, of whichever table.
package enum StoredRow: Sendable, Equatable {
    /// With its version as it is.
    case record(StoredRecord)
    case oneTime(OneTimeEntry)
    /// What was authorized and its state.
    case family(TokenFamily)
    case event(StoredEntry)

    package var key: StoredKey {
        switch self {
        case .record(let record): .record(record.kind, id: record.id)
        case .oneTime(let entry): .oneTime(entry.key)
        case .family(let family): .family(family.authorized.id)
        case .event(let entry): .event(entry.number)
        }
    }
}

/// An entry of the audit log with its number, laid out for a store.
package struct StoredEntry: Sendable, Equatable {
    package let number: Int64
    package let at: Instant
    package let event: StoredEvent

    package init(number: Int64, at: Instant, event: StoredEvent) {
        self.number = number
        self.at = at
        self.event = event
    }
}

// MARK: - The order of keys

extension StoredKey: Comparable, Hashable {
    /// Swift compares texts by what they look like; stores compare bytes.
    private var parts: (Int64, [UInt8], [UInt8]) {
        switch self {
        case .record(let kind, let id): (0, Array(kind.rawValue.utf8), Array(id.utf8))
        case .oneTime(let key): (0, Array(key.kind.rawValue.utf8), Array(key.id.utf8))
        case .family(let id): (id.value, [], [])
        case .event(let number): (number, [], [])
        }
    }

    package static func == (one: StoredKey, other: StoredKey) -> Bool {
        one.table == other.table && one.parts == other.parts
    }

    package static func < (one: StoredKey, other: StoredKey) -> Bool {
        guard one.table == other.table else { return one.table.rawValue < other.table.rawValue }
        let (number, kind, id) = one.parts
        let (otherNumber, otherKind, otherID) = other.parts
        guard number == otherNumber else { return number < otherNumber }
        guard kind == otherKind else { return kind.lexicographicallyPrecedes(otherKind) }
        return id.lexicographicallyPrecedes(otherID)
    }

    package func hash(into hasher: inout Hasher) {
        let (number, kind, id) = parts
        hasher.combine(number)
        hasher.combine(kind)
        hasher.combine(id)
    }
}
