import Synchronization

/// The reference store: all of ``Storage`` over dictionaries behind one lock. It shows what a
/// store must do in the fewest words, and carries tests and simulations; it keeps nothing.
package final class InMemoryStorage: Storage {
    struct Contents {
        var condition = StoreCondition.standard
        var authorized: [FamilyID: AuthorizedFamily] = [:]
        var states: [FamilyID: FamilyState] = [:]
        var oneTime: [OneTimeKey: OneTimeEntry] = [:]
        var records: [RecordKind: [String: StoredRecord]] = [:]
        /// With the numbers of their entries, which ascend.
        var events: [StoredEntry] = []
        var ends: [EndLogEntry] = []
        var revision: Int64 = 0
        var closed = false
    }

    let identity: String

    private let contents = Mutex(Contents())
    private let clock: @Sendable () -> Instant

    /// - Parameter identity: tells it from others, where there are others.
    package init(identity: String = "memory", clock: @escaping @Sendable () -> Instant) {
        self.identity = identity
        self.clock = clock
    }

    package func revision() async throws(StorageError) -> Revision {
        try whole { contents, _ throws(StorageError) in Revision(contents.revision) }
    }

    package func close() async {
        contents.withLock { $0.closed = true }
    }

    /// One atomic step over everything.
    func whole<Result: Sendable>(
        _ body: (inout sending Contents, Instant) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let now = clock()
        return try contents.withLock { contents throws(StorageError) in
            guard !contents.closed else { throw .unavailable("the store is closed") }
            return try body(&contents, now)
        }
    }

    /// One atomic step that may write.
    private func writing<Result: Sendable>(
        _ body: (inout sending Contents, Instant) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let now = clock()
        return try contents.withLock { contents throws(StorageError) in
            guard !contents.closed else { throw .unavailable("the store is closed") }
            guard contents.condition.takesWrites else { throw .outOfService }
            return try body(&contents, now)
        }
    }
}

// MARK: - Token families

extension InMemoryStorage {
    package func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) {
        try writing { contents, now throws(StorageError) in
            let id = family.authorized.id
            guard contents.authorized[id] == nil else { throw .conflict }
            let view = InsertView(
                standing: contents.standing(of: family.authorized),
                siblings: contents.siblings(of: family.authorized, at: now),
                redeemed: redeemed.flatMap { contents.remembered($0, at: now) },
                revision: Revision(contents.revision)
            )
            guard let change = step(view, now) else { return }
            contents.authorized[id] = family.authorized
            contents.states[id] = family.state
            contents.apply(change, to: id, at: now)
        }
    }

    package func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        try writing { contents, clock throws(StorageError) in
            let view = contents.view(of: family.id, standingOf: family)
            let now = max(clock, view.family?.state.lastRotation ?? clock)
            let change = step(view, now)
            guard view.family != nil else { return }
            contents.apply(change, to: family.id, at: now)
        }
    }

    package func find(_ id: FamilyID) async throws(StorageError) -> FamilyView {
        try whole { contents, _ throws(StorageError) in
            contents.view(of: id, standingOf: contents.authorized[id])
        }
    }

    package func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView] {
        try whole { contents, _ throws(StorageError) in
            contents.authorized.values
                .filter { families.includes($0) && (cursor.map($0.id.isBefore) ?? true) }
                .sorted { $0.id > $1.id }
                .prefix(limit)
                .map { contents.view(of: $0.id, standingOf: $0) }
        }
    }

    package func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try writing { contents, _ throws(StorageError) in
            let over = contents.authorized.values
                .filter { $0.absoluteEnd < instant }
                .prefix(limit)
            for family in over {
                contents.authorized[family.id] = nil
                contents.states[family.id] = nil
            }
            return over.count
        }
    }
}

extension FamilyID {
    fileprivate func isBefore(_ cursor: FamilyID) -> Bool { self < cursor }
}

extension FamilySelection {
    /// Whether a family is one of these.
    package func includes(_ family: AuthorizedFamily) -> Bool {
        switch self {
        case .all: true
        case .account(let account): family.account == account
        case .client(let client): family.client == client
        case .accountAtClient(let account, let client):
            family.account == account && family.client == client
        }
    }
}

extension InMemoryStorage.Contents {
    fileprivate func standing(of family: AuthorizedFamily) -> Standing {
        Standing(
            account: records[.account]?[family.account.rawValue]?.epoch,
            client: records[.client]?[family.client.rawValue]?.epoch,
            consent: records[.consent]?[
                Consent.recordID(account: family.account, client: family.client)
            ]?.epoch,
            isSignedIn: isSignedIn(family),
            restoration: condition.restoration
        )
    }

    /// Whether the sign-in that a family ends with is there; a family that ends with none needs none.
    private func isSignedIn(_ family: AuthorizedFamily) -> Bool {
        guard let signIn = family.signIn, signIn.endsWithIt else { return true }
        return oneTime[OneTimeKey(.signIn, signIn.id.rawValue)] != nil
    }

    /// What is under the key and has not expired.
    fileprivate func remembered(_ key: OneTimeKey, at now: Instant) -> OneTimeEntry? {
        oneTime[key].flatMap { $0.expiresAt > now ? $0 : nil }
    }

    fileprivate func view(of id: FamilyID, standingOf family: AuthorizedFamily?) -> FamilyView {
        var found: TokenFamily?
        if let authorized = authorized[id], let state = states[id] {
            found = TokenFamily(authorized: authorized, state: state)
        }
        let standing = family.map(standing(of:))
        return FamilyView(
            family: found,
            standing: standing ?? .nothing,
            revision: Revision(revision)
        )
    }

    fileprivate func siblings(of family: AuthorizedFamily, at now: Instant) -> [TokenFamily] {
        let here = FamilySelection.accountAtClient(family.account, family.client)
        let live = authorized.values.compactMap { other -> TokenFamily? in
            guard here.includes(other), other.absoluteEnd > now,
                let state = states[other.id], state.ended == nil
            else { return nil }
            return TokenFamily(authorized: other, state: state)
        }
        return Array(
            live.sorted { $0.leastRecentlyUsed(before: $1) }
                .suffix(RotationPolicy.maximumSessions)
        )
    }

    fileprivate mutating func apply(_ change: ErasedChange, to id: FamilyID, at now: Instant) {
        if let state = change.state, states[id] != nil { states[id] = state }
        apply(change.writes, change.events, at: now)
    }

    mutating func apply(_ writes: [Write], _ events: [AuditEvent], at now: Instant) {
        for write in writes {
            switch write {
            case .state(let other, let state):
                if states[other] != nil { states[other] = state }
            case .create(let record):
                if records[record.kind]?[record.id] == nil {
                    records[record.kind, default: [:]][record.id] = record.at(version: 1)
                }
            case .remember(let entry):
                oneTime[entry.key] = entry
            case .end(let ended): append(ended, at: now)
            }
        }
        append(events, at: now)
    }

    mutating func append(_ events: [AuditEvent], at now: Instant) {
        for event in events {
            let number = (self.events.last?.number ?? 0) + 1
            self.events.append(StoredEntry(number: number, at: now, event: event.stored))
        }
        for ended in events.compactMap(\.endedTokens) { append(ended, at: now) }
    }

    private mutating func append(_ ended: EndedTokens, at now: Instant) {
        let position = EndPosition((ends.last?.position.value ?? 0) + 1)
        ends.append(EndLogEntry(position: position, at: now, ended: ended))
    }
}

// MARK: - Things good for one use

extension InMemoryStorage {
    package func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool {
        try writing { contents, now throws(StorageError) in
            if let there = contents.oneTime[entry.key], there.expiresAt > now { return false }
            contents.oneTime[entry.key] = entry
            return true
        }
    }

    package func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try whole { contents, now throws(StorageError) in
            contents.remembered(key, at: now)
        }
    }

    package func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError) {
        try writing { contents, now throws(StorageError) in
            let change = step(contents.remembered(key, at: now), now)
            switch change.entry {
            case .keep: break
            case .put(let entry): contents.oneTime[entry.key] = entry
            case .remove: contents.oneTime[key] = nil
            }
            contents.apply(change.writes, change.events, at: now)
        }
    }

    package func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try writing { contents, now throws(StorageError) in
            contents.oneTime.removeValue(forKey: key).flatMap { $0.expiresAt > now ? $0 : nil }
        }
    }

    package func purgeOneTime(
        before instant: Instant,
        limit: Int
    ) async throws(StorageError) -> Int {
        try writing { contents, _ throws(StorageError) in
            let over = contents.oneTime.values.filter { $0.expiresAt < instant }.prefix(limit)
            for entry in over { contents.oneTime[entry.key] = nil }
            return over.count
        }
    }
}

// MARK: - Records

extension InMemoryStorage {
    package func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found {
        try whole { contents, _ throws(StorageError) in
            Found(
                record: contents.records[kind]?[id],
                revision: Revision(contents.revision)
            )
        }
    }

    package func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found {
        try whole { contents, _ throws(StorageError) in
            Found(
                record: contents.records[kind]?.values.first { $0.name == name },
                revision: Revision(contents.revision)
            )
        }
    }

    package func save(
        _ changes: [RecordChange],
        events: [AuditEvent]
    ) async throws(StorageError) {
        try writing { contents, now throws(StorageError) in
            var records = contents.records
            for change in changes {
                switch change {
                case .put(let record, let expecting):
                    let kind = records[record.kind, default: [:]]
                    guard kind[record.id]?.version == expecting else { throw .conflict }
                    if let name = record.name,
                        kind.values.contains(where: { $0.name == name && $0.id != record.id })
                    {
                        throw .conflict
                    }
                    records[record.kind, default: [:]][record.id] =
                        record.at(version: (expecting ?? 0) + 1)
                case .delete(let kind, let id, let expecting):
                    guard records[kind]?[id]?.version == expecting else { throw .conflict }
                    records[kind]?[id] = nil
                }
            }
            contents.records = records
            contents.revision += 1
            contents.append(events, at: now)
        }
    }

    package func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed {
        try whole { contents, _ throws(StorageError) in
            let records = (contents.records[kind] ?? [:]).values
                .filter { owner == nil || $0.owner == owner }
                .filter { record in cursor.map { record.id > $0 } ?? true }
                .sorted { $0.id < $1.id }
                .prefix(limit)
            return Listed(records: Array(records), revision: Revision(contents.revision))
        }
    }
}

extension StoredRecord {
    /// The same record with this version.
    package func at(version: Int64) -> StoredRecord {
        StoredRecord(
            kind: kind,
            id: id,
            name: name,
            owner: owner,
            version: version,
            epoch: epoch,
            body: body
        )
    }
}

// MARK: - The audit log

extension InMemoryStorage {
    package func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        try whole { contents, _ throws(StorageError) in
            var entries: [AuditEntry] = []
            for entry in contents.events.reversed() where entries.count < limit {
                guard selection.includes(entry.event) else { continue }
                guard let event = AuditEvent(entry.event) else {
                    throw .corrupt("the event \"\(entry.event.name)\" cannot be read")
                }
                entries.append(AuditEntry(at: entry.at, event: event))
            }
            return entries
        }
    }

    package func purgeEvents(
        before instant: Instant,
        limit: Int
    ) async throws(StorageError) -> Int {
        try writing { contents, _ throws(StorageError) in
            let count = min(limit, contents.events.prefix { $0.at < instant }.count)
            contents.events.removeFirst(count)
            return count
        }
    }
}

// MARK: - The end log

extension InMemoryStorage {
    package func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry] {
        try whole { contents, _ throws(StorageError) in
            Array(
                contents.ends.filter { $0.position > position && $0.at >= instant }.prefix(limit)
            )
        }
    }

    package func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try whole { contents, _ throws(StorageError) in
            let old = contents.ends.dropLast().prefix { $0.at < instant }.count
            let count = min(limit, old)
            contents.ends.removeFirst(count)
            return count
        }
    }
}

extension AuditSelection {
    /// Whether an event is one of these.
    package func includes(_ event: AuditEvent) -> Bool { includes(event.stored) }

    func includes(_ event: StoredEvent) -> Bool {
        switch self {
        case .all: true
        case .family(let id): event.family == id
        case .account(let id): event.account == id
        }
    }
}
