/// The bearer token of a request (RFC 6750 §2.1).
public enum BearerToken {
    /// Takes the token out of an `Authorization` header's value.
    ///
    /// The scheme is compared without regard to case (RFC 9110 §11.1); the token must be a
    /// `b64token`, which every JWT is.
    ///
    /// - Parameter authorization: The header's value, or nil if the request has none. A request with
    ///   two such headers is to be refused before.
    /// - Returns: The token, not yet verified.
    /// - Throws: ``AccessTokenError``: ``AccessTokenError/Code/tokenMissing`` if there is no header or
    ///   it is of another scheme, ``AccessTokenError/Code/invalidRequest`` if there is no well formed
    ///   token in it.
    public static func extract(
        fromAuthorization authorization: String?
    ) throws(AccessTokenError) -> String {
        guard let authorization else { throw .missing }
        let bytes = authorization.utf8
        let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
        guard scheme.map({ $0 | 0x20 }) == Array("bearer".utf8) else { throw .missing }
        let token = bytes[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }
        let body = token.prefix(while: isTokenCharacter)
        let padding = token[body.endIndex...]
        guard !body.isEmpty, padding.allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            throw AccessTokenError(
                .invalidRequest,
                "The Authorization header does not hold one bearer token."
            )
        }
        return String(token) ?? ""
    }

    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch Unicode.Scalar(byte) {
        case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~", "+", "/": true
        default: false
        }
    }
}
