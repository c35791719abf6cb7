import MartletCore

/// Why something sent to the database came to nothing.
struct PostgresFailure: Error, Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// The connection is gone, or is not one to the primary any more. Whether what was sent
        /// last took effect, nobody knows.
        case lost
        /// A proviso did not hold: what the step had seen is not so any more.
        case overtaken
        /// A key is taken.
        case taken
        /// The database broke it off so that others can go on; nothing was changed.
        case contention
        /// The store takes no writes (``StoreCondition``); nothing was changed.
        case outOfService
        /// There is no such table.
        case missingTable
        /// Anything else; nothing was changed.
        case refused
    }

    let kind: Kind
    /// SQLSTATE, empty if the words are libpq's.
    let code: String
    let message: String

    static func lost(_ message: String) -> PostgresFailure {
        PostgresFailure(kind: .lost, code: "", message: message)
    }

    static let outOfService = PostgresFailure(
        kind: .outOfService,
        code: "",
        message: "the store is out of service"
    )

    static let overtakenForEver = PostgresFailure(
        kind: .refused,
        code: "",
        message: "its records change faster than they can be read"
    )

    init(kind: Kind, code: String, message: String) {
        self.kind = kind
        self.code = code
        self.message = message
    }

    /// What the database said.
    init(code: String, message: String) {
        self.init(kind: Self.kind(of: code), code: code, message: message)
    }

    private static func kind(of code: String) -> Kind {
        switch code {
        // A proviso divides by how many rows still are as the step saw them.
        case "22012": .overtaken
        // See StoreTable.inService.
        case "22003": .outOfService
        case "23505": .taken
        case "40001", "40P01", "55P03": .contention
        case "42P01": .missingTable
        // Shut down, or not the primary any more; a prepared statement that another server has.
        case "57P01", "57P02", "57P03", "57P05", "25006", "26000", "40003": .lost
        default: code.hasPrefix("08") ? .lost : .refused
        }
    }

    /// One sentence without its end, for the operator.
    var reason: String { code.isEmpty ? message : "\(message) (\(code))" }
}

extension StorageError {
    init(_ failure: PostgresFailure) {
        self =
            failure.kind == .outOfService
            ? .outOfService : .unavailable("the database: \(failure.reason)")
    }

    /// What any error below this module comes down to.
    init(_ error: any Error) {
        switch error {
        case let error as StorageError: self = error
        case let error as PostgresFailure: self.init(error)
        default: self = .unavailable("\(error)")
        }
    }

    static let closed = StorageError.unavailable("the store is closed")
}
