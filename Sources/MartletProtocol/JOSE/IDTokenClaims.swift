import Crypto

/// What an ID token says: that somebody signed in, how and when, told to one client (OIDC Core §2).
///
/// All times are whole seconds since the first of January 1970, UTC (RFC 7519 §2, NumericDate).
public struct IDTokenClaims: Sendable, Hashable {
    /// Who issued the token, `iss`: the issuer's URL, compared byte for byte.
    public var issuer: String

    /// Who signed in, `sub`: the person's identifier as this client knows it.
    public var subject: String

    /// Whom the token is for, `aud`: the client; never empty.
    public var audience: [String]

    /// When the token was issued, `iat`, in seconds since 1970.
    public var issuedAt: Int64

    /// From when on the token is no longer good, `exp`, in seconds since 1970.
    public var expiresAt: Int64

    /// When the person signed in, `auth_time`, in seconds since 1970.
    public var authenticationTime: Int64?

    /// The value of the authorization request that this token answers, `nonce`.
    public var nonce: String?

    /// How strong the sign-in was, `acr`.
    public var authenticationContext: String?

    /// The means of the sign-in, `amr` (RFC 8176); empty if the token does not say.
    public var authenticationMethods: [String]

    /// The party that the token was issued to, `azp`.
    public var authorizedParty: String?

    /// The hash of the access token that came with this token, `at_hash`.
    public var accessTokenHash: String?

    /// The browser's sign-in at this client, `sid` (OIDC Back-Channel Logout 1.0 §2.1).
    public var sessionID: String?

    /// What else is told of the person: the claims beside those above. A claim of theirs is not
    /// written from here.
    public var profile: JSONObject

    /// Claims of an ID token; the optional ones start out absent.
    ///
    /// - Parameters:
    ///   - issuer: `iss`.
    ///   - subject: `sub`.
    ///   - audience: `aud`, at least one.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - expiresAt: `exp`, in seconds since 1970.
    public init(
        issuer: String,
        subject: String,
        audience: [String],
        issuedAt: Int64,
        expiresAt: Int64
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        authenticationMethods = []
        profile = JSONObject()
    }

    /// The `typ` of an ID token: that of any JWT, as clients expect it.
    public static let type = "JWT"

    /// The `at_hash` of an access token: the left half of its hash, base64url (OIDC Core §3.1.3.6).
    ///
    /// The hash is the one that the ID token's signature uses. For EdDSA the standard names none:
    /// Ed25519 hashes with SHA-512 inside, and so do the libraries that check an `at_hash` beside
    /// it.
    ///
    /// - Parameters:
    ///   - accessToken: The access token as it is sent.
    ///   - algorithm: What the ID token is signed with.
    /// - Returns: 22 characters, for EdDSA 43.
    public static func hash(
        of accessToken: String,
        for algorithm: SignatureAlgorithm
    ) -> String {
        let bytes = Array(accessToken.utf8)
        switch algorithm {
        case .es256, .rs256, .ps256:
            return Base64URL.encode(Array(SHA256.hash(data: bytes).prefix(16)))
        case .edDSA:
            return Base64URL.encode(Array(SHA512.hash(data: bytes).prefix(32)))
        }
    }
}

extension IDTokenClaims {
    /// The names of the claims that have a property of their own.
    public static let names = [
        ClaimName.issuer, ClaimName.subject, ClaimName.audience, ClaimName.issuedAt,
        ClaimName.expiresAt, ClaimName.authenticationTime, ClaimName.nonce,
        ClaimName.authenticationContext, ClaimName.authenticationMethods,
        ClaimName.authorizedParty, ClaimName.accessTokenHash, ClaimName.sessionID,
    ]

    /// The claims as compact JSON, ready to be signed. What is absent or empty is not written; a
    /// single audience is written as a string, several as an array (RFC 7519 §4.1.3).
    ///
    /// - Returns: UTF-8 bytes; the same claims always make the same bytes.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member(ClaimName.issuer, issuer)
            writer.member(ClaimName.subject, subject)
            writer.member(ClaimName.audience, oneOrMany: audience)
            writer.member(ClaimName.issuedAt, issuedAt)
            writer.member(ClaimName.expiresAt, expiresAt)
            writer.member(ClaimName.authenticationTime, ifPresent: authenticationTime)
            writer.member(ClaimName.nonce, ifPresent: nonce)
            writer.member(ClaimName.authenticationContext, ifPresent: authenticationContext)
            if !authenticationMethods.isEmpty {
                writer.member(ClaimName.authenticationMethods, authenticationMethods)
            }
            writer.member(ClaimName.authorizedParty, ifPresent: authorizedParty)
            writer.member(ClaimName.accessTokenHash, ifPresent: accessTokenHash)
            writer.member(ClaimName.sessionID, ifPresent: sessionID)
            for member in profile.members where !Self.names.contains(member.name) {
                writer.member(member.name, member.value)
            }
        }
        return writer.bytes
    }

    /// Reads claims. All that OIDC Core §2 requires must be there and no text among them empty.
    ///
    /// - Parameter json: A verified token's payload.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/invalidClaims``, naming the claim.
    public init(json: JSONValue) throws(JOSEError) {
        guard let object = json.object else {
            throw JOSEError(.invalidClaims, "The token's payload is not a JSON object.")
        }
        let claims = ClaimReader(object: object)
        self.init(
            issuer: try claims.requiredText(ClaimName.issuer),
            subject: try claims.requiredText(ClaimName.subject),
            audience: try claims.requiredTextOrTexts(ClaimName.audience),
            issuedAt: try claims.requiredTime(ClaimName.issuedAt),
            expiresAt: try claims.requiredTime(ClaimName.expiresAt)
        )
        authenticationTime = try claims.time(ClaimName.authenticationTime, rounded: .down)
        nonce = try claims.text(ClaimName.nonce)
        authenticationContext = try claims.text(ClaimName.authenticationContext)
        authenticationMethods = try claims.texts(ClaimName.authenticationMethods) ?? []
        authorizedParty = try claims.text(ClaimName.authorizedParty)
        accessTokenHash = try claims.text(ClaimName.accessTokenHash)
        sessionID = try claims.text(ClaimName.sessionID)
        for member in object.members where !Self.names.contains(member.name) {
            profile[member.name] = member.value
        }
    }
}
