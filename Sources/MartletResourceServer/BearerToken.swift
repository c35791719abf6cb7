import MartletProtocol

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
        switch BearerCredentials(authorization: authorization) {
        case .token(let token):
            return token
        case .absent:
            throw .missing
        case .malformed:
            throw AccessTokenError(
                .invalidRequest,
                "The Authorization header does not hold one bearer token."
            )
        }
    }
}
