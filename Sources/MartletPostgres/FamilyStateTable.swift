import MartletCore

/// Where each family stands: the narrow rows that rotations overwrite.
enum FamilyStateTable {
    /// What ``state(_:from:)`` reads, in its order.
    static let columns = """
        state.generation, state.last_rotation, state.ended_at, state.end_reason, state.marks
        """
    static let columnCount: Int32 = 5

    /// One statement for all states of a batch, with the revision and the time of the same moment.
    static let select = Statement(
        "states",
        """
        SELECT store.revision, \(SQL.statementTime), wanted.number, \(columns),
            store.takes_writes, store.condition
        FROM martlet_store store
        CROSS JOIN unnest($1::int8[]) WITH ORDINALITY AS wanted(id, number)
        LEFT JOIN martlet_family_state state ON state.id = wanted.id
        WHERE store.id = 1
        """
    )

    static let firstColumn: Int32 = 3
    static let takesWritesColumn: Int32 = 8
    static let conditionColumn: Int32 = 9

    static let insert = Statement(
        "insert_state",
        """
        INSERT INTO martlet_family_state
            (id, generation, last_rotation, ended_at, end_reason, marks)
        VALUES ($1, $2, $3, $4, $5, $6)
        """
    )

    private static let put = Statement(
        "put_state",
        """
        \(insert.text)
        ON CONFLICT (id) DO UPDATE SET generation = excluded.generation,
            last_rotation = excluded.last_rotation, ended_at = excluded.ended_at,
            end_reason = excluded.end_reason, marks = excluded.marks
        """
    )

    /// Writes a family's state, over what is there.
    static func put(_ id: FamilyID, _ state: FamilyState) -> Query {
        Query(statement: put, parameters: parameters(id, state))
    }

    private static let removal = Statement(
        "remove_state",
        "DELETE FROM martlet_family_state WHERE id = $1"
    )

    static func remove(_ id: FamilyID) -> Query { removal(.integer(id.value)) }

    /// Overwrites a family's state; does nothing if there is no such family.
    static let update = Statement(
        "update_state",
        """
        UPDATE martlet_family_state SET generation = $2, last_rotation = $3, ended_at = $4,
            end_reason = $5, marks = $6
        WHERE id = $1
        """
    )

    /// Overwrites a family's state, a proviso: it must be as it was seen.
    static let updateSeen = Statement(
        "update_seen_state",
        """
        WITH written AS (
            UPDATE martlet_family_state SET generation = $2, last_rotation = $3, ended_at = $4,
                end_reason = $5, marks = $6
            WHERE id = $1 AND generation = $7 AND last_rotation = $8
                AND ended_at IS NOT DISTINCT FROM $9 AND end_reason IS NOT DISTINCT FROM $10
                AND marks = $11
            RETURNING 1)
        SELECT 1 / count(*) FROM written
        """
    )

    /// A proviso: the state must be as it was seen, and stays so until the end of the transaction.
    static let hold = Statement(
        "hold_state",
        """
        SELECT 1 / count(*) FROM (
            SELECT 1 FROM martlet_family_state
            WHERE id = $1 AND generation = $2 AND last_rotation = $3
                AND ended_at IS NOT DISTINCT FROM $4 AND end_reason IS NOT DISTINCT FROM $5
                AND marks = $6
            FOR UPDATE) AS held
        """
    )

    static func insert(_ id: FamilyID, _ state: FamilyState) -> Query {
        Query(statement: insert, parameters: parameters(id, state))
    }

    static func update(_ id: FamilyID, to state: FamilyState) -> Query {
        Query(statement: update, parameters: parameters(id, state))
    }

    static func update(_ id: FamilyID, from seen: FamilyState, to state: FamilyState) -> Query {
        Query(
            statement: updateSeen,
            parameters: parameters(id, state) + parameters(id, seen).dropFirst()
        )
    }

    static func hold(_ id: FamilyID, at seen: FamilyState) -> Query {
        Query(statement: hold, parameters: parameters(id, seen))
    }

    private static func parameters(_ id: FamilyID, _ state: FamilyState) -> [Parameter] {
        [
            .integer(id.value), .integer(Int64(state.generation.value)),
            .integer(state.lastRotation.microseconds), .integer(state.ended?.at?.microseconds),
            .plain(state.ended?.reason.rawValue), .integer(state.marks.packed),
        ]
    }

    static func state(_ row: Row, from first: Int32) throws(StorageError) -> FamilyState {
        guard let generation = UInt32(exactly: row.integer(first)) else {
            throw .corrupt("a family's generation is out of range")
        }
        var ended: Ended?
        if let reason = try row.endReason(first + 3) {
            ended = Ended(reason: reason, at: row.optionalInstant(first + 2))
        }
        return FamilyState(
            generation: Generation(generation),
            lastRotation: row.instant(first + 1),
            ended: ended,
            marks: FamilyState.Marks(packed: row.integer(first + 4))
        )
    }
}

// MARK: - Many at once

/// Changes of states that are written by one statement: each takes effect if its row is still as it
/// was seen, whatever becomes of the others.
struct StateChanges {
    private(set) var ids: [Int64] = []
    private var seen = Columns()
    private var next = Columns()
    private var entries: [(family: FamilyID, entry: AuditTable.Entry)] = []

    /// One array for each column.
    private struct Columns {
        var generation: [Int64] = []
        var lastRotation: [Int64] = []
        var endedAt: [Int64?] = []
        var endReason: [String?] = []
        var marks: [Int64] = []

        mutating func append(_ state: FamilyState) {
            generation.append(Int64(state.generation.value))
            lastRotation.append(state.lastRotation.microseconds)
            endedAt.append(state.ended?.at?.microseconds)
            endReason.append(state.ended?.reason.rawValue)
            marks.append(state.marks.packed)
        }

        var parameters: [Parameter] {
            [
                .integers(generation), .integers(lastRotation), .optionalIntegers(endedAt),
                .optionalPlains(endReason), .integers(marks),
            ]
        }
    }

    mutating func append(
        _ id: FamilyID,
        from seen: FamilyState,
        to next: FamilyState,
        _ entries: [AuditTable.Entry]
    ) {
        ids.append(id.value)
        self.seen.append(seen)
        self.next.append(next)
        self.entries += entries.map { (id, $0) }
    }

    /// - Parameter revision: the one that the changes were decided at; `nil` if they must not depend
    ///   on it any more.
    /// - Returns: the first of them answers the families that were written.
    func queries(decidedAt revision: Revision?) -> [Query] {
        let states =
            [.integers(ids)] + seen.parameters + next.parameters + [.integer(revision?.value)]
        guard !entries.isEmpty else {
            return [Query(statement: Self.write, parameters: states)]
        }
        let written = Query(
            statement: Self.writeWithEvents,
            parameters: states + [.integers(entries.map(\.family.value))]
                + AuditTable.parameters(entries.map(\.entry))
        )
        return [written] + EndTable.append(ifTold: entries.map(\.entry))
    }

    private static let write = Statement(
        "write_states",
        "\(writing) SELECT id FROM written"
    )

    private static let writeWithEvents = Statement(
        "write_states_with_events",
        """
        \(writing), told AS (
            INSERT INTO martlet_audit (\(AuditTable.columns))
            SELECT event.id, event.at, event.name, event.family, event.account, event.client,
                event.particulars
            FROM unnest($13::int8[], $14::int8[], $15::int8[], $16::text[], $17::int8[],
                $18::text[], $19::text[], $20::text[])
                AS event(changed, id, at, name, family, account, client, particulars)
            WHERE event.changed IN (SELECT id FROM held))
        SELECT id FROM written
        """
    )

    /// Rows are locked in the order of their ids, so that two nodes never wait for each other in a
    /// circle, and compared as they are once they are locked.
    private static let writing = """
        WITH change AS (
            SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::text[],
                $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::text[], $11::int8[])
                AS change(id, generation, last_rotation, ended_at, end_reason, marks,
                    next_generation, next_last_rotation, next_ended_at, next_end_reason,
                    next_marks)),
        held AS (
            SELECT change.* FROM change JOIN martlet_family_state state ON state.id = change.id
            WHERE state.generation = change.generation
                AND state.last_rotation = change.last_rotation
                AND state.marks = change.marks
                AND state.ended_at IS NOT DISTINCT FROM change.ended_at
                AND state.end_reason IS NOT DISTINCT FROM change.end_reason
                AND (SELECT store.takes_writes = 1
                        AND ($12::int8 IS NULL OR store.revision = $12)
                    FROM martlet_store store WHERE store.id = 1)
            ORDER BY state.id FOR UPDATE OF state),
        written AS (
            UPDATE martlet_family_state state
            SET generation = held.next_generation, last_rotation = held.next_last_rotation,
                ended_at = held.next_ended_at, end_reason = held.next_end_reason,
                marks = held.next_marks
            FROM held WHERE state.id = held.id
            RETURNING state.id)
        """
}
