import MartletCore

/// What ended, in the order in which it was committed.
///
/// The numbers come from a counter, whose row a transaction locks until it has committed: so
/// whoever reads one number has already been able to read those before it. Nothing else is locked
/// after the counter, so nobody who holds it waits for anybody.
enum EndTable {
    struct Entry: Sendable {
        /// By the clock as the step read it, or later: see ``append(_:clock:)``.
        let at: Instant
        let ended: EndedTokens

        fileprivate var text: String { String(decoding: ended.body, as: UTF8.self) }
    }

    private static let append = Statement(
        "append_ends",
        """
        WITH counted AS (
            UPDATE martlet_end_count SET last = last + cardinality($1::int8[]) WHERE id = 1
            RETURNING last - cardinality($1::int8[]) AS before)
        INSERT INTO martlet_end_log (id, at, body)
        SELECT counted.before + entry.number, entry.at, entry.body FROM counted
        CROSS JOIN unnest($1::int8[], $2::text[]) WITH ORDINALITY AS entry(at, body, number)
        """
    )

    static func append(_ entries: [Entry]) -> [Query] {
        guard !entries.isEmpty else { return [] }
        return [append(.integers(entries.map(\.at.microseconds)), .plains(entries.map(\.text)))]
    }

    private static let appendNow = Statement(
        "append_ends_now",
        """
        WITH counted AS (
            UPDATE martlet_end_count SET last = last + cardinality($1::int8[]) WHERE id = 1
            RETURNING last - cardinality($1::int8[]) AS before,
                coalesce($3::int8, \(SQL.now)) AS now)
        INSERT INTO martlet_end_log (id, at, body)
        SELECT counted.before + entry.number, greatest(entry.at, counted.now), entry.body
        FROM counted
        CROSS JOIN unnest($1::int8[], $2::text[]) WITH ORDINALITY AS entry(at, body, number)
        """
    )

    /// Appends what ended at the time of this statement, after all else that its transaction changes.
    ///
    /// What ends of a person, a client or everybody is what was issued until then. The time that the
    /// step read is earlier by a round trip and by all the waiting for locks, and until this
    /// transaction commits tokens are issued on the strength of what it ends.
    static func append(_ entries: [Entry], clock: DatabaseClock) -> [Query] {
        guard !entries.isEmpty else { return [] }
        return [
            appendNow(
                .integers(entries.map(\.at.microseconds)),
                .plains(entries.map(\.text)),
                .integer(clock.override)
            )
        ]
    }

    private static let appendTold = Statement(
        "append_told_ends",
        """
        WITH told AS (
            SELECT entry.at, entry.body, row_number() OVER (ORDER BY entry.key) AS number
            FROM unnest($1::int8[], $2::int8[], $3::text[]) AS entry(key, at, body)
            JOIN martlet_audit event ON event.id = entry.key),
        counted AS (
            UPDATE martlet_end_count SET last = last + (SELECT count(*) FROM told)
            WHERE id = 1 AND EXISTS (SELECT 1 FROM told)
            RETURNING last - (SELECT count(*) FROM told) AS before)
        INSERT INTO martlet_end_log (id, at, body)
        SELECT counted.before + told.number, told.at, told.body FROM counted CROSS JOIN told
        """
    )

    /// Appends what ended with those of these events that are in the audit log.
    ///
    /// Sent again over another connection it may append an end twice, which tells nobody anything
    /// new.
    static func append(ifTold entries: [AuditTable.Entry]) -> [Query] {
        var keys: [Int64] = []
        var ends: [Entry] = []
        for entry in entries {
            guard let ended = entry.ended else { continue }
            keys.append(entry.key)
            ends.append(Entry(at: entry.at, ended: ended))
        }
        guard !keys.isEmpty else { return [] }
        return [
            appendTold(
                .integers(keys),
                .integers(ends.map(\.at.microseconds)),
                .plains(ends.map(\.text))
            )
        ]
    }

    // MARK: Reading

    private static let select = Statement(
        "ends",
        """
        SELECT id, at, body FROM martlet_end_log WHERE id > $1 AND at >= $2 ORDER BY id LIMIT $3
        """
    )

    static func list(after position: EndPosition, from instant: Instant, limit: Int) -> Query {
        select(
            .integer(position.value),
            .integer(instant.microseconds),
            .integer(Int64(max(0, limit)))
        )
    }

    static func entry(_ row: Row) throws(StorageError) -> EndLogEntry {
        EndLogEntry(
            position: EndPosition(row.integer(0)),
            at: row.instant(1),
            ended: try EndedTokens(body: row.bytes(2))
        )
    }

    /// Removes from the old end, all but the last.
    static let purge = Statement(
        "purge_ends",
        """
        DELETE FROM martlet_end_log WHERE id IN (
            SELECT id FROM (SELECT id, at FROM martlet_end_log ORDER BY id LIMIT $2) AS oldest
            WHERE at < $1 AND id < (SELECT last FROM martlet_end_count WHERE id = 1))
        RETURNING 1
        """
    )
}
