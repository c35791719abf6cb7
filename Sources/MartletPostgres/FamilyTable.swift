import MartletCore
import MartletProtocol

/// What was authorized, a row for each family: written once, never changed.
enum FamilyTable {
    /// What ``authorized(_:from:)`` reads, in its order.
    private static let columns = """
        family.id, family.client, family.account, family.scope, family.resources,
        family.secret_hash, family.refresh_key, family.key_binding, family.epoch_account,
        family.epoch_client, family.epoch_consent, family.made_at, family.absolute_end,
        family.auth_time, family.acr, family.amr, family.address, family.user_agent,
        family.sign_in, family.ends_with_sign_in, family.claims
        """

    private static let insert = Statement(
        "insert_family",
        """
        INSERT INTO martlet_family (id, client, account, scope, resources, secret_hash,
            refresh_key, key_binding, epoch_account, epoch_client, epoch_consent, made_at,
            absolute_end, auth_time, acr, amr, address, user_agent, sign_in, ends_with_sign_in,
            claims)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
            $19, $20, $21)
        """
    )

    static func insert(_ family: AuthorizedFamily) -> Query {
        Query(statement: insert, parameters: parameters(family))
    }

    private static func parameters(_ family: AuthorizedFamily) -> [Parameter] {
        [
            .integer(family.id.value),
            .text(family.client.rawValue),
            .text(family.account.rawValue),
            .text(family.scope.description),
            .plain(JSONColumn.text(family.resources.map(\.rawValue))),
            .bytes(family.secretHash),
            .integer(Int64(family.refreshKey.value)),
            .text(family.keyBinding),
            .integer(family.epochs.account),
            .integer(family.epochs.client),
            .integer(family.epochs.consent),
            .integer(family.madeAt.microseconds),
            .integer(family.absoluteEnd.microseconds),
            .integer(family.authentication.time.microseconds),
            .text(family.authentication.contextClass),
            .plain(JSONColumn.text(family.authentication.methods)),
            .text(family.origin.address),
            .text(family.origin.userAgent),
            .text(family.signIn?.id.rawValue),
            .integer(family.signIn?.endsWithIt == true ? 1 : 0),
            .plain(family.claims.map { JSONColumn.text($0.json) }),
        ]
    }

    private static let put = Statement(
        "put_family",
        """
        \(insert.text)
        ON CONFLICT (id) DO UPDATE SET client = excluded.client, account = excluded.account,
            scope = excluded.scope, resources = excluded.resources,
            secret_hash = excluded.secret_hash, refresh_key = excluded.refresh_key,
            key_binding = excluded.key_binding, epoch_account = excluded.epoch_account,
            epoch_client = excluded.epoch_client, epoch_consent = excluded.epoch_consent,
            made_at = excluded.made_at, absolute_end = excluded.absolute_end,
            auth_time = excluded.auth_time, acr = excluded.acr, amr = excluded.amr,
            address = excluded.address, user_agent = excluded.user_agent,
            sign_in = excluded.sign_in, ends_with_sign_in = excluded.ends_with_sign_in,
            claims = excluded.claims
        """
    )

    /// Writes what was authorized, over what is there.
    static func put(_ family: AuthorizedFamily) -> Query {
        Query(statement: put, parameters: parameters(family))
    }

    private static let removal = Statement(
        "remove_family",
        "DELETE FROM martlet_family WHERE id = $1"
    )

    static func remove(_ id: FamilyID) -> Query { removal(.integer(id.value)) }

    private static let page = Statement(
        "family_rows",
        """
        SELECT \(FamilyStateTable.columns), \(columns)
        FROM martlet_family family JOIN martlet_family_state state ON state.id = family.id
        WHERE family.id > $1 AND family.id <= $2 ORDER BY family.id LIMIT $3
        """
    )

    static func rows(_ range: KeyRange) -> Query {
        Query(statement: page, parameters: range.numbers)
    }

    static func row(_ row: Row) throws(StorageError) -> StoredRow? {
        .family(try family(row, from: 0))
    }

    /// Removes families with their states.
    static let purge = Statement(
        "purge_families",
        """
        WITH over AS (
            SELECT id FROM martlet_family WHERE absolute_end < $1 ORDER BY absolute_end LIMIT $2),
        states AS (DELETE FROM martlet_family_state WHERE id IN (SELECT id FROM over))
        DELETE FROM martlet_family WHERE id IN (SELECT id FROM over) RETURNING 1
        """
    )

    // MARK: Siblings

    private static let live = """
        FROM martlet_family family JOIN martlet_family_state state ON state.id = family.id
        WHERE family.account = $1 AND family.client = $2 AND family.absolute_end > \
        COALESCE($3, \(SQL.statementTime)) AND state.end_reason IS NULL
        """

    /// The families of an account at a client that have not ended and whose absolute end lies
    /// ahead, the most recently used first, and how many there are.
    static let siblings = Statement(
        "siblings",
        """
        SELECT count(*) OVER (), \(FamilyStateTable.columns), \(columns) \(live)
        ORDER BY state.last_rotation DESC, family.id DESC
        LIMIT \(RotationPolicy.maximumSessions)
        """
    )

    /// A proviso: those that were seen are still all there are, and no record has changed.
    static let sameSiblings = Statement(
        "same_siblings",
        """
        SELECT 1 / (CASE WHEN count(*) = $4
            AND count(CASE WHEN family.id = ANY($5::int8[]) THEN 1 END) = cardinality($5::int8[])
            AND $6 = (SELECT store.revision FROM martlet_store store WHERE store.id = 1)
            THEN 1 ELSE 0 END)
        \(live)
        """
    )

    static func sibling(_ row: Row) throws(StorageError) -> TokenFamily {
        try family(row, from: 1)
    }

    // MARK: Views

    /// A family with its standing and the revision: one statement, so one moment.
    static let view = Statement(
        "family",
        """
        SELECT \(viewColumns)
        FROM martlet_store store
        LEFT JOIN martlet_family family ON family.id = $1
        LEFT JOIN martlet_family_state state ON state.id = family.id
        \(standingJoins)
        WHERE store.id = 1
        """
    )

    static func list(
        _ families: FamilySelection,
        before cursor: FamilyID?,
        limit: Int
    ) -> Query {
        let last = Parameter.integer(cursor?.value ?? .max)
        let limit = Parameter.integer(Int64(max(0, limit)))
        return switch families {
        case .all: all(last, limit)
        case .account(let account): ofAccount(last, limit, .text(account.rawValue))
        case .client(let client): ofClient(last, limit, .text(client.rawValue))
        case .accountAtClient(let account, let client):
            ofAccountAtClient(last, limit, .text(account.rawValue), .text(client.rawValue))
        }
    }

    private static let all = listing("families", "TRUE")
    private static let ofAccount = listing("families_of_account", "family.account = $3")
    private static let ofClient = listing("families_of_client", "family.client = $3")
    private static let ofAccountAtClient = listing(
        "families_of_account_at_client",
        "family.account = $3 AND family.client = $4"
    )

    private static func listing(_ name: String, _ condition: String) -> Statement {
        Statement(
            name,
            """
            SELECT \(viewColumns)
            FROM martlet_store store
            CROSS JOIN martlet_family family
            JOIN martlet_family_state state ON state.id = family.id
            \(standingJoins)
            WHERE store.id = 1 AND family.id < $1 AND \(condition)
            ORDER BY family.id DESC LIMIT $2
            """
        )
    }

    private static let viewColumns = """
        store.revision,
        account.epoch_value, account.epoch_at, account.epoch_reason,
        client.epoch_value, client.epoch_at, client.epoch_reason,
        consent.epoch_value, consent.epoch_at, consent.epoch_reason,
        CASE WHEN family.ends_with_sign_in = 1 AND sign_in.id IS NULL THEN 0 ELSE 1 END,
        store.condition, \(FamilyStateTable.columns), \(columns)
        """

    /// The id of a consent's record is put together as `Consent.recordID` does.
    private static let standingJoins = """
        LEFT JOIN martlet_record account
            ON account.kind = 'account' AND account.id = family.account
        LEFT JOIN martlet_record client
            ON client.kind = 'client' AND client.id = family.client
        LEFT JOIN martlet_record consent
            ON consent.kind = 'consent' AND consent.id = family.account || ' ' || family.client
        LEFT JOIN martlet_one_time sign_in
            ON sign_in.kind = 'sign_in' AND sign_in.id = family.sign_in
        """

    static func view(_ row: Row) throws(StorageError) -> FamilyView {
        let standing = Standing(
            account: try row.epoch(1),
            client: try row.epoch(4),
            consent: try row.epoch(7),
            isSignedIn: row.integer(10) != 0,
            restoration: try StoreTable.condition(row, 11).restoration
        )
        return FamilyView(
            family: row.isNull(12) ? nil : try family(row, from: 12),
            standing: standing,
            revision: Revision(row.integer(0))
        )
    }

    private static func family(_ row: Row, from first: Int32) throws(StorageError) -> TokenFamily {
        TokenFamily(
            authorized: try authorized(row, from: first + FamilyStateTable.columnCount),
            state: try FamilyStateTable.state(row, from: first)
        )
    }

    private static func authorized(
        _ row: Row,
        from first: Int32
    ) throws(StorageError) -> AuthorizedFamily {
        guard let id = FamilyID(row.integer(first)),
            let scope = Scope(row.text(first + 3)),
            let refreshKey = UInt8(exactly: row.integer(first + 6))
        else { throw .corrupt("a family's row has an impossible value") }
        var claims: ClaimsRequest?
        if let text = row.optionalPlain(first + 20) { claims = try JSONColumn.claims(text) }
        return AuthorizedFamily(
            id: id,
            client: ClientID(rawValue: row.text(first + 1)),
            account: AccountID(rawValue: row.text(first + 2)),
            scope: scope,
            resources: try JSONColumn.list(row.plain(first + 4)).map(ResourceID.init(rawValue:)),
            secretHash: row.optionalBytes(first + 5),
            refreshKey: RefreshKeyID(refreshKey),
            keyBinding: row.optionalText(first + 7),
            epochs: FamilyEpochs(
                account: row.integer(first + 8),
                client: row.integer(first + 9),
                consent: row.integer(first + 10)
            ),
            madeAt: row.instant(first + 11),
            absoluteEnd: row.instant(first + 12),
            authentication: Authentication(
                time: row.instant(first + 13),
                contextClass: row.optionalText(first + 14),
                methods: try JSONColumn.list(row.plain(first + 15))
            ),
            origin: Origin(address: row.text(first + 16), userAgent: row.text(first + 17)),
            signIn: row.optionalText(first + 18).map { id in
                FamilySignIn(
                    id: SignInID(rawValue: id),
                    endsWithIt: row.integer(first + 19) != 0
                )
            },
            claims: claims
        )
    }
}
