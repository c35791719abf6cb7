/// Names one token family: a positive 63-bit integer whose high bits are the time of its making, in
/// milliseconds, and whose low 21 bits are random.
///
/// Time-ordered, so that new families lie beside each other in every store; without a sequence, so
/// that no node has to ask another. Two of the same millisecond meet with a chance of one in two
/// million; the store then refuses the second and the story draws again.
package struct FamilyID: Sendable, Hashable, Comparable {
    package let value: Int64

    package init?(_ value: Int64) {
        guard value > 0 else { return nil }
        self.value = value
    }

    package init(madeAt instant: Instant, in surroundings: Surroundings) {
        let milliseconds = max(1, instant.microseconds / 1000) & ((1 << 42) - 1)
        value = milliseconds << 21 | (surroundings.random63() & ((1 << 21) - 1))
    }

    package static func < (one: FamilyID, other: FamilyID) -> Bool { one.value < other.value }
}

extension FamilyID: CustomStringConvertible {
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The public form, the `sid` of access tokens and of the command line: 13 digits of
    /// Crockford's base 32. It names a session and gives no power over it.
    package var description: String {
        var text: [UInt8] = []
        for shift in stride(from: 60, through: 0, by: -5) {
            text.append(Self.digits[Int((value >> Int64(shift)) & 31)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads the public form; capital letters are accepted, as people retype it.
    package init?(_ text: String) {
        guard text.utf8.count == 13 else { return nil }
        var value: UInt64 = 0
        for character in text.utf8 {
            let isCapital = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= character
            let byte = isCapital ? character | 0x20 : character
            guard let digit = Self.digits.firstIndex(of: byte) else { return nil }
            guard value >> 58 == 0 else { return nil }
            value = value << 5 | UInt64(digit)
        }
        guard let signed = Int64(exactly: value) else { return nil }
        self.init(signed)
    }
}

/// Which refresh token of a family this is: 0 for the one that came with the login, one more at
/// each rotation.
package struct Generation: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let value: UInt32

    package init(_ value: UInt32) {
        self.value = value
    }

    package static let first = Generation(0)
    package static let last = Generation(.max)

    /// The next one; `nil` after the last.
    package var successor: Generation? { self == .last ? nil : Generation(value + 1) }

    package static func < (one: Generation, other: Generation) -> Bool { one.value < other.value }

    package var description: String { String(value) }
}

/// Names a client (RFC 6749 §2.2).
package struct ClientID: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}

/// Names an account for ever: the random `sub` of its tokens, never the name it signs in with.
package struct AccountID: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}

/// Names a browser's sign-in. It gives no power over it: the cookie holds a secret beside it.
package struct SignInID: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}

/// An API, by the absolute URI that its access tokens are for (RFC 8707 §2).
package struct ResourceID: Sendable, Hashable, Codable, RawRepresentable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}
