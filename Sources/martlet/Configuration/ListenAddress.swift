/// Where the server takes connections: an address of this machine and a port.
struct ListenAddress: Sendable, Hashable {
    /// A name or an address, an IPv6 one without its brackets.
    let host: String
    /// 0 lets the system choose a free one.
    let port: Int

    static let expected = "an address and a port like 127.0.0.1:8080 or \"[::1]:8080\""

    /// Nil if the text is not `host:port` or `[IPv6]:port`.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = HostText.port(text[text.index(after: colon)...])
        else { return nil }
        let host = String(text[..<colon])
        guard HostText.isHost(host) else { return nil }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }
}

/// The spelling of hosts and ports.
enum HostText {
    /// Whether this is a host name in small letters, an IPv4 address, or an IPv6 address in
    /// brackets.
    static func isHost(_ text: String) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            return isIPv6(text.dropFirst().dropLast())
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, labels.allSatisfy(isLabel) else { return false }
        let isNumeric = labels.last?.utf8.allSatisfy(isDigit) ?? false
        return !isNumeric || isIPv4(labels)
    }

    /// A port from 0 to 65535, in digits only.
    static func port(_ text: Substring) -> Int? {
        guard 1...5 ~= text.utf8.count, text.utf8.allSatisfy(isDigit), let port = Int(text),
            port <= 65535, text == "\(port)"
        else { return nil }
        return port
    }

    /// The characters that no URL parser rewrites (RFC 3986 §2.3).
    static func isUnreserved(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
            || "-._~".utf8.contains(byte)
    }

    private static func isLabel(_ label: Substring) -> Bool {
        1...63 ~= label.utf8.count && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// What ends in a number is an address to every URL parser.
    private static func isIPv4(_ parts: [Substring]) -> Bool {
        parts.count == 4
            && parts.allSatisfy { part in
                part.utf8.allSatisfy(isDigit) && UInt8(part).map { part == "\($0)" } ?? false
            }
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        let groups = halves.map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        let all = groups.filter { $0 != [""] }.flatMap(\.self)
        let areGroups = all.allSatisfy { group in
            1...4 ~= group.utf8.count
                && group.utf8.allSatisfy {
                    isDigit($0) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
                }
        }
        guard areGroups else { return false }
        return halves.count == 1 ? all.count == 8 : halves.count == 2 && all.count <= 7
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
    }
}
