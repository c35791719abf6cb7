import MartletPostgres

/// Where everything is kept.
enum StoreLocation: Sendable, Hashable {
    /// One SQLite file, at this absolute path.
    case sqlite(path: String)
    /// A PostgreSQL database.
    case postgres(PostgresAddress)

    static let expected = "sqlite:PATH or postgres://…"

    /// Reads `sqlite:PATH`, whose path counts from where it was written, or a connection URI.
    init(_ text: String, at place: ConfigurationPlace) throws(Unfit) {
        // Whatever else stands there may hold a password, so it is not repeated.
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            guard let address = PostgresAddress(text) else {
                throw .because(
                    "must be a connection URI as PostgreSQL reads it,"
                        + " postgres://USER@HOST:PORT/DATABASE; what is not a letter or a digit in a"
                        + " password is written as %XX."
                )
            }
            self = .postgres(address)
            return
        }
        guard text.hasPrefix("sqlite:") else { throw .because("must be \(Self.expected).") }
        let path = text.dropFirst("sqlite:".count)
        if path.hasPrefix("//") {
            throw .because("must be \(Self.expected), with one slash at most before the path.")
        }
        if path.isEmpty || path.hasPrefix(":") || path.hasSuffix("/") {
            throw .because("must be \(Self.expected) with the path of a file.")
        }
        if path.contains("\0") { throw .because("must be \(Self.expected), without NUL.") }
        self = .sqlite(path: place.path(String(path)))
    }

    /// For sentences: what may be shown of it.
    var shown: String {
        switch self {
        case .sqlite(let path): path.printable
        case .postgres(let address): address.description.printable
        }
    }
}
