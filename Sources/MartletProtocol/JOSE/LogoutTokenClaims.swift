/// What a logout token says: that a person's sign-in at one client is over (OIDC Back-Channel
/// Logout 1.0 §2.4).
///
/// It never has a `nonce`, so that it cannot be taken for an ID token.
public struct LogoutTokenClaims: Sendable, Hashable {
    /// What is over.
    public enum Subject: Sendable, Hashable {
        /// One sign-in of a browser, `sid`, and whose it was, `sub`.
        case session(String, of: String)
        /// Every sign-in of a person, `sub`.
        case everySession(of: String)
    }

    /// Who issued the token, `iss`.
    public var issuer: String

    /// Whom the token is for, `aud`: the client.
    public var audience: [String]

    /// When the token was issued, `iat`, in seconds since 1970.
    public var issuedAt: Int64

    /// From when on the token is no longer good, `exp`, in seconds since 1970.
    public var expiresAt: Int64

    /// The token's own identifier, `jti`.
    public var tokenID: String

    /// What is over.
    public var subject: Subject

    /// Claims of a logout token.
    ///
    /// - Parameters:
    ///   - issuer: `iss`.
    ///   - audience: `aud`, at least one.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - expiresAt: `exp`, in seconds since 1970; two minutes after `iat` at most, the standard
    ///     advises.
    ///   - tokenID: `jti`.
    ///   - subject: What is over.
    public init(
        issuer: String,
        audience: [String],
        issuedAt: Int64,
        expiresAt: Int64,
        tokenID: String,
        subject: Subject
    ) {
        self.issuer = issuer
        self.audience = audience
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.tokenID = tokenID
        self.subject = subject
    }

    /// The `typ` of a logout token.
    public static let type = "logout+jwt"

    /// The member of `events` that makes a token a logout token; its value is an empty object.
    public static let event = "http://schemas.openid.net/event/backchannel-logout"
}

extension LogoutTokenClaims {
    /// The claims as compact JSON, ready to be signed.
    ///
    /// - Returns: UTF-8 bytes; the same claims always make the same bytes.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member(ClaimName.issuer, issuer)
            switch subject {
            case .session(let session, let person):
                writer.member(ClaimName.subject, person)
                writer.member(ClaimName.sessionID, session)
            case .everySession(let person):
                writer.member(ClaimName.subject, person)
            }
            writer.member(ClaimName.audience, oneOrMany: audience)
            writer.member(ClaimName.issuedAt, issuedAt)
            writer.member(ClaimName.expiresAt, expiresAt)
            writer.member(ClaimName.tokenID, tokenID)
            writer.member(
                ClaimName.events,
                object: { events in events.member(Self.event, object: { _ in }) }
            )
        }
        return writer.bytes
    }
}
