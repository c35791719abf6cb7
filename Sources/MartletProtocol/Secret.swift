/// Bytes that must never be printed, logged or compared in variable time: tokens, client secrets,
/// passwords, keys.
///
/// A `Secret` describes itself as `<redacted>` wherever it ends up, in an interpolation, in a log
/// line or in a debugger's dump of a larger value, and it is not `Codable`. Its equality looks at
/// every byte whatever the outcome.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The bytes themselves. Reading them is the one place to look at in a review.
    public let bytes: [UInt8]

    /// A secret of these bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A secret of this text's UTF-8 bytes.
    public init(_ text: String) {
        self.bytes = Array(text.utf8)
    }

    /// The secret as text, to be sent where it belongs; what is not UTF-8 in it is replaced.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Whether both hold the same bytes, in a time that depends on their lengths alone.
    public static func == (one: Secret, other: Secret) -> Bool {
        constantTimeEqual(one.bytes, other.bytes)
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }

    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }

    /// Shows no children, so that dumping a value that holds a secret shows none of it.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whether two runs of bytes are equal, in a time that depends on their lengths alone.
///
/// Different lengths are unequal at once: a length is not a secret anywhere in this protocol.
public func constantTimeEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard one.count == other.count else { return false }
    var difference: UInt8 = 0
    for index in one.indices {
        difference |= one[index] ^ other[index]
    }
    return difference == 0
}
