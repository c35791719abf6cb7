/// Where everything is kept.
enum StoreLocation: Sendable, Hashable {
    /// One SQLite file, at this absolute path.
    case sqlite(path: String)

    static let expected = "sqlite:PATH"

    /// Reads `sqlite:PATH`; a relative path counts from where it was written.
    init(_ text: String, at place: ConfigurationPlace) throws(Unfit) {
        // Whatever else stands there may hold a password, so it is not repeated.
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            throw .because("names PostgreSQL, which this version does not have; use sqlite:PATH.")
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
        }
    }
}
