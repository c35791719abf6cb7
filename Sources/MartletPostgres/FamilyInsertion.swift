import MartletCore

/// A family that is to be made: what its step sees, and what it writes if nothing of that has
/// changed meanwhile.
struct FamilyInsertion: Sendable {
    let family: TokenFamily
    let redeemed: OneTimeKey?
    let step: @Sendable (InsertView, Instant) -> ErasedChange?
    let clock: DatabaseClock

    private var authorized: AuthorizedFamily { family.authorized }
    private var consentID: String {
        Consent.recordID(account: authorized.account, client: authorized.client)
    }

    /// Two of the same account and client, or from one code, do not run at the same time here.
    var keys: [WorkKey] {
        [.family(authorized.id), .siblings(authorized.account, authorized.client)]
            + (redeemed.map { [.oneTime($0)] } ?? [])
    }

    // MARK: Reading

    private static let standing = Statement(
        "insertion",
        """
        SELECT store.revision, \(SQL.now), there.id,
            account.epoch_value, account.epoch_at, account.epoch_reason,
            client.epoch_value, client.epoch_at, client.epoch_reason,
            consent.epoch_value, consent.epoch_at, consent.epoch_reason,
            sign_in.id, store.condition
        FROM martlet_store store
        LEFT JOIN martlet_family there ON there.id = $1
        LEFT JOIN martlet_record account ON account.kind = 'account' AND account.id = $2
        LEFT JOIN martlet_record client ON client.kind = 'client' AND client.id = $3
        LEFT JOIN martlet_record consent ON consent.kind = 'consent' AND consent.id = $4
        LEFT JOIN martlet_one_time sign_in ON sign_in.kind = 'sign_in' AND sign_in.id = $5
        WHERE store.id = 1
        """
    )

    var reads: [Query] {
        [
            Self.standing(
                .integer(authorized.id.value),
                .text(authorized.account.rawValue),
                .text(authorized.client.rawValue),
                .text(consentID),
                .text(authorized.signIn?.id.rawValue)
            ),
            FamilyTable.siblings(
                .text(authorized.account.rawValue),
                .text(authorized.client.rawValue),
                .integer(clock.override)
            ),
        ] + (redeemed.map { [OneTimeTable.find($0)] } ?? [])
    }

    /// What was read.
    private struct Seen {
        let view: InsertView
        let now: Instant
        /// How many siblings there are; the view has no more than it may have.
        let siblings: Int64
        /// What is under the code, expired or not.
        let redeemed: OneTimeEntry?
    }

    private func seen(_ rows: [Rows]) throws(StorageError) -> Seen {
        guard let row = rows[0].first else { throw StoreTable.missing }
        let condition = try StoreTable.condition(row, 13)
        guard condition.takesWrites else { throw .outOfService }
        guard row.isNull(2) else { throw .conflict }
        let now = clock.time(of: row.instant(1))
        var siblings: [TokenFamily] = []
        for index in 0..<rows[1].count { siblings.append(try FamilyTable.sibling(rows[1][index])) }
        var found: OneTimeTable.Found?
        if let redeemed { found = try OneTimeTable.Found(rows[2], redeemed, clock) }
        return Seen(
            view: InsertView(
                standing: Standing(
                    account: try row.epoch(3),
                    client: try row.epoch(6),
                    consent: try row.epoch(9),
                    isSignedIn: authorized.signIn?.endsWithIt != true || !row.isNull(12),
                    restoration: condition.restoration
                ),
                siblings: siblings.reversed(),
                redeemed: found?.remembered,
                revision: Revision(row.integer(0))
            ),
            now: now,
            siblings: rows[1].first?.integer(0) ?? 0,
            redeemed: found?.entry
        )
    }

    // MARK: Writing

    func plan(_ rows: [Rows]) throws -> StepPlan<Void> {
        let seen = try seen(rows)
        guard let change = step(seen.view, seen.now) else { return .answer(()) }
        return .write(
            consent(seen, change) + redemption(seen) + [siblings(seen)]
                + [
                    FamilyTable.insert(authorized),
                    FamilyStateTable.insert(authorized.id, change.state ?? family.state),
                ]
                + states(seen, change)
                + StepWrites.queries(rest(seen, change), change.events, at: seen.now, clock),
            ends: StepWrites.ends(change.writes, change.events, at: seen.now)
        ) { _ in }
    }

    /// The consent's row is what makes one family of an account at a client after another, on all
    /// nodes. A first one that somebody else has just given is not this one.
    private func consent(_ seen: Seen, _ change: ErasedChange) -> [Query] {
        guard seen.view.standing.consent == nil else {
            return [RecordTable.hold(.consent, id: consentID)]
        }
        return change.writes.compactMap { write in
            guard case .create(let record) = write, isOwnConsent(record) else { return nil }
            return RecordTable.apply(.put(record, expecting: nil))
        }
    }

    private func isOwnConsent(_ record: StoredRecord) -> Bool {
        record.kind == .consent && record.id == consentID
    }

    private func redemption(_ seen: Seen) -> [Query] {
        guard let redeemed else { return [] }
        return [seen.redeemed.map(OneTimeTable.hold) ?? OneTimeTable.absent(redeemed)]
    }

    private func siblings(_ seen: Seen) -> Query {
        FamilyTable.sameSiblings(
            .text(authorized.account.rawValue),
            .text(authorized.client.rawValue),
            .integer(seen.now.microseconds),
            .integer(seen.siblings),
            .integers(seen.view.siblings.map(\.authorized.id.value)),
            .integer(seen.view.revision.value)
        )
    }

    /// Siblings that end must be as they were seen: one that was rotated meanwhile is not the least
    /// recently used any more. In the order of their ids, as batches lock them.
    private func states(_ seen: Seen, _ change: ErasedChange) -> [Query] {
        let states = change.writes.compactMap { write -> (FamilyID, FamilyState)? in
            guard case .state(let id, let state) = write else { return nil }
            return (id, state)
        }
        return states.sorted { $0.0 < $1.0 }.map { id, state in
            let sibling = seen.view.siblings.first { $0.authorized.id == id }
            return sibling.map { FamilyStateTable.update(id, from: $0.state, to: state) }
                ?? FamilyStateTable.update(id, to: state)
        }
    }

    /// What is not written yet.
    private func rest(_ seen: Seen, _ change: ErasedChange) -> [MartletCore.Write] {
        change.writes.filter { write in
            switch write {
            case .state: false
            case .create(let record): seen.view.standing.consent != nil || !isOwnConsent(record)
            case .remember, .end: true
            }
        }
    }
}
