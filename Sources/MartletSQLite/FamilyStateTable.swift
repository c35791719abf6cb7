import GRDB
import MartletCore

/// Where each family stands: the narrow rows that rotations overwrite.
///
/// It has no index but its key and nothing in it that a rotation does not need: measured, that
/// halves the cost of a rotation against one wide row.
struct FamilyStateTable {
    /// What ``state(_:from:)`` reads, in its order.
    static let columns = """
        state.generation, state.last_rotation, state.ended_at, state.end_reason, state.marks
        """
    static let columnCount: Int32 = 5

    private let select: SQLStatement
    private let update: SQLStatement
    private let database: Database

    init(_ database: Database) throws {
        self.database = database
        select = try SQLStatement(
            database,
            cached: "SELECT \(Self.columns) FROM family_state state WHERE state.id = ?"
        )
        update = try SQLStatement(
            database,
            cached: """
                UPDATE family_state SET generation = ?2, last_rotation = ?3, ended_at = ?4,
                    end_reason = ?5, marks = ?6
                WHERE id = ?1
                """
        )
    }

    func find(_ id: FamilyID) throws -> FamilyState? {
        select.bind(1, id.value)
        return try select.first { try Self.state($0, from: 0) }
    }

    /// Overwrites a family's state; does nothing if there is no such family.
    func update(_ id: FamilyID, to state: FamilyState) throws {
        bind(id, state, in: update)
        try update.execute()
    }

    func insert(_ id: FamilyID, _ state: FamilyState) throws {
        let insert = try SQLStatement(
            database,
            cached: """
                INSERT INTO family_state
                    (id, generation, last_rotation, ended_at, end_reason, marks)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                """
        )
        bind(id, state, in: insert)
        try insert.execute()
    }

    /// Writes a family's state, over what is there.
    func put(_ id: FamilyID, _ state: FamilyState) throws {
        let put = try SQLStatement(
            database,
            cached: """
                REPLACE INTO family_state
                    (id, generation, last_rotation, ended_at, end_reason, marks)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                """
        )
        bind(id, state, in: put)
        try put.execute()
    }

    func remove(_ id: FamilyID) throws {
        let delete = try SQLStatement(
            database,
            cached: "DELETE FROM family_state WHERE id = ?"
        )
        delete.bind(1, id.value)
        try delete.execute()
    }

    private func bind(_ id: FamilyID, _ state: FamilyState, in statement: SQLStatement) {
        statement.bind(1, id.value)
        statement.bind(2, Int64(state.generation.value))
        statement.bind(3, state.lastRotation.microseconds)
        statement.bind(4, state.ended?.at?.microseconds)
        statement.bind(5, state.ended?.reason.rawValue)
        statement.bind(6, state.marks.packed)
    }

    static func state(_ row: SQLStatement, from first: Int32) throws -> FamilyState {
        guard let generation = UInt32(exactly: row.int64(first)) else {
            throw StorageError.corrupt("a family's generation is out of range")
        }
        var ended: Ended?
        if let reason = try row.endReason(first + 3) {
            ended = Ended(reason: reason, at: row.optionalInstant(first + 2))
        }
        return FamilyState(
            generation: Generation(generation),
            lastRotation: row.instant(first + 1),
            ended: ended,
            marks: FamilyState.Marks(packed: row.int64(first + 4))
        )
    }
}

extension SQLStatement {
    /// The reason of an end; `nil` where there is none.
    func endReason(_ column: Int32) throws -> EndReason? {
        guard let text = optionalText(column) else { return nil }
        guard let reason = EndReason(rawValue: text) else {
            throw StorageError.corrupt("\"\(text)\" is no reason for an end")
        }
        return reason
    }
}
