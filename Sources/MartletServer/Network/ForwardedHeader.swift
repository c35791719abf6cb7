/// Reads what proxies write about the way of a request. Everything in it may come from anybody.
enum ForwardedHeader {
    /// Longer headers are not read; the longest honest one is a tenth of that.
    static let maximumLength = 4096

    /// The addresses of `X-Forwarded-For`, the nearest first; `nil` for what is none.
    static func hops(inForwardedFor lines: [String]) -> [IPAddress?] {
        guard isShort(lines) else { return [nil] }
        return lines.reversed().flatMap { line in
            line.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .reversed()
                .map { address(of: trimmed(Substring($0)), in: .forwardedFor) }
        }
    }

    /// The addresses after `for` in `Forwarded` (RFC 7239 §4), the nearest first; `nil` for an
    /// element without one. A line that is not of the RFC's grammar has one hop, which is none:
    /// where a quotation mark is missing, nobody can say which element begins where.
    static func hops(inForwarded lines: [String]) -> [IPAddress?] {
        guard isShort(lines) else { return [nil] }
        return lines.reversed().flatMap { line -> [IPAddress?] in
            var reader = ElementReader(line)
            guard let elements = reader.elements() else { return [nil] }
            return elements.reversed().map { element in
                element.node.flatMap { address(of: Substring($0), in: .forwarded) }
            }
        }
    }

    private static func isShort(_ lines: [String]) -> Bool {
        lines.reduce(0) { $0 + $1.utf8.count } <= maximumLength
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return text
    }

    // MARK: - One hop

    private enum Header {
        case forwardedFor
        case forwarded
    }

    /// An address, perhaps with the port that it came from. An IPv6 address with a port is in
    /// brackets; in `Forwarded` it always is (RFC 7239 §6).
    private static func address(of node: Substring, in header: Header) -> IPAddress? {
        if node.first == "[" {
            guard let end = node.firstIndex(of: "]"),
                isPort(node[node.index(after: end)...], in: header)
            else { return nil }
            let inside = node[node.index(after: node.startIndex)..<end]
            return inside.contains(":") ? IPAddress(inside) : nil
        }
        let colons = node.utf8.count { $0 == UInt8(ascii: ":") }
        switch (header, colons) {
        case (_, 0): return IPAddress(node)
        case (_, 1):
            guard let colon = node.firstIndex(of: ":"), isPort(node[colon...], in: header) else {
                return nil
            }
            return IPAddress(node[..<colon])
        case (.forwardedFor, _): return IPAddress(node)
        case (.forwarded, _): return nil
        }
    }

    /// Nothing, or a colon and a port; `Forwarded` may hide the number behind a made-up name
    /// (RFC 7239 §6.3).
    private static func isPort(_ text: Substring, in header: Header) -> Bool {
        if text.isEmpty { return true }
        let port = text.utf8.dropFirst()
        guard text.first == ":", let first = port.first else { return false }
        switch header {
        case .forwarded where first == UInt8(ascii: "_"):
            return port.count > 1
                && port.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
        case .forwarded, .forwardedFor:
            return port.count <= 5
                && port.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        }
    }

    fileprivate static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        case _: false
        }
    }
}

/// Reads one line of `Forwarded`: elements with commas between them, each of pairs with semicolons
/// between them, each a token, an equals sign, and a token or a quoted string (RFC 7239 §4).
private struct ElementReader {
    struct Element {
        /// What `for` says; `nil` if it says nothing.
        var node: String?
    }

    private let text: [UInt8]
    private var position = 0

    init(_ line: String) {
        text = Array(line.utf8)
    }

    private var next: UInt8? { position < text.count ? text[position] : nil }

    /// The line's elements, or `nil` if it is malformed.
    mutating func elements() -> [Element]? {
        var elements: [Element] = []
        while true {
            guard let element = element() else { return nil }
            elements.append(element)
            guard let byte = next else { return elements }
            guard byte == UInt8(ascii: ",") else { return nil }
            position += 1
        }
    }

    private mutating func element() -> Element? {
        var element = Element()
        while true {
            skipBlanks()
            guard let name = token(), take(UInt8(ascii: "=")), let value = value() else {
                return nil
            }
            if name.lowercased() == "for" {
                // Twice in one element: which of them would count?
                guard element.node == nil else { return nil }
                element.node = value
            }
            skipBlanks()
            guard take(UInt8(ascii: ";")) else { return element }
        }
    }

    private mutating func value() -> String? {
        next == UInt8(ascii: "\"") ? quoted() : token()
    }

    private mutating func token() -> String? {
        let start = position
        while let byte = next,
            ForwardedHeader.isLetterOrDigit(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        {
            position += 1
        }
        guard position > start else { return nil }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    /// A quoted string (RFC 9110 §5.6.4) without its marks.
    private mutating func quoted() -> String? {
        position += 1
        var bytes: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = next else { return nil }
                position += 1
                bytes.append(escaped)
            case _: bytes.append(byte)
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { position += 1 }
    }
}
