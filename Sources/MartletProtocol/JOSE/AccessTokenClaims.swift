/// What a JWT access token says (RFC 9068 §2.2).
///
/// All times are whole seconds since the first of January 1970, UTC (RFC 7519 §2, NumericDate).
public struct AccessTokenClaims: Sendable, Hashable {
    /// Who issued the token, `iss`: the issuer's URL, compared byte for byte.
    public var issuer: String

    /// Whom the token speaks of, `sub`: an account, or the client itself.
    public var subject: String

    /// Which resource servers the token is for, `aud`; never empty.
    public var audience: [String]

    /// The client that asked for the token, `client_id`.
    public var clientID: String

    /// The party that the token was issued to, `azp`, for readers that look for it there.
    public var authorizedParty: String?

    /// When the token was issued, `iat`, in seconds since 1970.
    public var issuedAt: Int64

    /// From when on the token is no longer good, `exp`, in seconds since 1970.
    public var expiresAt: Int64

    /// From when on the token is good, `nbf`, in seconds since 1970.
    public var notBefore: Int64?

    /// The token's own identifier, `jti`.
    public var tokenID: String

    /// The scopes, `scope`, separated by single spaces; empty if the token has none.
    public var scope: String

    /// When the person last signed in, `auth_time`, in seconds since 1970.
    public var authenticationTime: Int64?

    /// How strong the sign-in was, `acr`.
    public var authenticationContext: String?

    /// The means of the sign-in, `amr` (RFC 8176); empty if the token does not say.
    public var authenticationMethods: [String]

    /// The session that the token belongs to, `sid`.
    public var sessionID: String?

    /// The key that whoever presents the token must prove to hold, `cnf`; nil for a bearer token.
    public var confirmation: Confirmation?

    /// Claims of an access token; the optional ones start out absent.
    ///
    /// - Parameters:
    ///   - issuer: `iss`.
    ///   - subject: `sub`.
    ///   - audience: `aud`, at least one.
    ///   - clientID: `client_id`.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - expiresAt: `exp`, in seconds since 1970.
    ///   - tokenID: `jti`.
    ///   - scope: `scope`, separated by single spaces.
    public init(
        issuer: String,
        subject: String,
        audience: [String],
        clientID: String,
        issuedAt: Int64,
        expiresAt: Int64,
        tokenID: String,
        scope: String = ""
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.clientID = clientID
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.scope = scope
        authenticationMethods = []
    }

    /// The scopes one by one, in the token's order.
    public var scopes: [String] {
        scope.split(separator: " ").map(String.init)
    }

    /// The `typ` of a JWT access token (RFC 9068 §2.1).
    public static let type = "at+jwt"

    /// The proof that a token asks for (RFC 7800).
    public struct Confirmation: Sendable, Hashable {
        /// The thumbprint of a DPoP key, `jkt` (RFC 9449 §6.1): 43 characters of base64url.
        public var keyThumbprint: String?

        /// The thumbprint of a client certificate, `x5t#S256` (RFC 8705 §3.1): 43 characters of
        /// base64url.
        public var certificateThumbprint: String?

        /// A binding to a key, to a certificate, or (if both are nil, as it can be read) to something
        /// that this version does not know.
        ///
        /// - Parameters:
        ///   - keyThumbprint: `jkt`.
        ///   - certificateThumbprint: `x5t#S256`.
        public init(keyThumbprint: String? = nil, certificateThumbprint: String? = nil) {
            self.keyThumbprint = keyThumbprint
            self.certificateThumbprint = certificateThumbprint
        }
    }
}
