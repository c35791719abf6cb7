import MartletCore

/// The tables, as numbered steps from nothing to today's schema.
///
/// A step that was released is never changed; the next one is appended. What has been done stands
/// in the store's own row, whose lock lets one node after the other through. Nodes of the version
/// before go on working during an upgrade, so a step adds and never takes away what they use; one
/// that must raises ``readableFrom`` a release later.
enum Migrations {
    static let newest = Int64(steps.count)
    /// The oldest number of steps that a version may know and still work with today's schema.
    static let readableFrom: Int64 = 1

    /// How often another node may come first.
    private static let maximumAttempts = 20

    /// Brings the schema up to date.
    static func apply(
        on connection: PostgresConnection,
        at now: Instant
    ) throws(PostgresOpenError) {
        do throws(PostgresFailure) {
            for _ in 0..<maximumAttempts {
                guard let version = try version(on: connection) else {
                    try begin(on: connection, at: now)
                    continue
                }
                guard version.readableFrom <= newest else { throw PostgresOpenError.newerFailure }
                guard version.applied < newest else { return }
                try step(version.applied, on: connection)
            }
        } catch {
            throw error == PostgresOpenError.newerFailure
                ? .newerSchema : .unusable(error.reason)
        }
        throw .unusable("its schema is changed by others all the time")
    }

    struct Version {
        let applied: Int64
        let readableFrom: Int64
    }

    /// `nil` if there is no store in this database yet.
    static func version(
        on connection: PostgresConnection
    ) throws(PostgresFailure) -> Version? {
        do throws(PostgresFailure) {
            let row = try connection.run([select()])[0].first
            return row.map { Version(applied: $0.integer(0), readableFrom: $0.integer(1)) }
        } catch {
            guard error.kind == .missingTable else { throw error }
            return nil
        }
    }

    /// Makes the store's own table and row. Of two nodes that do so at once one may fail, and finds
    /// everything there when it looks again.
    private static func begin(
        on connection: PostgresConnection,
        at now: Instant
    ) throws(PostgresFailure) {
        do throws(PostgresFailure) {
            _ = try connection.run([makeStore()])
            _ = try connection.run([insertStore(.integer(now.microseconds), .plain(newIdentity()))])
        } catch {
            guard error.kind == .taken || error.kind == .contention || isThere.contains(error.code)
            else { throw error }
        }
    }

    /// What making a table says that somebody else has made meanwhile: of the table, or of the type
    /// that goes with it.
    private static let isThere: Set<String> = ["42P07", "42710"]

    /// 128 random bits.
    private static func newIdentity() -> String {
        let digits = 32
        return String((0..<digits).compactMap { _ in "0123456789abcdef".randomElement() })
    }

    /// One step, if nobody has done it meanwhile.
    private static func step(
        _ index: Int64,
        on connection: PostgresConnection
    ) throws(PostgresFailure) {
        let statements = steps[Int(index)].enumerated().map { number, text in
            Statement("step \(index + 1).\(number + 1)", text)()
        }
        do throws(PostgresFailure) {
            _ = try connection.run(
                [lock(.integer(index))] + statements
                    + [finish(.integer(index + 1), .integer(readableFrom))]
            )
        } catch {
            guard error.kind == .overtaken || error.kind == .contention else { throw error }
        }
    }

    // MARK: Statements

    private static let select = Statement(
        "schema_version",
        "SELECT schema_version, readable_from FROM martlet_store WHERE id = 1"
    )
    private static let makeStore = Statement(
        "make_store",
        """
        CREATE TABLE IF NOT EXISTS martlet_store (
            id int8 PRIMARY KEY,
            schema_version int8 NOT NULL,
            readable_from int8 NOT NULL,
            revision int8 NOT NULL,
            created_at int8 NOT NULL,
            identity text NOT NULL,
            condition text,
            takes_writes int8 NOT NULL
        )
        """
    )
    private static let insertStore = Statement(
        "insert_store",
        """
        INSERT INTO martlet_store VALUES (1, 0, 0, 0, $1, $2, NULL, 1) ON CONFLICT (id) DO NOTHING
        """
    )
    private static let lock = Statement(
        "lock_schema",
        """
        SELECT 1 / count(*) FROM (
            SELECT 1 FROM martlet_store WHERE id = 1 AND schema_version = $1 FOR UPDATE) AS held
        """
    )
    private static let finish = Statement(
        "finish_step",
        "UPDATE martlet_store SET schema_version = $1, readable_from = $2 WHERE id = 1"
    )

    private static let steps: [[String]] = [
        // 1. Everything that SQLite's store has, and as it has it. Keys hold no sequence, so that no
        //    node asks another; the family's id is what families are spread by where there are
        //    several servers. Rows of the state are overwritten in place as long as their page has
        //    room (fillfactor), for no index has to know.
        [
            """
            CREATE TABLE IF NOT EXISTS martlet_family (
                id int8 PRIMARY KEY,
                client text COLLATE "C" NOT NULL,
                account text COLLATE "C" NOT NULL,
                scope text NOT NULL,
                resources text NOT NULL,
                secret_hash bytea,
                refresh_key int8 NOT NULL,
                key_binding text,
                epoch_account int8 NOT NULL,
                epoch_client int8 NOT NULL,
                epoch_consent int8 NOT NULL,
                made_at int8 NOT NULL,
                absolute_end int8 NOT NULL,
                auth_time int8 NOT NULL,
                acr text,
                amr text NOT NULL,
                address text NOT NULL,
                user_agent text NOT NULL,
                sign_in text COLLATE "C",
                ends_with_sign_in int8 NOT NULL,
                claims text
            )
            """,
            "CREATE INDEX IF NOT EXISTS martlet_family_by_account ON martlet_family (account, client)",
            "CREATE INDEX IF NOT EXISTS martlet_family_by_client ON martlet_family (client)",
            "CREATE INDEX IF NOT EXISTS martlet_family_by_end ON martlet_family (absolute_end)",
            """
            CREATE TABLE IF NOT EXISTS martlet_family_state (
                id int8 PRIMARY KEY,
                generation int8 NOT NULL,
                last_rotation int8 NOT NULL,
                ended_at int8,
                end_reason text,
                marks int8 NOT NULL
            ) WITH (fillfactor = 70)
            """,
            """
            CREATE TABLE IF NOT EXISTS martlet_record (
                kind text COLLATE "C" NOT NULL,
                id text COLLATE "C" NOT NULL,
                name text COLLATE "C",
                owner text COLLATE "C",
                version int8 NOT NULL,
                epoch_value int8,
                epoch_at int8,
                epoch_reason text,
                body bytea NOT NULL,
                PRIMARY KEY (kind, id)
            )
            """,
            """
            CREATE UNIQUE INDEX IF NOT EXISTS martlet_record_by_name ON martlet_record (kind, name)
                WHERE name IS NOT NULL
            """,
            """
            CREATE INDEX IF NOT EXISTS martlet_record_by_owner ON martlet_record (kind, owner, id)
                WHERE owner IS NOT NULL
            """,
            """
            CREATE TABLE IF NOT EXISTS martlet_one_time (
                kind text COLLATE "C" NOT NULL,
                id text COLLATE "C" NOT NULL,
                expires_at int8 NOT NULL,
                body bytea NOT NULL,
                PRIMARY KEY (kind, id)
            )
            """,
            "CREATE INDEX IF NOT EXISTS martlet_one_time_by_expiry ON martlet_one_time (expires_at)",
            """
            CREATE TABLE IF NOT EXISTS martlet_audit (
                id int8 PRIMARY KEY,
                at int8 NOT NULL,
                name text NOT NULL,
                family int8,
                account text COLLATE "C",
                client text COLLATE "C",
                particulars text NOT NULL
            )
            """,
            """
            CREATE INDEX IF NOT EXISTS martlet_audit_by_family ON martlet_audit (family, id)
                WHERE family IS NOT NULL
            """,
            """
            CREATE INDEX IF NOT EXISTS martlet_audit_by_account ON martlet_audit (account, id)
                WHERE account IS NOT NULL
            """,
            """
            CREATE TABLE IF NOT EXISTS martlet_end_log (
                id int8 PRIMARY KEY,
                at int8 NOT NULL,
                body text NOT NULL
            )
            """,
            "CREATE TABLE IF NOT EXISTS martlet_end_count (id int8 PRIMARY KEY, last int8 NOT NULL)",
        ],
        // 2. The counter of ends. A step's statements are prepared before the first of them runs, so
        //    this one waits until there is such a table.
        ["INSERT INTO martlet_end_count VALUES (1, 0) ON CONFLICT (id) DO NOTHING"],
    ]
}

/// Why a database cannot be opened as a store: one sentence for the operator, without its end.
package struct PostgresOpenError: Error, Equatable, CustomStringConvertible {
    package let description: String

    static let newerSchema = PostgresOpenError(
        description: "the store was written by a newer version of Martlet: use that version"
    )

    static func unusable(_ reason: String) -> PostgresOpenError {
        PostgresOpenError(description: "the database cannot be used: \(reason)")
    }

    static let newerFailure = PostgresFailure(
        kind: .refused,
        code: "",
        message: "newer schema"
    )
}
