/// The names of the claims in tokens and at the UserInfo endpoint, written once (RFC 7519 §4.1,
/// RFC 9068 §2.2, OIDC Core §2 and §5.1, OIDC Back-Channel Logout 1.0 §2.4). What else is told of a
/// person has its names elsewhere: these are the claims that the server makes by itself.
public enum ClaimName {
    /// Who issued the token.
    public static let issuer = "iss"
    /// Whom it speaks of.
    public static let subject = "sub"
    /// Whom it is for.
    public static let audience = "aud"
    /// The client that asked for it.
    public static let clientID = "client_id"
    /// The party that it was issued to.
    public static let authorizedParty = "azp"
    /// When it was issued.
    public static let issuedAt = "iat"
    /// From when on it is no longer good.
    public static let expiresAt = "exp"
    /// From when on it is good.
    public static let notBefore = "nbf"
    /// The token's own identifier.
    public static let tokenID = "jti"
    /// The scopes, separated by single spaces.
    public static let scope = "scope"
    /// When the person signed in.
    public static let authenticationTime = "auth_time"
    /// How strong the sign-in was.
    public static let authenticationContext = "acr"
    /// The means of the sign-in.
    public static let authenticationMethods = "amr"
    /// The session that the token belongs to.
    public static let sessionID = "sid"
    /// The value that ties an ID token to the request that it answers.
    public static let nonce = "nonce"
    /// The hash of the access token that came with an ID token.
    public static let accessTokenHash = "at_hash"
    /// What a security event token tells of (RFC 8417 §2.2).
    public static let events = "events"
    /// The key that whoever presents the token must prove to hold (RFC 7800).
    public static let confirmation = "cnf"
    /// The thumbprint of a DPoP key, in `cnf` (RFC 9449 §6.1).
    public static let keyThumbprint = "jkt"
    /// The thumbprint of a client certificate, in `cnf` (RFC 8705 §3.1).
    public static let certificateThumbprint = "x5t#S256"
    /// The name that the person signs in with; it may change hands.
    public static let preferredUsername = "preferred_username"
    /// The person's e-mail address.
    public static let email = "email"
    /// When what is told of the person last changed.
    public static let updatedAt = "updated_at"
}
