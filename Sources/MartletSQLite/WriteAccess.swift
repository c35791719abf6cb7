import GRDB
import GRDBSQLite
import MartletCore

/// The writer's hands: the one connection that writes, its prepared statements, and what it
/// remembers between transactions. It belongs to the writer's thread and never leaves it.
final class WriteAccess {
    /// As many as the server keeps authorized records of; past it the memory starts again from
    /// nothing. Some 10 MiB.
    private static let maximumStandings = 65_536

    let families: FamilyTable
    let states: FamilyStateTable
    let records: RecordTable
    let oneTime: OneTimeTable
    let audit: AuditTable
    let ends: EndTable
    private let store: StoreTable

    private let database: Database
    private let clock: @Sendable () -> Instant
    private let beginning: SQLStatement
    private let committing: SQLStatement
    private let log = LogSize()
    /// As of this transaction.
    private(set) var revision = Revision(0)
    /// As of ``revision``; `nil` before the first transaction.
    private var condition: StoreCondition?
    /// As of ``revision``.
    private var standings: [FamilyID: PackedStanding] = [:]

    init(_ database: Database, clock: @escaping @Sendable () -> Instant) throws {
        self.database = database
        self.clock = clock
        families = FamilyTable(database)
        states = try FamilyStateTable(database)
        records = RecordTable(database)
        oneTime = OneTimeTable(database)
        audit = AuditTable(database)
        ends = EndTable(database)
        store = StoreTable(database)
        beginning = try SQLStatement(database, cached: "BEGIN IMMEDIATE")
        committing = try SQLStatement(database, cached: "COMMIT")
        watchLog()
    }

    deinit {
        sqlite3_wal_hook(database.sqliteConnection, nil, nil)
    }

    var now: Instant { clock() }

    // MARK: Transactions

    /// Takes the write lock; from here on nothing changes but by this connection.
    func begin() throws {
        try beginning.execute()
        let known = condition == nil ? Revision(-1) : revision
        let (current, changed) = try store.current(knowing: known)
        if let changed {
            standings.removeAll(keepingCapacity: true)
            condition = changed
        }
        revision = current
    }

    /// Whether anything but a transfer may write.
    var takesWrites: Bool { condition?.takesWrites ?? false }

    /// On disk when this returns; costs no disk write if nothing was written.
    func commit() throws {
        try committing.execute()
    }

    func rollback() {
        // What was remembered may stem from what is undone here.
        standings.removeAll(keepingCapacity: true)
        condition = nil
        // After some errors SQLite has rolled back by itself, and this one says so: no news.
        try? database.execute(sql: "ROLLBACK")
    }

    /// Overwrites what a commit that failed has left behind the end of the log, so that it cannot
    /// come back if the process is killed: it was answered with an error.
    func supersedeFailedCommit() {
        do {
            try beginning.execute()
            try store.rewrite()
            try committing.execute()
        } catch {
            rollback()
        }
    }

    // MARK: The log

    /// Pages that the log held after the last commit.
    var pagesInLog: Int { Int(log.pages) }

    private final class LogSize {
        var pages: Int32 = 0
    }

    /// Has SQLite tell the log's size with each commit. This takes the place of its own
    /// checkpoints (``Checkpointer``).
    private func watchLog() {
        let context = Unmanaged.passUnretained(log).toOpaque()
        sqlite3_wal_hook(
            database.sqliteConnection,
            { context, _, _, pages in
                guard let context else { return SQLITE_OK }
                Unmanaged<LogSize>.fromOpaque(context).takeUnretainedValue().pages = pages
                return SQLITE_OK
            },
            context
        )
    }

    func copyTheRest(of checkpointer: Checkpointer) {
        checkpointer.copyTheRest(database)
    }

    // MARK: What jobs share

    /// The standing of what a stored family hangs on. Its epochs are remembered as long as no record
    /// changes; by the family, of which account and client never change.
    func standing(of family: AuthorizedFamily) throws -> Standing {
        if let known = standings[family.id] {
            return known.standing(
                isSignedIn: try isSignedIn(family),
                restoration: condition?.restoration
            )
        }
        let standing = try newStanding(of: family)
        // What is missing may be created without a new revision (``Write/create(_:)``).
        guard let packed = PackedStanding(standing) else { return standing }
        if standings.count >= Self.maximumStandings {
            standings.removeAll(keepingCapacity: true)
        }
        standings[family.id] = packed
        return standing
    }

    /// The same of a family that is not stored yet, and perhaps never will be.
    func newStanding(of family: AuthorizedFamily) throws -> Standing {
        standings[family.id] = nil
        let epochs = try records.standing(of: family.account, at: family.client)
        return Standing(
            account: epochs.account,
            client: epochs.client,
            consent: epochs.consent,
            isSignedIn: try isSignedIn(family),
            restoration: condition?.restoration
        )
    }

    private func isSignedIn(_ family: AuthorizedFamily) throws -> Bool {
        guard let signIn = family.signIn, signIn.endsWithIt else { return true }
        return try oneTime.contains(OneTimeKey(.signIn, signIn.id.rawValue))
    }

    /// Writes everything that a step answered with, beside the family's own state.
    func write(_ change: ErasedChange, at now: Instant) throws {
        try write(change.writes, change.events, at: now)
    }

    /// Writes what goes with a step.
    func write(_ writes: [MartletCore.Write], _ events: [AuditEvent], at now: Instant) throws {
        for write in writes {
            switch write {
            case .state(let other, let state): try states.update(other, to: state)
            case .create(let record): _ = try records.apply(.put(record, expecting: nil))
            case .remember(let entry): try oneTime.put(entry)
            case .end(let ended): try ends.append(ended, at: now)
            }
        }
        try write(events, at: now)
    }

    /// Writes events, and what ended with them.
    func write(_ events: [AuditEvent], at now: Instant) throws {
        for event in events {
            try audit.append(event, at: now)
            if let ended = event.endedTokens { try ends.append(ended, at: now) }
        }
    }

    func status() throws -> StoreStatus { try store.status() }

    /// Puts the store into another condition.
    func put(_ condition: StoreCondition) throws {
        try store.put(condition)
        revision = try store.revision()
        self.condition = condition
        standings.removeAll(keepingCapacity: true)
    }

    /// Makes all of these changes or none; `false` if one does not meet what it expects.
    func save(_ changes: [RecordChange]) throws -> Bool {
        try database.execute(sql: "SAVEPOINT save")
        for change in changes where try !records.apply(change) {
            try database.execute(sql: "ROLLBACK TO save; RELEASE save")
            return false
        }
        try database.execute(sql: "RELEASE save")
        try store.raiseRevision()
        revision = try store.revision()
        standings.removeAll(keepingCapacity: true)
        return true
    }
}

/// Three epochs in the room of two: very many of them are remembered.
private struct PackedStanding {
    private let values: (Int64, Int64, Int64)
    private let changes: (Instant, Instant, Instant)
    private let reasons: (EndReason?, EndReason?, EndReason?)

    /// `nil` if one is missing.
    init?(_ standing: Standing) {
        guard let account = standing.account, let client = standing.client,
            let consent = standing.consent
        else { return nil }
        values = (account.value, client.value, consent.value)
        changes = (account.changedAt, client.changedAt, consent.changedAt)
        reasons = (account.reason, client.reason, consent.reason)
    }

    func standing(isSignedIn: Bool, restoration: Restoration?) -> Standing {
        Standing(
            account: Epoch(value: values.0, changedAt: changes.0, reason: reasons.0),
            client: Epoch(value: values.1, changedAt: changes.1, reason: reasons.1),
            consent: Epoch(value: values.2, changedAt: changes.2, reason: reasons.2),
            isSignedIn: isSignedIn,
            restoration: restoration
        )
    }
}
