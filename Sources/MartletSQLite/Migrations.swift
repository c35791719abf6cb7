import GRDB
import MartletCore

/// The tables, as numbered steps from an empty file to today's schema.
///
/// A step that was released is never changed; the next one is appended. The number of steps that
/// a file has been through is its `user_version`.
enum Migrations {
    /// "Mrtl" in the file's header tells our files from other programs' databases.
    static let applicationID: Int64 = 0x4D72_746C

    static let newest = Int64(steps.count)

    /// Brings the file up to date in one transaction. Of two processes that start at once the
    /// second waits for the first and then finds nothing to do.
    static func apply(to database: Database, at now: Instant) throws {
        try database.inTransaction(.exclusive) {
            let version = try self.version(of: database)
            guard version <= newest else { throw SQLiteOpenError.newerSchema }
            guard version < newest else { return .rollback }
            for step in steps[Int(version)...] { try database.execute(sql: step) }
            if version == 0 {
                try database.execute(
                    sql: "INSERT INTO store (id, revision, created_at) VALUES (1, 0, ?)",
                    arguments: [now.microseconds]
                )
                try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            }
            try database.execute(
                sql: "UPDATE store SET identity = lower(hex(randomblob(16))) WHERE identity = ''"
            )
            try database.execute(sql: "PRAGMA user_version = \(newest)")
            return .commit
        }
    }

    /// Refuses what must not be touched: another program's database, or a newer Martlet's.
    static func check(_ database: Database) throws {
        let version = try version(of: database)
        let application = try Int64.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let tables = try Int64.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        // GRDB makes and drops a table as it turns a new file to WAL, so that a file of our making
        // can hold no table and not be empty; a foreign one holds tables.
        guard application == applicationID || (version == 0 && tables == 0) else {
            throw SQLiteOpenError.notOurs
        }
        guard version <= newest else { throw SQLiteOpenError.newerSchema }
    }

    static func isCurrent(_ database: Database) throws -> Bool {
        try version(of: database) == newest
    }

    private static func version(of database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    private static let steps: [String] = [
        // 1. Everything that the first version needs, and the columns of key binding, so that its
        //    families need no rewriting when bindings come.
        """
        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE family (
            id INTEGER PRIMARY KEY,
            client TEXT NOT NULL,
            account TEXT NOT NULL,
            scope TEXT NOT NULL,
            resources TEXT NOT NULL,
            secret_hash BLOB,
            refresh_key INTEGER NOT NULL,
            key_binding TEXT,
            epoch_account INTEGER NOT NULL,
            epoch_client INTEGER NOT NULL,
            epoch_consent INTEGER NOT NULL,
            made_at INTEGER NOT NULL,
            absolute_end INTEGER NOT NULL,
            auth_time INTEGER NOT NULL,
            acr TEXT,
            amr TEXT NOT NULL,
            address TEXT NOT NULL,
            user_agent TEXT NOT NULL
        ) STRICT;
        CREATE INDEX family_by_account ON family (account, client);
        CREATE INDEX family_by_client ON family (client);
        CREATE INDEX family_by_end ON family (absolute_end);

        CREATE TABLE family_state (
            id INTEGER PRIMARY KEY,
            generation INTEGER NOT NULL,
            last_rotation INTEGER NOT NULL,
            ended_at INTEGER,
            end_reason TEXT,
            marks INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE record (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            name TEXT,
            owner TEXT,
            version INTEGER NOT NULL,
            epoch_value INTEGER,
            epoch_at INTEGER,
            epoch_reason TEXT,
            body BLOB NOT NULL,
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX record_by_name ON record (kind, name) WHERE name IS NOT NULL;
        CREATE INDEX record_by_owner ON record (kind, owner, id) WHERE owner IS NOT NULL;

        CREATE TABLE one_time (
            kind TEXT NOT NULL,
            id TEXT NOT NULL,
            expires_at INTEGER NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX one_time_by_expiry ON one_time (expires_at);

        CREATE TABLE audit (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            name TEXT NOT NULL,
            family INTEGER,
            account TEXT,
            client TEXT,
            particulars TEXT NOT NULL
        ) STRICT;
        CREATE INDEX audit_by_family ON audit (family) WHERE family IS NOT NULL;
        CREATE INDEX audit_by_account ON audit (account) WHERE account IS NOT NULL;
        """,
        // 2. The browser's sign-in that a family was authorized from, and the claims that were
        //    asked for.
        """
        ALTER TABLE family ADD COLUMN sign_in TEXT;
        ALTER TABLE family ADD COLUMN ends_with_sign_in INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE family ADD COLUMN claims TEXT;
        """,
        // 3. What ended, for APIs that verify access tokens by themselves.
        """
        CREATE TABLE end_log (
            id INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        """,
        // 4. Which store it is, and whether it may be served (`StoreCondition`).
        """
        ALTER TABLE store ADD COLUMN identity TEXT NOT NULL DEFAULT '';
        ALTER TABLE store ADD COLUMN condition TEXT;
        ALTER TABLE store ADD COLUMN takes_writes INTEGER NOT NULL DEFAULT 1;
        """,
        // 5. What the configuration file owns is listed under an owner of its own, so that a start
        //    need not read all accounts to find it.
        """
        UPDATE record SET owner = 'file'
        WHERE kind IN ('account', 'client', 'resource') AND owner IS NULL
            AND CAST(body AS TEXT) ->> '$.managed_by' = 'file';
        """,
    ]
}
