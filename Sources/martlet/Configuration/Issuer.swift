/// The URL that names this server to everybody: `iss` in each token, and where it is found.
///
/// Issuers are compared byte for byte (RFC 8414 §3.3, RFC 9207 §2.4), so there is one spelling only:
/// what a browser or a library would rewrite is refused here, before the first token carries it.
struct Issuer: Sendable, Hashable {
    /// Whether the connection is protected.
    enum Scheme: String, Sendable {
        case https
        /// Only on loopback, where nobody listens in.
        case http

        var defaultPort: Int {
            switch self {
            case .https: 443
            case .http: 80
            }
        }
    }

    /// The whole URL, as it stands in tokens.
    let text: String
    let scheme: Scheme
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    let host: String
    /// Nil if it is the scheme's own.
    let port: Int?
    /// Empty, or `/…` without a slash at the end.
    let path: String

    static let loopbackHosts: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

    /// A host name's longest form (RFC 1035 §2.3.4), a port and a short path.
    static let maximumLength = 512

    var isLoopback: Bool { Self.loopbackHosts.contains(host) }

    /// Reads a URL, or says what is wrong with it, to follow the key's name.
    init(_ text: String) throws(Unfit) {
        try Self.refuseMisspelling(of: text)
        guard let colon = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: String(text[..<colon.lowerBound]))
        else {
            throw .because("must be a URL that begins with https://.")
        }
        let rest = text[colon.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (host, port) = try Self.hostAndPort(rest[..<slash])
        self.text = text
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = String(rest[slash...])
        try refuseOtherSpellings()
    }

    private static func refuseMisspelling(of text: String) throws(Unfit) {
        guard text.utf8.count <= maximumLength else {
            throw .because("is longer than \(maximumLength) characters.")
        }
        if text.contains("?") { throw .because("must not have a query (“?…”).") }
        if text.contains("#") { throw .because("must not have a fragment (“#…”).") }
        if text.contains("@") { throw .because("must not have a user name (“…@”).") }
        if text.hasSuffix("/"), !text.hasSuffix("://") {
            let trimmed = text.reversed().drop { $0 == "/" }.reversed()
            throw .because("must not end in a slash; write \(String(trimmed).printable)")
        }
    }

    /// The host, and the port if there is one.
    private static func hostAndPort(_ text: Substring) throws(Unfit) -> (String, Int?) {
        let end = text.hasPrefix("[") ? text.firstIndex(of: "]") : nil
        let hostEnd = end.map { text.index(after: $0) } ?? text.firstIndex(of: ":") ?? text.endIndex
        let host = String(text[..<hostEnd])
        guard HostText.isHost(host) else {
            throw .because(
                "must hold a host name in small letters, or an address, after the “//”"
                    + " (an IPv6 address in brackets)."
            )
        }
        let rest = text[hostEnd...]
        if rest.isEmpty { return (host, nil) }
        guard rest.hasPrefix(":"), let port = HostText.port(rest.dropFirst()), port > 0 else {
            throw .because("must hold a port from 1 to 65535 after the host’s colon.")
        }
        return (host, port)
    }

    private func refuseOtherSpellings() throws(Unfit) {
        if scheme == .http, !isLoopback {
            throw .because(
                "must begin with https:// (http:// is for localhost, 127.0.0.1 and [::1])."
            )
        }
        if port == scheme.defaultPort {
            throw .because("must leave out :\(scheme.defaultPort), as browsers do.")
        }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy(HostText.isUnreserved)
        }
        guard isPlain else {
            throw .because("may have a path of letters, digits and - . _ ~ only.")
        }
    }
}
