/// What a security event token says that tells of ended sessions (RFC 8417): the event
/// `session-revoked` of CAEP 1.0 §3.1, about a subject of SSF 1.0 §3.
///
/// It never has a `sub` or an `exp`, and its `typ` is its own, so that it cannot be taken for an
/// access token or an ID token (RFC 8417 §4.1, SSF 1.0 §4.1).
public struct SessionRevokedClaims: Sendable, Hashable {
    /// What ended. Of all but ``session(_:)`` and ``accessToken(_:)`` it is what was issued until the
    /// event.
    public enum Subject: Sendable, Hashable {
        /// One session, by the `sid` of its access tokens.
        case session(String)
        /// Everything of a person, by the `sub` of the access tokens; also what a client has in its
        /// own name, of which it is the `sub`.
        case person(String)
        /// Everything of a person at one client: `sub` and `client_id`.
        case personAtClient(String, clientID: String)
        /// All sessions that people have with a client.
        case client(String)
        /// One access token, by its `jti`.
        case accessToken(String)
        /// Everything of the issuer.
        case everything
    }

    /// Who issued the token, `iss`.
    public var issuer: String

    /// Whom the token is for, `aud`: the API.
    public var audience: [String]

    /// When the token was issued, `iat`, in seconds since 1970.
    public var issuedAt: Int64

    /// The token's own identifier, `jti`.
    public var tokenID: String

    /// What ended, `sub_id`.
    public var subject: Subject

    /// When it ended, `event_timestamp`, in seconds since 1970.
    public var endedAt: Int64

    /// When the last of the access tokens that ended expires by itself, in seconds since 1970, if
    /// the issuer says so: a member of Martlet's own, `tokens_expire_at`.
    public var tokensExpireAt: Int64?

    /// Claims of a security event token.
    ///
    /// - Parameters:
    ///   - issuer: `iss`.
    ///   - audience: `aud`, at least one.
    ///   - issuedAt: `iat`, in seconds since 1970.
    ///   - tokenID: `jti`.
    ///   - subject: `sub_id`.
    ///   - endedAt: `event_timestamp`, in seconds since 1970.
    ///   - tokensExpireAt: `tokens_expire_at`, in seconds since 1970.
    public init(
        issuer: String,
        audience: [String],
        issuedAt: Int64,
        tokenID: String,
        subject: Subject,
        endedAt: Int64,
        tokensExpireAt: Int64? = nil
    ) {
        self.issuer = issuer
        self.audience = audience
        self.issuedAt = issuedAt
        self.tokenID = tokenID
        self.subject = subject
        self.endedAt = endedAt
        self.tokensExpireAt = tokensExpireAt
    }

    /// The `typ` of a security event token (RFC 8417 §2.3).
    public static let type = "secevent+jwt"

    /// The member of `events` that makes a token tell of ended sessions.
    public static let event = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
}

/// The names of a security event token's members beside ``ClaimName``.
enum SecurityEventName {
    /// RFC 9493 §4.1.
    static let subjectID = "sub_id"
    /// CAEP 1.0 §2.
    static let timestamp = "event_timestamp"
    /// Martlet's own.
    static let tokensExpireAt = "tokens_expire_at"
    /// RFC 9493 §3.
    static let format = "format"
    /// RFC 9493 §3.2.4.
    static let id = "id"
    /// RFC 9493 §3.2.7.
    static let uri = "uri"

    /// RFC 9493 §3.2.3.
    static let issuerAndSubject = "iss_sub"
    /// RFC 9493 §3.2.4.
    static let opaque = "opaque"
    /// SSF 1.0 §3.3.
    static let complex = "complex"
    /// SSF 1.0 §3.4.1.
    static let jwtID = "jwt_id"

    /// Members of a complex subject (SSF 1.0 §3.3).
    static let user = "user"
    static let session = "session"
    static let application = "application"
    static let tenant = "tenant"
}

// MARK: - As JSON

extension SessionRevokedClaims {
    /// The claims as compact JSON, ready to be signed.
    ///
    /// - Returns: UTF-8 bytes; the same claims always make the same bytes.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member(ClaimName.issuer, issuer)
            writer.member(ClaimName.tokenID, tokenID)
            writer.member(ClaimName.issuedAt, issuedAt)
            writer.member(ClaimName.audience, oneOrMany: audience)
            writer.member(SecurityEventName.subjectID, subject.json(issuer: issuer))
            writer.member(
                ClaimName.events,
                object: { events in
                    events.member(
                        Self.event,
                        object: { event in
                            event.member(SecurityEventName.timestamp, endedAt)
                            event.member(
                                SecurityEventName.tokensExpireAt,
                                ifPresent: tokensExpireAt
                            )
                        }
                    )
                }
            )
        }
        return writer.bytes
    }

    /// Reads claims. A token that tells of something else than ended sessions is none of these.
    ///
    /// - Parameter json: A verified token's payload.
    /// - Returns: The claims, or nil if the token tells of another event.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/invalidClaims``, naming the claim.
    public static func read(_ json: JSONValue) throws(JOSEError) -> SessionRevokedClaims? {
        guard let object = json.object else {
            throw JOSEError(.invalidClaims, "The token's payload is not a JSON object.")
        }
        let claims = ClaimReader(object: object)
        let issuer = try claims.requiredText(ClaimName.issuer)
        guard let events = object[ClaimName.events]?.object, !events.isEmpty else {
            throw claims.error(ClaimName.events)
        }
        // What can be taken for another kind of token is none (SSF 1.0 §4.1).
        guard object[ClaimName.subject] == nil else { throw claims.error(ClaimName.subject) }
        guard object[ClaimName.expiresAt] == nil else { throw claims.error(ClaimName.expiresAt) }
        guard let event = events[Self.event] else { return nil }
        let issuedAt = try claims.requiredTime(ClaimName.issuedAt)
        let particulars = ClaimReader(object: event.object ?? JSONObject())
        guard let subjectID = object[SecurityEventName.subjectID],
            let subject = Subject(json: subjectID, issuer: issuer)
        else { throw claims.error(SecurityEventName.subjectID) }
        return SessionRevokedClaims(
            issuer: issuer,
            audience: try claims.requiredTextOrTexts(ClaimName.audience),
            issuedAt: issuedAt,
            tokenID: try claims.requiredText(ClaimName.tokenID),
            subject: subject,
            endedAt: try particulars.time(SecurityEventName.timestamp, rounded: .up) ?? issuedAt,
            tokensExpireAt: try particulars.time(SecurityEventName.tokensExpireAt, rounded: .up)
        )
    }
}

extension SessionRevokedClaims.Subject {
    private typealias Name = SecurityEventName

    fileprivate func json(issuer: String) -> JSONValue {
        switch self {
        case .session(let id): [Name.format: .string(Name.complex), Name.session: Self.opaque(id)]
        case .person(let subject): Self.person(subject, issuer)
        case .personAtClient(let subject, let client):
            [
                Name.format: .string(Name.complex), Name.user: Self.person(subject, issuer),
                Name.application: Self.opaque(client),
            ]
        case .client(let client):
            [Name.format: .string(Name.complex), Name.application: Self.opaque(client)]
        case .accessToken(let id):
            [
                Name.format: .string(Name.jwtID), ClaimName.issuer: .string(issuer),
                ClaimName.tokenID: .string(id),
            ]
        case .everything:
            [
                Name.format: .string(Name.complex),
                Name.tenant: [Name.format: .string(Name.uri), Name.uri: .string(issuer)],
            ]
        }
    }

    private static func opaque(_ id: String) -> JSONValue {
        [Name.format: .string(Name.opaque), Name.id: .string(id)]
    }

    private static func person(_ subject: String, _ issuer: String) -> JSONValue {
        [
            Name.format: .string(Name.issuerAndSubject), ClaimName.issuer: .string(issuer),
            ClaimName.subject: .string(subject),
        ]
    }

    /// Nil for a subject that cannot be found in an access token of this issuer.
    fileprivate init?(json: JSONValue, issuer: String) {
        switch json[Name.format]?.string {
        case Name.opaque:
            guard let id = json[Name.id]?.string, !id.isEmpty else { return nil }
            self = .session(id)
        case Name.issuerAndSubject:
            guard let subject = Self.person(in: json, issuer) else { return nil }
            self = .person(subject)
        case Name.jwtID:
            guard Self.isOf(issuer, json), let id = json[ClaimName.tokenID]?.string, !id.isEmpty
            else { return nil }
            self = .accessToken(id)
        case Name.complex:
            guard let subject = Self.complex(json, issuer) else { return nil }
            self = subject
        case _: return nil
        }
    }

    /// All members of a complex subject hold at once (SSF 1.0 §3.3). A session needs no other to be
    /// found.
    private static func complex(_ json: JSONValue, _ issuer: String) -> Self? {
        if let session = json[Name.session] { return id(in: session).map { .session($0) } }
        switch (json[Name.user], json[Name.application]) {
        case (let user?, let application?):
            guard let subject = person(in: user, issuer), let client = id(in: application) else {
                return nil
            }
            return .personAtClient(subject, clientID: client)
        case (let user?, nil): return person(in: user, issuer).map { .person($0) }
        case (nil, let application?): return id(in: application).map { .client($0) }
        case (nil, nil):
            guard let tenant = json[Name.tenant], tenant[Name.uri]?.string == issuer else {
                return nil
            }
            return .everything
        }
    }

    private static func id(in json: JSONValue) -> String? {
        guard json[Name.format]?.string == Name.opaque, let id = json[Name.id]?.string,
            !id.isEmpty
        else { return nil }
        return id
    }

    private static func person(in json: JSONValue, _ issuer: String) -> String? {
        guard json[Name.format]?.string == Name.issuerAndSubject, isOf(issuer, json),
            let subject = json[ClaimName.subject]?.string, !subject.isEmpty
        else { return nil }
        return subject
    }

    private static func isOf(_ issuer: String, _ json: JSONValue) -> Bool {
        json[ClaimName.issuer]?.string?.isSameText(as: issuer) == true
    }
}
