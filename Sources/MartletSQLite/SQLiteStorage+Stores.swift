package import MartletCore

// MARK: - The store as a whole

extension SQLiteStorage {
    package func revision() async throws(StorageError) -> Revision {
        try await look { database in try StoreTable(database).revision() }
    }
}

// MARK: - Token families

extension SQLiteStorage {
    package func insert(
        _ family: TokenFamily,
        redeeming redeemed: OneTimeKey?,
        step: @escaping @Sendable (InsertView, Instant) -> ErasedChange?
    ) async throws(StorageError) {
        try await write { access -> Result<Void, StorageError> in
            let authorized = family.authorized
            guard try !access.families.contains(authorized.id) else { return .failure(.conflict) }
            let now = access.now
            let view = InsertView(
                standing: try access.newStanding(of: authorized),
                siblings: try access.families.live(
                    of: authorized.account,
                    at: authorized.client,
                    now: now
                ),
                redeemed: try redeemed.flatMap { try access.oneTime.find($0, at: now) },
                revision: access.revision
            )
            guard let change = step(view, now) else { return .success(()) }
            try access.families.insert(authorized)
            try access.states.insert(authorized.id, change.state ?? family.state)
            try access.write(change, at: now)
            return .success(())
        }
    }

    package func change(
        _ family: AuthorizedFamily,
        step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        try await write(to: family.id) { access -> Result<Void, StorageError> in
            let state = try access.states.find(family.id)
            let view = FamilyView(
                family: state.map { TokenFamily(authorized: family, state: $0) },
                standing: state == nil
                    ? try access.newStanding(of: family) : try access.standing(of: family),
                revision: access.revision
            )
            let clock = access.now
            let now = max(clock, state?.lastRotation ?? clock)
            let change = step(view, now)
            guard let state else { return .success(()) }
            if let next = change.state, next != state {
                try access.states.update(family.id, to: next)
            }
            try access.write(change, at: now)
            return .success(())
        }
    }

    package func find(_ id: FamilyID) async throws(StorageError) -> FamilyView {
        try await look { database in try FamilyTable(database).view(of: id) }
    }

    package func list(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) async throws(StorageError) -> [FamilyView] {
        try await read { database in
            try FamilyTable(database).views(of: families, before: cursor, limit: limit)
        }
    }

    package func purge(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await write { access in
            .success(try access.families.purge(before: instant, limit: limit))
        }
    }
}

// MARK: - Things good for one use

extension SQLiteStorage {
    package func put(_ entry: OneTimeEntry) async throws(StorageError) -> Bool {
        try await write { access in
            guard try access.oneTime.find(entry.key, at: access.now) == nil else {
                return .success(false)
            }
            try access.oneTime.put(entry)
            return .success(true)
        }
    }

    package func find(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        let now = clock()
        return try await look { database in try OneTimeTable(database).find(key, at: now) }
    }

    package func change(
        _ key: OneTimeKey,
        step: @escaping @Sendable (OneTimeEntry?, Instant) -> ErasedOneTimeChange
    ) async throws(StorageError) {
        try await write { access -> Result<Void, StorageError> in
            let now = access.now
            let change = step(try access.oneTime.find(key, at: now), now)
            switch change.entry {
            case .keep: break
            case .put(let entry): try access.oneTime.put(entry)
            case .remove: try access.oneTime.remove(key)
            }
            try access.write(change.writes, change.events, at: now)
            return .success(())
        }
    }

    package func take(_ key: OneTimeKey) async throws(StorageError) -> OneTimeEntry? {
        try await write { access in
            guard let entry = try access.oneTime.find(key, at: access.now) else {
                return .success(nil)
            }
            try access.oneTime.remove(key)
            return .success(entry)
        }
    }

    package func purgeOneTime(
        before instant: Instant,
        limit: Int
    ) async throws(StorageError) -> Int {
        try await write { access in
            .success(try access.oneTime.purge(before: instant, limit: limit))
        }
    }
}

// MARK: - Records

extension SQLiteStorage {
    package func find(_ kind: RecordKind, id: String) async throws(StorageError) -> Found {
        try await look { database in try RecordTable(database).find(kind, id: id) }
    }

    package func find(_ kind: RecordKind, name: String) async throws(StorageError) -> Found {
        try await look { database in try RecordTable(database).find(kind, name: name) }
    }

    package func save(
        _ changes: [RecordChange],
        events: [AuditEvent]
    ) async throws(StorageError) {
        try await write { access -> Result<Void, StorageError> in
            guard try access.save(changes) else { return .failure(.conflict) }
            try access.write(events, at: access.now)
            return .success(())
        }
    }

    package func list(
        _ kind: RecordKind,
        owner: String?,
        after cursor: String?,
        limit: Int
    ) async throws(StorageError) -> Listed {
        try await read { database in
            try RecordTable(database).list(kind, owner: owner, after: cursor, limit: limit)
        }
    }
}

// MARK: - The audit log

extension SQLiteStorage {
    package func events(
        of selection: AuditSelection,
        limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        try await read { database in try AuditTable(database).list(selection, limit: limit) }
    }

    package func purgeEvents(
        before instant: Instant,
        limit: Int
    ) async throws(StorageError) -> Int {
        try await write { access in
            .success(try access.audit.purge(before: instant, limit: limit))
        }
    }
}

// MARK: - The end log

extension SQLiteStorage {
    package func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry] {
        try await read { database in
            try EndTable(database).list(after: position, from: instant, limit: limit)
        }
    }

    package func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int {
        try await write { access in
            .success(try access.ends.purge(before: instant, limit: limit))
        }
    }
}
