/// A set of scope tokens (RFC 6749 §3.3), kept in the order in which they were first named.
public struct Scope: Sendable, Equatable, Hashable, CustomStringConvertible {
    /// More than any request needs; a longer list is refused before it is stored anywhere.
    public static let maximumCount = 100

    /// The tokens, each once.
    public let tokens: [String]

    /// No scope at all.
    public static let none = Scope(unique: [])

    private init(unique tokens: [String]) {
        self.tokens = tokens
    }

    /// Parses a space-delimited list; a token named twice counts once.
    ///
    /// - Returns: `nil` if a token has a character outside RFC 6749 §3.3's
    ///   `%x21 / %x23-5B / %x5D-7E`, or if there are more than ``maximumCount``.
    public init?(_ text: String) {
        self.init(tokens: text.split(separator: " ").map(String.init))
    }

    /// Makes a scope of tokens; one named twice counts once.
    ///
    /// - Returns: `nil` under the conditions of ``init(_:)``.
    public init?(tokens: [String]) {
        var unique: [String] = []
        for token in tokens {
            let valid = token.utf8.allSatisfy { byte in
                byte == 0x21 || (0x23...0x5B).contains(byte) || (0x5D...0x7E).contains(byte)
            }
            guard valid, !token.isEmpty else { return nil }
            // Only now: texts compare as equal to ASCII that are not ASCII themselves.
            if unique.contains(token) { continue }
            guard unique.count < Self.maximumCount else { return nil }
            unique.append(token)
        }
        self.tokens = unique
    }

    /// Whether nothing is in it.
    public var isEmpty: Bool { tokens.isEmpty }

    /// Whether this token is in it.
    public func contains(_ token: String) -> Bool { tokens.contains(token) }

    /// Whether everything in this scope is in the other one too.
    public func isSubset(of other: Scope) -> Bool { tokens.allSatisfy(other.contains) }

    /// What is in both, in this scope's order.
    public func intersection(_ other: Scope) -> Scope {
        tokens.allSatisfy(other.contains) ? self : filter(other.contains)
    }

    /// What of this scope is kept, in its order.
    public func filter(_ isKept: (String) -> Bool) -> Scope {
        Scope(unique: tokens.filter(isKept))
    }

    /// What is in either, this scope's first.
    ///
    /// - Returns: `nil` if that is more than ``maximumCount``.
    public func union(_ other: Scope) -> Scope? { Scope(tokens: tokens + other.tokens) }

    /// What is in this scope and not in the other one.
    public func subtracting(_ other: Scope) -> Scope {
        Scope(unique: tokens.filter { !other.contains($0) })
    }

    /// The tokens, separated by spaces, as the `scope` parameter has them.
    public var description: String { tokens.joined(separator: " ") }
}
