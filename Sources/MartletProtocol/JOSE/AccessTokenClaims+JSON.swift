extension AccessTokenClaims {
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
            writer.member(ClaimName.clientID, clientID)
            writer.member(ClaimName.authorizedParty, ifPresent: authorizedParty)
            writer.member(ClaimName.issuedAt, issuedAt)
            writer.member(ClaimName.expiresAt, expiresAt)
            writer.member(ClaimName.notBefore, ifPresent: notBefore)
            writer.member(ClaimName.tokenID, tokenID)
            if !scope.isEmpty { writer.member(ClaimName.scope, scope) }
            writer.member(ClaimName.authenticationTime, ifPresent: authenticationTime)
            writer.member(ClaimName.authenticationContext, ifPresent: authenticationContext)
            if !authenticationMethods.isEmpty {
                writer.member(ClaimName.authenticationMethods, authenticationMethods)
            }
            writer.member(ClaimName.sessionID, ifPresent: sessionID)
            if let confirmation {
                writer.member(ClaimName.confirmation, object: confirmation.write)
            }
        }
        return writer.bytes
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
            issuer: try claims.requiredText(ClaimName.issuer),
            subject: try claims.requiredText(ClaimName.subject),
            audience: try claims.requiredTextOrTexts(ClaimName.audience),
            clientID: try claims.requiredText(ClaimName.clientID),
            issuedAt: try claims.requiredTime(ClaimName.issuedAt),
            expiresAt: try claims.requiredTime(ClaimName.expiresAt),
            tokenID: try claims.requiredText(ClaimName.tokenID),
            scope: try claims.text(ClaimName.scope) ?? ""
        )
        authorizedParty = try claims.text(ClaimName.authorizedParty)
        notBefore = try claims.time(ClaimName.notBefore, rounded: .up)
        try readAuthentication(claims)
    }
}

extension AccessTokenClaims.Confirmation {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.member(ClaimName.keyThumbprint, ifPresent: keyThumbprint)
        writer.member(
            ClaimName.certificateThumbprint,
            ifPresent: certificateThumbprint
        )
    }

    init(_ claims: ClaimReader) throws(JOSEError) {
        self.init(
            keyThumbprint: try claims.text(ClaimName.keyThumbprint),
            certificateThumbprint: try claims.text(ClaimName.certificateThumbprint)
        )
    }
}
