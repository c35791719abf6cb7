import MartletCore

/// What is remembered until it expires.
enum OneTimeTable {
    private static let select = Statement(
        "one_time",
        """
        SELECT \(SQL.statementTime), expires_at, body, store.condition FROM martlet_store store
        LEFT JOIN martlet_one_time ON kind = $1 AND martlet_one_time.id = $2
        WHERE store.id = 1
        """
    )

    /// What is under the key, expired or not, and the time.
    static func find(_ key: OneTimeKey) -> Query { select(kind(key), id(key)) }

    /// Whether the store takes writes, as ``find(_:)`` brought it.
    static func takesWrites(_ rows: Rows) throws(StorageError) -> Bool {
        guard let row = rows.first else { throw StoreTable.missing }
        return try StoreTable.condition(row, 3).takesWrites
    }

    /// What ``find(_:)`` brought.
    struct Found {
        let time: Instant
        /// Expired or not.
        let entry: OneTimeEntry?

        init(_ rows: Rows, _ key: OneTimeKey, _ clock: DatabaseClock) throws(StorageError) {
            guard let row = rows.first else { throw StoreTable.missing }
            time = clock.time(of: row.instant(0))
            entry =
                row.isNull(1)
                ? nil
                : OneTimeEntry(key: key, expiresAt: row.instant(1), body: row.bytes(2))
        }

        /// What has not expired.
        var remembered: OneTimeEntry? {
            entry.flatMap { $0.expiresAt > time ? $0 : nil }
        }
    }

    private static let insert = Statement(
        "insert_one_time",
        "INSERT INTO martlet_one_time (kind, id, expires_at, body) VALUES ($1, $2, $3, $4)"
    )

    /// Writes it where nothing is; otherwise the key is taken.
    static func insert(_ entry: OneTimeEntry) -> Query {
        insert(kind(entry.key), id(entry.key), end(entry), .bytes(entry.body))
    }

    private static let put = Statement(
        "put_one_time",
        """
        INSERT INTO martlet_one_time (kind, id, expires_at, body) VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind, id)
            DO UPDATE SET expires_at = excluded.expires_at, body = excluded.body
        """
    )

    /// Writes it, over what is there.
    static func put(_ entry: OneTimeEntry) -> Query {
        put(kind(entry.key), id(entry.key), end(entry), .bytes(entry.body))
    }

    private static let putNew = Statement(
        "put_new_one_time",
        """
        INSERT INTO martlet_one_time AS entry (kind, id, expires_at, body) VALUES ($1, $2, $3, $4)
        ON CONFLICT (kind, id)
            DO UPDATE SET expires_at = excluded.expires_at, body = excluded.body
            WHERE entry.expires_at <= COALESCE($5, \(SQL.statementTime))
        RETURNING 1
        """
    )

    /// Writes it unless something is there that has not expired; answers a row if it did.
    static func putNew(_ entry: OneTimeEntry, now: Int64?) -> Query {
        putNew(kind(entry.key), id(entry.key), end(entry), .bytes(entry.body), .integer(now))
    }

    private static let delete = Statement(
        "delete_one_time",
        """
        DELETE FROM martlet_one_time WHERE kind = $1 AND id = $2
        RETURNING \(SQL.statementTime), expires_at, body
        """
    )

    /// Removes it, and answers it as ``find(_:)`` does.
    static func delete(_ key: OneTimeKey) -> Query { delete(kind(key), id(key)) }

    private static let hold = Statement(
        "hold_one_time",
        """
        SELECT 1 / count(*) FROM (
            SELECT 1 FROM martlet_one_time
            WHERE kind = $1 AND id = $2 AND expires_at = $3 AND body = $4 FOR UPDATE) AS held
        """
    )

    /// A proviso: this is what is there, and stays so until the end of the transaction.
    static func hold(_ entry: OneTimeEntry) -> Query {
        hold(kind(entry.key), id(entry.key), end(entry), .bytes(entry.body))
    }

    private static let absent = Statement(
        "no_one_time",
        """
        SELECT 1 / (1 - count(*)) FROM martlet_one_time WHERE kind = $1 AND id = $2
        """
    )

    /// A proviso: nothing is there.
    static func absent(_ key: OneTimeKey) -> Query { absent(kind(key), id(key)) }

    /// Which of these sign-ins are there, expired or not.
    static let signIns = Statement(
        "sign_ins",
        "SELECT id FROM martlet_one_time WHERE kind = 'sign_in' AND id = ANY($1::text[])"
    )

    /// What was put anew meanwhile stays.
    static let purge = Statement(
        "purge_one_time",
        """
        DELETE FROM martlet_one_time WHERE expires_at < $1 AND (kind, id) IN (
            SELECT kind, id FROM martlet_one_time WHERE expires_at < $1
            ORDER BY expires_at LIMIT $2)
        RETURNING 1
        """
    )

    // MARK: As rows

    private static let page = Statement(
        "one_time_rows",
        """
        SELECT kind, id, expires_at, body FROM martlet_one_time
        WHERE (kind, id) > ($1, $2) AND (kind, id) <= ($3, $4) ORDER BY kind, id LIMIT $5
        """
    )

    static func rows(_ range: KeyRange) -> Query {
        Query(statement: page, parameters: range.texts)
    }

    static func row(_ row: Row) throws(StorageError) -> StoredRow? {
        guard let kind = OneTimeKey.Kind(rawValue: row.plain(0)) else {
            throw .corrupt("\"\(row.plain(0))\" is no kind of what is good for one use")
        }
        return .oneTime(
            OneTimeEntry(
                key: OneTimeKey(kind, row.text(1)),
                expiresAt: row.instant(2),
                body: row.bytes(3)
            )
        )
    }

    private static func kind(_ key: OneTimeKey) -> Parameter { .plain(key.kind.rawValue) }
    private static func id(_ key: OneTimeKey) -> Parameter { .text(key.id) }
    private static func end(_ entry: OneTimeEntry) -> Parameter {
        .integer(entry.expiresAt.microseconds)
    }
}
