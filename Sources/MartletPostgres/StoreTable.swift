import MartletCore

/// The one row about the store itself.
enum StoreTable {
    static let missing = StorageError.corrupt("the store's own row is missing")

    static let revision = Statement(
        "revision",
        "SELECT revision, \(SQL.statementTime) FROM martlet_store WHERE id = 1"
    )

    static let status = Statement(
        "status",
        "SELECT identity, condition, revision, \(SQL.statementTime) FROM martlet_store WHERE id = 1"
    )

    static func status(_ rows: Rows) throws(StorageError) -> StoreStatus {
        guard let row = rows.first else { throw missing }
        return StoreStatus(
            identity: row.plain(0),
            condition: try condition(row, 1),
            revision: Revision(row.integer(2))
        )
    }

    static func condition(_ row: Row, _ column: Int32) throws(StorageError) -> StoreCondition {
        try StoreCondition(stored: row.optionalPlain(column))
    }

    // MARK: Provisos

    private static let sameRevision = Statement(
        "same_revision",
        "SELECT 1 / count(*) FROM martlet_store WHERE id = 1 AND revision = $1"
    )

    /// A proviso: no record has changed.
    static func hold(_ revision: Revision) -> Query { sameRevision(.integer(revision.value)) }

    /// A proviso: the store takes writes. It stands behind what a transaction writes, so that one
    /// which is under way is either waited for by ``shutOut`` or sees what that was for.
    ///
    /// It fails by a number that is too large, which nothing else here does
    /// (``PostgresFailure/Kind/outOfService``).
    static let inService = Statement(
        "in_service",
        "SELECT \(Int64.max) + (1 - takes_writes) FROM martlet_store WHERE id = 1"
    )

    /// A proviso: the store takes no writes but a transfer's.
    static let outOfService = Statement(
        "out_of_service",
        """
        SELECT 1 / count(*) FROM (
            SELECT 1 FROM martlet_store WHERE id = 1 AND takes_writes = 0 FOR UPDATE) AS held
        """
    )

    // MARK: Writing

    /// A revision that has never been and will not come again, should the database be set back to an
    /// earlier state: counted on from there by one, it would soon be one that nodes remember other
    /// records by. The steps are random, and 2³¹ of them fit.
    private static let nextRevision = "revision + 1 + floor(random() * 4294967296)::int8"

    /// Also lets saves through one after the other.
    static let raiseRevision = Statement(
        "raise_revision",
        "UPDATE martlet_store SET revision = \(nextRevision) WHERE id = 1"
    )

    /// Waits until every transaction that has written has come to its end, and lets none begin to
    /// write before this one has.
    static let shutOut = Statement(
        "shut_out",
        """
        LOCK TABLE martlet_family, martlet_family_state, martlet_record, martlet_one_time,
            martlet_audit, martlet_end_count IN SHARE ROW EXCLUSIVE MODE
        """
    )

    private static let putCondition = Statement(
        "put_condition",
        """
        WITH written AS (
            UPDATE martlet_store SET condition = $1, takes_writes = $2, revision = \(nextRevision)
            WHERE id = 1 AND condition IS NOT DISTINCT FROM $3
            RETURNING 1)
        SELECT 1 / count(*) FROM written
        """
    )

    /// Writes the condition and raises the revision, if the condition is the one that is expected.
    static func put(
        _ condition: StoreCondition,
        expecting expected: StoreCondition
    ) -> Query {
        putCondition(
            .plain(condition.stored),
            .integer(condition.takesWrites ? 1 : 0),
            .plain(expected.stored)
        )
    }
}
