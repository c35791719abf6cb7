/// The names of the parameters and members that travel, written once (RFC 6749 appendix A and the
/// RFCs that each belongs to).
public enum WireName {
    /// RFC 6749 §4.
    public static let grantType = "grant_type"
    /// RFC 6749 §2.3.1.
    public static let clientID = "client_id"
    /// RFC 6749 §2.3.1.
    public static let clientSecret = "client_secret"
    /// RFC 6749 §4.3.2.
    public static let username = "username"
    /// RFC 6749 §4.3.2.
    public static let password = "password"
    /// RFC 6749 §3.3.
    public static let scope = "scope"
    /// RFC 8707 §2.
    public static let resource = "resource"
    /// RFC 6749 §6.
    public static let refreshToken = "refresh_token"
    /// RFC 6749 §5.1.
    public static let accessToken = "access_token"
    /// RFC 6749 §5.1.
    public static let tokenType = "token_type"
    /// RFC 6749 §5.1, in seconds.
    public static let expiresIn = "expires_in"
    /// Seconds after which an unused refresh token is no longer good
    /// (draft-ietf-oauth-refresh-token-expiration).
    public static let refreshTokenTimeout = "refresh_token_timeout"
    /// Seconds after which the authorization is over, whatever its use
    /// (draft-ietf-oauth-refresh-token-expiration).
    public static let authorizationExpiresIn = "authorization_expires_in"
    /// RFC 7009 §2.1 and RFC 7662 §2.1.
    public static let token = "token"
    /// RFC 7009 §2.1 and RFC 7662 §2.1.
    public static let tokenTypeHint = "token_type_hint"
    /// RFC 7662 §2.2.
    public static let active = "active"
    /// RFC 6749 §5.2.
    public static let error = "error"
    /// RFC 6749 §5.2.
    public static let errorDescription = "error_description"
    /// RFC 8693 §2.1 and the hints of RFC 7009 §2.1.
    public static let bearer = "Bearer"
}

/// The values of `grant_type` that Martlet answers (RFC 6749 §4, §6).
public enum GrantType: String, Sendable, CaseIterable {
    /// RFC 6749 §6.
    case refreshToken = "refresh_token"
    /// RFC 6749 §4.4.
    case clientCredentials = "client_credentials"
    /// RFC 6749 §4.3: legacy; off unless the client's metadata names it.
    case password = "password"
}

/// How a client proves who it is at the token endpoint (RFC 7591 §2,
/// `token_endpoint_auth_method`).
public enum ClientAuthenticationMethod: String, Sendable, CaseIterable {
    /// The secret in an `Authorization: Basic` header (RFC 6749 §2.3.1).
    case clientSecretBasic = "client_secret_basic"
    /// The secret in the body (RFC 6749 §2.3.1).
    case clientSecretPost = "client_secret_post"
    /// A public client, which has none.
    case none = "none"
}
