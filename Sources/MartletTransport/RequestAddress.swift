/// An absolute http address, taken apart as a request needs it.
package struct RequestAddress: Sendable {
    package let scheme: String
    package let authority: String
    /// Path and query.
    package let path: String

    package init?(_ text: String) {
        guard let colon = text.firstRange(of: "://") else { return nil }
        let rest = text[colon.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else { return nil }
        let path = rest[authority.endIndex...]
        scheme = text[..<colon.lowerBound].lowercased()
        self.authority = String(authority)
        self.path = path.first == "/" ? String(path) : "/" + path
    }

    /// Whether an address is https, or http on loopback (RFC 8252 §7.3).
    package static func isConfidential(_ text: String) -> Bool {
        guard let address = RequestAddress(text) else { return false }
        return isConfidential(scheme: address.scheme, authority: address.authority)
    }

    package static func isConfidential(scheme: String, authority: String) -> Bool {
        guard !authority.isEmpty, !authority.contains("@") else { return false }
        switch scheme.lowercased() {
        case "https": return true
        case "http":
            let host = host(of: authority)
            return ["localhost", "127.0.0.1", "[::1]"].contains(host.lowercased())
        case _: return false
        }
    }

    private static func host(of authority: String) -> Substring {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return authority[...end]
        }
        return authority.prefix { $0 != ":" }
    }
}
