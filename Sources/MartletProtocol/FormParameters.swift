/// The parameters of an `application/x-www-form-urlencoded` request (RFC 6749 appendix B), read
/// once and strictly.
///
/// Empty values count as absent (RFC 6749 §3.1). What a server does not know stays unread, but a
/// parameter that it asks for and that was sent twice is an error (RFC 6749 §3.2).
public struct FormParameters: Sendable {
    /// More parameters than any request of these protocols has; past it the request is refused.
    public static let maximumCount = 64

    /// What is wrong with a form.
    public enum Malformed: Error, Equatable, Sendable {
        /// A `%` is not followed by two hexadecimal digits.
        case percentEncoding
        /// A name or value is not UTF-8.
        case notUTF8
        /// There are more than ``FormParameters/maximumCount`` parameters.
        case tooMany
    }

    /// Every name and value in the order in which they came.
    public let pairs: [(name: String, value: String)]

    /// Parses a form.
    ///
    /// - Throws: ``Malformed``, which says what is wrong.
    public init(parsing bytes: [UInt8]) throws(Malformed) {
        let pairs = bytes.withUnsafeBytes { bytes in
            Result { () throws(Malformed) in try Self.pairs(in: bytes) }
        }
        self.pairs = try pairs.get()
    }

    /// Parses a form where it lies.
    ///
    /// - Parameter bytes: The form; it is only read during the call.
    /// - Throws: ``Malformed``, which says what is wrong.
    public init(parsing bytes: UnsafeRawBufferPointer) throws(Malformed) {
        pairs = try Self.pairs(in: bytes)
    }

    private static func pairs(
        in bytes: UnsafeRawBufferPointer
    ) throws(Malformed) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        var start = 0
        while start < bytes.count {
            var end = start
            var equals: Int?
            while end < bytes.count, bytes[end] != UInt8(ascii: "&") {
                if equals == nil, bytes[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            defer { start = end + 1 }
            guard end > start else { continue }
            guard pairs.count < maximumCount else { throw .tooMany }
            let name = try decode(.init(rebasing: bytes[start..<(equals ?? end)]))
            let value = try equals.map { (at) throws(Malformed) in
                try decode(.init(rebasing: bytes[(at + 1)..<end]))
            }
            pairs.append((name, value ?? ""))
        }
        return pairs
    }

    /// Every value that was sent under this name, the empty ones left out.
    public func all(_ name: String) -> [String] {
        pairs.compactMap { $0.name == name && !$0.value.isEmpty ? $0.value : nil }
    }

    /// The one value of this name, or `nil` if it was not sent.
    ///
    /// - Throws: `invalid_request` if it was sent more than once (RFC 6749 §3.2), empty values
    ///   included.
    public func one(_ name: String) throws(OAuthError) -> String? {
        var found: String?
        for pair in pairs where pair.name == name {
            guard found == nil else {
                throw OAuthError(.invalidRequest, "A parameter was sent more than once.")
            }
            found = pair.value
        }
        return found?.isEmpty == true ? nil : found
    }

    /// The same of a value that has a bound.
    ///
    /// - Parameters:
    ///   - name: The parameter's name.
    ///   - maximum: In bytes of UTF-8.
    /// - Returns: The value, or nil if it was not sent.
    /// - Throws: `invalid_request` too if the value is longer.
    public func one(_ name: String, atMost maximum: Int) throws(OAuthError) -> String? {
        guard let value = try one(name) else { return nil }
        guard value.utf8.count <= maximum else {
            throw OAuthError(.invalidRequest, "A parameter is longer than any client needs.")
        }
        return value
    }

    /// One name or value, decoded: `+` is a space and `%xx` a byte (RFC 6749 appendix B).
    static func decode(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> String {
        let text = bytes.withUnsafeBytes { bytes in
            Result { () throws(Malformed) in try decode(bytes) }
        }
        return try text.get()
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> String {
        // Most names and values are spelt as they are.
        if !bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) {
            return try text(bytes.assumingMemoryBound(to: UInt8.self))
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "+"):
                decoded.append(UInt8(ascii: " "))
                index += 1
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count,
                    let high = hexadecimal(bytes[index + 1]),
                    let low = hexadecimal(bytes[index + 2])
                else { throw .percentEncoding }
                decoded.append(high << 4 | low)
                index += 3
            case let byte:
                decoded.append(byte)
                index += 1
            }
        }
        return try text(decoded)
    }

    private static func text(_ bytes: some Collection<UInt8>) throws(Malformed) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
