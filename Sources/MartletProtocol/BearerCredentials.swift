/// The bearer token of an `Authorization` header (RFC 6750 §2.1).
public enum BearerCredentials: Sendable, Equatable {
    /// There is no header, or it is of another scheme.
    case absent
    /// The scheme is Bearer, and what follows is not one well formed token.
    case malformed
    /// The token, not yet verified.
    case token(String)

    /// Reads a header's value. The scheme is compared without regard to case (RFC 9110 §11.1); the
    /// token must be a `b64token`, which every JWT is.
    ///
    /// - Parameter authorization: The header's value, or nil if the request has none; of two headers
    ///   the values joined with a comma, which is no token.
    public init(authorization: String?) {
        guard let bytes = authorization?.utf8 else {
            self = .absent
            return
        }
        let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard scheme.map({ $0 | 0x20 }) == Array("bearer".utf8) else {
            self = .absent
            return
        }
        let token = bytes[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }
        self = Self.isToken(token) ? .token(String(decoding: token, as: UTF8.self)) : .malformed
    }

    /// Whether this is a `b64token`: characters of it, and padding behind them.
    static func isToken(_ bytes: some Sequence<UInt8>) -> Bool {
        var length = 0
        var isPadded = false
        for byte in bytes {
            if byte == UInt8(ascii: "=") {
                isPadded = true
            } else {
                guard !isPadded, isTokenCharacter(byte) else { return false }
                length += 1
            }
        }
        return length > 0
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~", "+", "/": true
        default: false
        }
    }
}
