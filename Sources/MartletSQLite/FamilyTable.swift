import GRDB
import MartletCore
import MartletProtocol

/// What was authorized, a row for each family: written once, never changed.
struct FamilyTable {
    /// What ``authorized(_:from:)`` reads, in its order.
    private static let columns = """
        family.id, family.client, family.account, family.scope, family.resources,
        family.secret_hash, family.refresh_key, family.key_binding, family.epoch_account,
        family.epoch_client, family.epoch_consent, family.made_at, family.absolute_end,
        family.auth_time, family.acr, family.amr, family.address, family.user_agent,
        family.sign_in, family.ends_with_sign_in, family.claims
        """

    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    func contains(_ id: FamilyID) throws -> Bool {
        let select = try SQLStatement(database, cached: "SELECT 1 FROM family WHERE id = ?")
        select.bind(1, id.value)
        return try select.first { _ in true } ?? false
    }

    func insert(_ family: AuthorizedFamily) throws {
        let insert = try SQLStatement(
            database,
            cached: """
                INSERT INTO family (id, client, account, scope, resources, secret_hash,
                    refresh_key, key_binding, epoch_account, epoch_client, epoch_consent, made_at,
                    absolute_end, auth_time, acr, amr, address, user_agent, sign_in,
                    ends_with_sign_in, claims)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        insert.bind(1, family.id.value)
        insert.bind(2, family.client.rawValue)
        insert.bind(3, family.account.rawValue)
        insert.bind(4, family.scope.description)
        insert.bind(5, JSONColumn.text(family.resources.map(\.rawValue)))
        insert.bind(6, family.secretHash)
        insert.bind(7, Int64(family.refreshKey.value))
        insert.bind(8, family.keyBinding)
        insert.bind(9, family.epochs.account)
        insert.bind(10, family.epochs.client)
        insert.bind(11, family.epochs.consent)
        insert.bind(12, family.madeAt.microseconds)
        insert.bind(13, family.absoluteEnd.microseconds)
        insert.bind(14, family.authentication.time.microseconds)
        insert.bind(15, family.authentication.contextClass)
        insert.bind(16, JSONColumn.text(family.authentication.methods))
        insert.bind(17, family.origin.address)
        insert.bind(18, family.origin.userAgent)
        insert.bind(19, family.signIn?.id.rawValue)
        insert.bind(20, family.signIn?.endsWithIt == true ? 1 : Int64(0))
        insert.bind(21, family.claims.map { JSONColumn.text($0.json) })
        try insert.execute()
    }

    /// The families of an account at a client that have not ended and whose absolute end lies
    /// ahead, the least recently used first.
    func live(of account: AccountID, at client: ClientID, now: Instant) throws -> [TokenFamily] {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(FamilyStateTable.columns), \(Self.columns)
                FROM family JOIN family_state state ON state.id = family.id
                WHERE family.account = ?1 AND family.client = ?2 AND family.absolute_end > ?3
                    AND state.end_reason IS NULL
                ORDER BY state.last_rotation DESC, family.id DESC
                LIMIT \(RotationPolicy.maximumSessions)
                """
        )
        select.bind(1, account.rawValue)
        select.bind(2, client.rawValue)
        select.bind(3, now.microseconds)
        return try select.all { try Self.family($0, from: 0) }.reversed()
    }

    /// Removes a family's authorized record.
    func remove(_ id: FamilyID) throws {
        let delete = try SQLStatement(database, cached: "DELETE FROM family WHERE id = ?")
        delete.bind(1, id.value)
        try delete.execute()
    }

    /// Families in the order of their ids.
    func rows(after first: FamilyID?, through last: FamilyID?, limit: Int) throws -> [StoredRow] {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(FamilyStateTable.columns), \(Self.columns)
                FROM family JOIN family_state state ON state.id = family.id
                WHERE family.id > ?2 AND family.id <= ?3 ORDER BY family.id LIMIT ?1
                """
        )
        select.bind(1, Int64(max(0, limit)))
        select.bind(2, first?.value ?? 0)
        select.bind(3, last?.value ?? .max)
        return try select.all { .family(try Self.family($0, from: 0)) }
    }

    func authorized(_ id: FamilyID) throws -> AuthorizedFamily? {
        let select = try SQLStatement(
            database,
            cached: "SELECT \(Self.columns) FROM family WHERE id = ?"
        )
        select.bind(1, id.value)
        return try select.first { try Self.authorized($0, from: 0) }
    }

    /// Removes families with their states.
    func purge(before instant: Instant, limit: Int) throws -> Int {
        let select = try SQLStatement(
            database,
            cached: "SELECT id FROM family WHERE absolute_end < ? ORDER BY absolute_end LIMIT ?"
        )
        select.bind(1, instant.microseconds)
        select.bind(2, Int64(max(0, limit)))
        let over = try select.all { $0.int64(0) }.compactMap { FamilyID($0) }
        let states = try FamilyStateTable(database)
        for id in over {
            try remove(id)
            try states.remove(id)
        }
        return over.count
    }
}

// MARK: - Views

extension FamilyTable {
    /// A family with its standing and the revision: one statement, so one moment.
    func view(of id: FamilyID) throws -> FamilyView {
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(Self.viewColumns)
                FROM store
                LEFT JOIN family ON family.id = ?1
                LEFT JOIN family_state state ON state.id = family.id
                \(Self.standingJoins)
                """
        )
        select.bind(1, id.value)
        guard let view = try select.first(Self.view) else {
            throw StorageError.corrupt("the store's own row is missing")
        }
        return view
    }

    func views(
        of families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) throws -> [FamilyView] {
        let (condition, account, client) = Self.condition(families)
        let select = try SQLStatement(
            database,
            cached: """
                SELECT \(Self.viewColumns)
                FROM store
                JOIN family
                JOIN family_state state ON state.id = family.id
                \(Self.standingJoins)
                WHERE family.id < ?1 AND \(condition)
                ORDER BY family.id DESC LIMIT ?2
                """
        )
        select.bind(1, cursor?.value ?? .max)
        select.bind(2, Int64(max(0, limit)))
        if let account { select.bind(3, account.rawValue) }
        if let client { select.bind(4, client.rawValue) }
        return try select.all(Self.view)
    }

    private static func condition(
        _ families: FamilySelection
    ) -> (String, AccountID?, ClientID?) {
        switch families {
        case .all: ("TRUE", nil, nil)
        case .account(let account): ("family.account = ?3", account, nil)
        case .client(let client): ("family.client = ?4", nil, client)
        case .accountAtClient(let account, let client):
            ("family.account = ?3 AND family.client = ?4", account, client)
        }
    }

    private static let viewColumns = """
        store.revision,
        account.epoch_value, account.epoch_at, account.epoch_reason,
        client.epoch_value, client.epoch_at, client.epoch_reason,
        consent.epoch_value, consent.epoch_at, consent.epoch_reason,
        family.ends_with_sign_in AND sign_in.id IS NULL,
        store.condition,
        \(FamilyStateTable.columns), \(columns)
        """

    /// The id of a consent's record is put together as `Consent.recordID` does.
    private static let standingJoins = """
        LEFT JOIN record account
            ON account.kind = 'account' AND account.id = family.account
        LEFT JOIN record client
            ON client.kind = 'client' AND client.id = family.client
        LEFT JOIN record consent
            ON consent.kind = 'consent' AND consent.id = family.account || ' ' || family.client
        LEFT JOIN one_time sign_in
            ON sign_in.kind = 'sign_in' AND sign_in.id = family.sign_in
        """

    private static func view(_ row: SQLStatement) throws -> FamilyView {
        let standing = Standing(
            account: try row.epoch(1),
            client: try row.epoch(4),
            consent: try row.epoch(7),
            isSignedIn: row.int64(10) == 0,
            restoration: row.isNull(11)
                ? nil : try StoreCondition(stored: row.text(11)).restoration
        )
        return FamilyView(
            family: row.isNull(12) ? nil : try family(row, from: 12),
            standing: standing,
            revision: Revision(row.int64(0))
        )
    }

    private static func family(_ row: SQLStatement, from first: Int32) throws -> TokenFamily {
        TokenFamily(
            authorized: try authorized(row, from: first + FamilyStateTable.columnCount),
            state: try FamilyStateTable.state(row, from: first)
        )
    }

    private static func authorized(
        _ row: SQLStatement,
        from first: Int32
    ) throws -> AuthorizedFamily {
        guard let id = FamilyID(row.int64(first)),
            let scope = Scope(row.text(first + 3)),
            let refreshKey = UInt8(exactly: row.int64(first + 6))
        else { throw StorageError.corrupt("a family's row has an impossible value") }
        return AuthorizedFamily(
            id: id,
            client: ClientID(rawValue: row.text(first + 1)),
            account: AccountID(rawValue: row.text(first + 2)),
            scope: scope,
            resources: try JSONColumn.list(row.text(first + 4)).map(ResourceID.init(rawValue:)),
            secretHash: row.optionalBytes(first + 5),
            refreshKey: RefreshKeyID(refreshKey),
            keyBinding: row.optionalText(first + 7),
            epochs: FamilyEpochs(
                account: row.int64(first + 8),
                client: row.int64(first + 9),
                consent: row.int64(first + 10)
            ),
            madeAt: row.instant(first + 11),
            absoluteEnd: row.instant(first + 12),
            authentication: Authentication(
                time: row.instant(first + 13),
                contextClass: row.optionalText(first + 14),
                methods: try JSONColumn.list(row.text(first + 15))
            ),
            origin: Origin(address: row.text(first + 16), userAgent: row.text(first + 17)),
            signIn: row.optionalText(first + 18).map { id in
                FamilySignIn(
                    id: SignInID(rawValue: id),
                    endsWithIt: row.int64(first + 19) != 0
                )
            },
            claims: try row.optionalText(first + 20).map(JSONColumn.claims)
        )
    }
}
