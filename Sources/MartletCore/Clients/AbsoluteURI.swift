/// A URI taken apart, strictly, as far as rules about clients' addresses need it (RFC 3986).
///
/// It has a scheme and no fragment, consists of the characters that a URI may have, and its
/// authority, if it has one, is a host and perhaps a port. Whatever parsers are known to read in
/// two ways is refused: user information, backslashes, percent signs in a host, odd ports. What
/// is kept is the text itself, so that comparing is comparing bytes.
package struct AbsoluteURI: Sendable, Hashable {
    /// Longer than any address that is typed or configured; a list of them is bounded by it.
    package static let maximumLength = 2000
    /// RFC 1035 §2.3.4.
    static let maximumHost = 253

    package let text: String
    /// In lower case.
    package let scheme: String
    /// In lower case, an IPv6 address in its brackets; `nil` without an authority.
    package let host: String?
    package let port: UInt16?
    /// Bytes before the port: the scheme and, if there is an authority, its host.
    private let beforePort: Int
    /// Bytes before the path.
    private let beforePath: Int

    /// Why a text is no URI as is wanted here; each says how a sentence about it goes on.
    package enum Flaw: String, Error, Sendable {
        case length = "must have 1 to 2000 characters."
        case characters = "holds a character that no URI has; encode it with a percent sign."
        case scheme = "must be absolute: it begins with a scheme, as https:// does."
        case fragment = "must have no fragment."
        case userInformation = "must have no user name or password before its host."
        case host = "must have a valid host after its //."
        case port = "must have a port from 1 to 65535, or none."
    }

    package init(_ text: String) throws(Flaw) {
        let bytes = Array(text.utf8)
        guard 1...Self.maximumLength ~= bytes.count else { throw .length }
        guard Self.areURICharacters(bytes) else { throw .characters }
        guard let colon = Self.endOfScheme(bytes) else { throw .scheme }
        guard !bytes.contains(UInt8(ascii: "#")) else { throw .fragment }
        self.text = text
        scheme = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        let start = colon + 3
        guard bytes[colon...].starts(with: "://".utf8) else {
            host = nil
            port = nil
            beforePort = colon + 1
            beforePath = colon + 1
            return
        }
        let end =
            bytes[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            ?? bytes.count
        let authority = bytes[start..<end]
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userInformation }
        let endOfHost = try Self.endOfHost(authority)
        host = String(decoding: authority[..<endOfHost], as: UTF8.self).lowercased()
        port = try Self.port(authority[endOfHost...])
        beforePort = endOfHost
        beforePath = end
    }

    /// Whether the host names this machine, as the literal addresses of RFC 8252 §7.3 and
    /// `localhost` do.
    var isLoopback: Bool {
        host.map(["127.0.0.1", "[::1]", "localhost"].contains) ?? false
    }

    /// Whether a browser reaches it safely: https, or http without leaving this machine.
    var isSecureWeb: Bool {
        host != nil && (scheme == "https" || scheme == "http" && isLoopback)
    }

    /// Whether both are the same text but for their ports.
    func isSame(butForThePortOf other: AbsoluteURI) -> Bool {
        let one = text.utf8
        let two = other.text.utf8
        return one.prefix(beforePort).elementsEqual(two.prefix(other.beforePort))
            && one.dropFirst(beforePath).elementsEqual(two.dropFirst(other.beforePath))
    }

    /// What follows the scheme and the authority: what a server is asked for.
    package var pathAndQuery: String {
        String(decoding: text.utf8.dropFirst(beforePath), as: UTF8.self)
    }

    /// Whether anything follows the scheme and the authority.
    var hasPath: Bool { text.utf8.count > beforePath }
}

extension AbsoluteURI {
    /// RFC 3986 §2: unreserved, reserved, and percent signs with two hexadecimal digits.
    private static func areURICharacters(_ bytes: [UInt8]) -> Bool {
        let marks = Array("-._~:/?#[]@!$&'()*+,;=".utf8)
        for (index, byte) in bytes.enumerated() where !isAlphanumeric(byte) {
            if byte == UInt8(ascii: "%") {
                let digits = bytes.dropFirst(index + 1).prefix(2)
                guard digits.count == 2, digits.allSatisfy(isHexadecimal) else { return false }
            } else if !marks.contains(byte) {
                return false
            }
        }
        return true
    }

    /// RFC 3986 §3.1.
    private static func endOfScheme(_ bytes: [UInt8]) -> Int? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            let first = bytes[..<colon].first, isAlphanumeric(first), !isDigit(first),
            bytes[..<colon].allSatisfy({ isAlphanumeric($0) || "+-.".utf8.contains($0) })
        else { return nil }
        return colon
    }

    /// A name of letters, digits, hyphens and underscores between dots, an IPv4 address, or an
    /// IPv6 address in brackets.
    private static func endOfHost(_ authority: ArraySlice<UInt8>) throws(Flaw) -> Int {
        if authority.first == UInt8(ascii: "[") {
            guard let bracket = authority.firstIndex(of: UInt8(ascii: "]")) else { throw .host }
            let address = authority[..<bracket].dropFirst()
            guard address.contains(UInt8(ascii: ":")),
                address.allSatisfy({ isHexadecimal($0) || ":.".utf8.contains($0) })
            else { throw .host }
            return bracket + 1
        }
        let end = authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
        let name = authority[..<end]
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.count <= maximumHost,
            labels.allSatisfy({ label in
                !label.isEmpty
                    && label.allSatisfy { isAlphanumeric($0) || "-_".utf8.contains($0) }
            })
        else { throw .host }
        return end
    }

    /// What follows the host: nothing, or a colon and a number as it is usually written.
    private static func port(_ bytes: ArraySlice<UInt8>) throws(Flaw) -> UInt16? {
        guard let colon = bytes.first else { return nil }
        let digits = bytes.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.allSatisfy(isDigit),
            digits.first != UInt8(ascii: "0"),
            let port = UInt16(String(decoding: digits, as: UTF8.self))
        else { throw .port }
        return port
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }
}
