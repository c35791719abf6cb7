extension AccessTokenClaims {
    fileprivate enum Name {
        static let issuer = "iss"
        static let subject = "sub"
        static let audience = "aud"
        static let clientID = "client_id"
        static let authorizedParty = "azp"
        static let issuedAt = "iat"
        static let expiresAt = "exp"
        static let notBefore = "nbf"
        static let tokenID = "jti"
        static let scope = "scope"
        static let authenticationTime = "auth_time"
        static let authenticationContext = "acr"
        static let authenticationMethods = "amr"
        static let sessionID = "sid"
        static let confirmation = "cnf"
        static let keyThumbprint = "jkt"
        static let certificateThumbprint = "x5t#S256"
    }

    /// The claims as compact JSON, ready to be signed. What is absent or empty is not written; a
    /// single audience is written as a string, several as an array (RFC 7519 §4.1.3).
    ///
    /// - Returns: UTF-8 bytes; the same claims always make the same bytes.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member(Name.issuer, issuer)
            writer.member(Name.subject, subject)
            writeAudience(to: &writer)
            writer.member(Name.clientID, clientID)
            writer.member(Name.authorizedParty, ifPresent: authorizedParty)
            writer.member(Name.issuedAt, issuedAt)
            writer.member(Name.expiresAt, expiresAt)
            writer.member(Name.notBefore, ifPresent: notBefore)
            writer.member(Name.tokenID, tokenID)
            if !scope.isEmpty { writer.member(Name.scope, scope) }
            writer.member(Name.authenticationTime, ifPresent: authenticationTime)
            writer.member(Name.authenticationContext, ifPresent: authenticationContext)
            if !authenticationMethods.isEmpty {
                writer.member(Name.authenticationMethods, authenticationMethods)
            }
            writer.member(Name.sessionID, ifPresent: sessionID)
            if let confirmation {
                writer.member(Name.confirmation, object: confirmation.write)
            }
        }
        return writer.bytes
    }

    private func writeAudience(to writer: inout JSONWriter) {
        if audience.count == 1, let only = audience.first {
            writer.member(Name.audience, only)
        } else {
            writer.member(Name.audience, audience)
        }
    }

    /// Reads claims. All that RFC 9068 §2.2 requires must be there and no text among them empty;
    /// times may have fractions, of which `exp` and `iat` lose theirs and `nbf` is rounded up.
    ///
    /// - Parameter json: A verified token's payload.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/invalidClaims``, naming the claim.
    public init(json: JSONValue) throws(JOSEError) {
        guard let object = json.object else {
            throw JOSEError(.invalidClaims, "The token's payload is not a JSON object.")
        }
        let claims = ClaimReader(object: object)
        self.init(
            issuer: try claims.requiredText(Name.issuer),
            subject: try claims.requiredText(Name.subject),
            audience: try claims.requiredTextOrTexts(Name.audience),
            clientID: try claims.requiredText(Name.clientID),
            issuedAt: try claims.requiredTime(Name.issuedAt),
            expiresAt: try claims.requiredTime(Name.expiresAt),
            tokenID: try claims.requiredText(Name.tokenID),
            scope: try claims.text(Name.scope) ?? ""
        )
        authorizedParty = try claims.text(Name.authorizedParty)
        notBefore = try claims.time(Name.notBefore, rounded: .up)
        authenticationTime = try claims.time(Name.authenticationTime, rounded: .down)
        authenticationContext = try claims.text(Name.authenticationContext)
        authenticationMethods = try claims.texts(Name.authenticationMethods) ?? []
        sessionID = try claims.text(Name.sessionID)
        if let value = object[Name.confirmation] {
            guard let members = value.object else { throw claims.error(Name.confirmation) }
            confirmation = try Confirmation(ClaimReader(object: members))
        }
    }
}

extension AccessTokenClaims.Confirmation {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member(AccessTokenClaims.Name.keyThumbprint, ifPresent: keyThumbprint)
        writer.member(
            AccessTokenClaims.Name.certificateThumbprint,
            ifPresent: certificateThumbprint
        )
    }

    fileprivate init(_ claims: ClaimReader) throws(JOSEError) {
        self.init(
            keyThumbprint: try claims.text(AccessTokenClaims.Name.keyThumbprint),
            certificateThumbprint: try claims.text(AccessTokenClaims.Name.certificateThumbprint)
        )
    }
}
