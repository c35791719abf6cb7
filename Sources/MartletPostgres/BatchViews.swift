import MartletCore

/// What the steps of a batch see: the states of their families and the standing of what those hang
/// on, of one revision.
struct BatchViews {
    /// In the order of the families that were asked for.
    let views: [Result<FamilyView, StorageError>]
    let revision: Revision
    let now: Instant

    /// Reads them in one round trip. What a revision's standings were, is remembered with the
    /// connection; they are asked for once.
    ///
    /// - Returns: `nil` if the revision is another one than was thought: to be read again.
    init?(
        of families: [AuthorizedFamily],
        _ clock: DatabaseClock,
        over connection: PostgresConnection
    ) throws(PostgresFailure) {
        var known = connection.standings.standings(of: families)
        let unknown = known.unknown(among: families)
        let signIns = families.compactMap { $0.signIn?.endsWithIt == true ? $0.signIn?.id : nil }
        let sent = DatabaseClock.local()
        let rows = try connection.run(
            [FamilyStateTable.select(.integers(families.map(\.id.value)))]
                + (unknown.isEmpty ? [] : [RecordTable.standings(of: unknown)])
                + (signIns.isEmpty
                    ? [] : [OneTimeTable.signIns(.texts(signIns.map(\.rawValue)))])
        )
        guard let first = rows[0].first else {
            throw PostgresFailure(kind: .refused, code: "", message: "the store's row is missing")
        }
        guard first.integer(FamilyStateTable.takesWritesColumn) != 0 else {
            throw .outOfService
        }
        revision = Revision(first.integer(0))
        let time = first.instant(1)
        clock.note(time, sent: sent, received: DatabaseClock.local())
        now = clock.time(of: time)
        if !unknown.isEmpty { known.add(rows[1], of: unknown) }
        guard known.isOf(revision) else {
            connection.standings = StandingMemory()
            return nil
        }
        connection.standings.remember(known)
        let condition = Result { () throws(StorageError) in
            try StoreTable.condition(first, FamilyStateTable.conditionColumn)
        }
        let present: Set<String> =
            signIns.isEmpty ? [] : Set((rows.last?.map { $0.text(0) }) ?? [])
        var views = [Result<FamilyView, StorageError>](
            repeating: .failure(StoreTable.missing),
            count: families.count
        )
        for index in 0..<rows[0].count {
            let row = rows[0][index]
            let number = Int(row.integer(2)) - 1
            let family = families[number]
            views[number] = Result { () throws(StorageError) in
                FamilyView(
                    family: row.isNull(FamilyStateTable.firstColumn)
                        ? nil
                        : TokenFamily(
                            authorized: family,
                            state: try FamilyStateTable.state(
                                row,
                                from: FamilyStateTable.firstColumn
                            )
                        ),
                    standing: try known.standing(
                        of: family,
                        present: present,
                        restoration: condition.get().restoration
                    ),
                    revision: Revision(row.integer(0))
                )
            }
        }
        self.views = views
    }

    /// The states of these families alone.
    static func states(
        of ids: [FamilyID],
        over connection: PostgresConnection
    ) throws(PostgresFailure) -> [FamilyID: FamilyState] {
        let rows = try connection.run([FamilyStateTable.select(.integers(ids.map(\.value)))])[0]
        var states: [FamilyID: FamilyState] = [:]
        let first = FamilyStateTable.firstColumn
        for index in 0..<rows.count where !rows[index].isNull(first) {
            let id = ids[Int(rows[index].integer(2)) - 1]
            states[id] = try? FamilyStateTable.state(rows[index], from: first)
        }
        return states
    }
}

/// The standings that families were seen in over one connection, as long as no record changes.
///
/// It goes with its connection: another one may lead to a database that was set back (a standby that
/// lacked the last commits, a recovery to an earlier time), in which the same revision, or none at
/// all, can stand for other records.
struct StandingMemory {
    /// Enough for every pair of account and client in rotation on one node; past it the memory
    /// starts again from nothing.
    private static let capacity = 65_536

    struct Pair: Hashable {
        let account: AccountID
        let client: ClientID

        init(_ family: AuthorizedFamily) {
            account = family.account
            client = family.client
        }
    }

    /// Standings for one batch: those that were known, and those that were read with it.
    struct Standings {
        fileprivate var knownRevision: Revision?
        fileprivate var known: [Pair: Standing] = [:]
        fileprivate var readRevision: Revision?
        fileprivate var read: [Pair: Standing] = [:]

        /// The pairs that are to be read.
        func unknown(among families: [AuthorizedFamily]) -> [Pair] {
            let unknown = families.lazy.map(Pair.init).filter { known[$0] == nil }
            return Array(Set(unknown))
        }

        mutating func add(_ rows: Rows, of asked: [Pair]) {
            for index in 0..<rows.count {
                let row = rows[index]
                readRevision = Revision(row.integer(RecordTable.standingsRevisionColumn))
                read[asked[Int(row.integer(0)) - 1]] = try? RecordTable.standing(row)
            }
        }

        /// Whether all of them held at this revision.
        func isOf(_ revision: Revision) -> Bool {
            (known.isEmpty || knownRevision == revision)
                && (read.isEmpty || readRevision == revision)
        }

        func standing(
            of family: AuthorizedFamily,
            present: Set<String>,
            restoration: Restoration?
        ) throws(StorageError) -> Standing {
            let pair = Pair(family)
            guard let epochs = known[pair] ?? read[pair] else {
                throw .corrupt("the epochs of account, client or consent cannot be read")
            }
            let endsWith = family.signIn.flatMap { $0.endsWithIt ? $0.id.rawValue : nil }
            return Standing(
                account: epochs.account,
                client: epochs.client,
                consent: epochs.consent,
                isSignedIn: endsWith.map(present.contains) ?? true,
                restoration: restoration
            )
        }
    }

    private var revision: Revision?
    private var pairs: [Pair: Standing] = [:]

    /// What is known of these families' standing.
    func standings(of families: [AuthorizedFamily]) -> Standings {
        var standings = Standings()
        standings.knownRevision = revision
        for pair in families.lazy.map(Pair.init) {
            if let standing = pairs[pair] { standings.known[pair] = standing }
        }
        return standings
    }

    /// Keeps what was read, in place of what is of another revision, be that one lower or higher.
    /// What is missing may be created without a new revision (``Write/create(_:)``), so only what
    /// is whole is kept.
    mutating func remember(_ standings: Standings) {
        guard let read = standings.readRevision else { return }
        if revision != read || pairs.count >= Self.capacity {
            pairs.removeAll(keepingCapacity: true)
        }
        revision = read
        for (pair, standing) in standings.read where standing.epochs != nil {
            pairs[pair] = standing
        }
    }
}

extension RecordTable {
    static func standings(of pairs: [StandingMemory.Pair]) -> Query {
        standings(
            .texts(pairs.map(\.account.rawValue)),
            .texts(pairs.map(\.client.rawValue))
        )
    }
}
