import GRDB
import MartletCore

/// The one row about the store itself.
struct StoreTable {
    private let database: Database

    init(_ database: Database) {
        self.database = database
    }

    func revision() throws -> Revision {
        let select = try SQLStatement(database, cached: "SELECT revision FROM store")
        guard let value = try select.first({ $0.int64(0) }) else {
            throw StorageError.corrupt("the store's own row is missing")
        }
        return Revision(value)
    }

    func status() throws -> StoreStatus {
        let select = try SQLStatement(
            database,
            cached: "SELECT identity, condition, revision FROM store"
        )
        let status = try select.first { row in
            StoreStatus(
                identity: row.text(0),
                condition: try StoreCondition(stored: row.optionalText(1)),
                revision: Revision(row.int64(2))
            )
        }
        guard let status else { throw StorageError.corrupt("the store's own row is missing") }
        return status
    }

    /// Writes the condition and raises the revision.
    func put(_ condition: StoreCondition) throws {
        let update = try SQLStatement(
            database,
            cached: """
                UPDATE store SET condition = ?1, takes_writes = ?2, revision = revision + 1
                """
        )
        update.bind(1, condition.stored)
        update.bind(2, condition.takesWrites ? 1 : Int64(0))
        try update.execute()
    }

    /// The revision, and the condition if it is not the one that the writer knows already.
    func current(knowing known: Revision) throws -> (Revision, StoreCondition?) {
        let select = try SQLStatement(database, cached: "SELECT revision, condition FROM store")
        let found = try select.first { row -> (Revision, StoreCondition?) in
            let revision = Revision(row.int64(0))
            guard revision != known else { return (revision, nil) }
            return (revision, try StoreCondition(stored: row.optionalText(1)))
        }
        guard let found else { throw StorageError.corrupt("the store's own row is missing") }
        return found
    }

    /// Writes the row as it is.
    func rewrite() throws {
        try SQLStatement(database, cached: "UPDATE store SET revision = revision").execute()
    }

    func raiseRevision() throws {
        try SQLStatement(database, cached: "UPDATE store SET revision = revision + 1").execute()
    }
}
