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

    /// Writes the row as it is.
    func rewrite() throws {
        try SQLStatement(database, cached: "UPDATE store SET revision = revision").execute()
    }

    func raiseRevision() throws {
        try SQLStatement(database, cached: "UPDATE store SET revision = revision + 1").execute()
    }
}
