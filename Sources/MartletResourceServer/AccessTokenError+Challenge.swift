import MartletProtocol

extension AccessTokenError {
    /// The value of the `WWW-Authenticate` header of the answer (RFC 6750 §3).
    ///
    /// A request without a token is told the realm and no error. Everything inside the quotation
    /// marks is escaped, and control characters are left out, so no text can add a header.
    ///
    /// - Parameters:
    ///   - realm: A name for what is protected, shown to people at most.
    ///   - resourceMetadata: The URL of the API's protected resource metadata, from which a client
    ///     learns which authorization server to ask (RFC 9728 §5.1).
    /// - Returns: `Bearer realm="…"`, followed by `error`, `error_description` and `scope` where they
    ///   apply.
    public func challenge(realm: String, resourceMetadata: String? = nil) -> String {
        BearerChallenge(
            realm: realm,
            error: code.isRegistered ? (code.description, description) : nil,
            scopes: requiredScopes,
            resourceMetadata: resourceMetadata
        ).headerValue
    }
}
