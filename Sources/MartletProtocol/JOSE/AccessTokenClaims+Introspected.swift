extension AccessTokenClaims {
    /// Reads what an issuer answered about an active token (RFC 7662 §2.2), where all but `active` may
    /// be absent. What is absent is filled in so that nothing gets better by it:
    ///
    /// | absent | taken |
    /// | --- | --- |
    /// | `iss`, `aud` | those of the question, which the caller has judged |
    /// | `sub` | the client: nobody else is known to be behind the token |
    /// | `client_id` | `azp`, or else the subject |
    /// | `exp` | as long as the answer is believed |
    /// | `iat` | the moment of the question |
    /// | `jti` | empty |
    ///
    /// - Parameters:
    ///   - answer: The answer, which says that the token is active.
    ///   - issuer: Who was asked.
    ///   - audience: Who asked.
    ///   - asked: When, in seconds since 1970.
    ///   - believedFor: How long the answer is believed, in seconds.
    /// - Throws: ``JOSEError`` with ``JOSEError/Code/invalidClaims``, naming the member: one is of the
    ///   wrong type, or the answer names neither a subject nor a client.
    package init(
        introspected answer: JSONObject,
        issuer: String,
        audience: String,
        asked: Double,
        believedFor: Double
    ) throws(JOSEError) {
        let reader = ClaimReader(object: answer)
        let party = try reader.text(ClaimName.authorizedParty)
        let subject = try reader.text(ClaimName.subject)
        let client = try reader.text(ClaimName.clientID) ?? party ?? subject
        guard let client, !client.isEmpty, subject?.isEmpty != true else {
            throw reader.error(ClaimName.subject)
        }
        let audiences =
            answer[ClaimName.audience] == nil
            ? [audience] : try reader.requiredTextOrTexts(ClaimName.audience)
        self.init(
            issuer: issuer,
            subject: subject ?? client,
            audience: audiences,
            clientID: client,
            issuedAt: try reader.time(ClaimName.issuedAt, rounded: .down) ?? Int64(asked),
            expiresAt: try reader.time(ClaimName.expiresAt, rounded: .down)
                ?? Int64(asked + max(believedFor, 0)) + 1,
            tokenID: try reader.text(ClaimName.tokenID) ?? "",
            scope: try reader.text(ClaimName.scope) ?? ""
        )
        authorizedParty = party
        notBefore = try reader.time(ClaimName.notBefore, rounded: .up)
        try readAuthentication(reader)
    }

    /// What both a token and an answer about one may say of the sign-in and the session.
    mutating func readAuthentication(_ reader: ClaimReader) throws(JOSEError) {
        authenticationTime = try reader.time(ClaimName.authenticationTime, rounded: .down)
        authenticationContext = try reader.text(ClaimName.authenticationContext)
        authenticationMethods = try reader.texts(ClaimName.authenticationMethods) ?? []
        sessionID = try reader.text(ClaimName.sessionID)
        if let value = reader.object[ClaimName.confirmation] {
            guard let members = value.object else { throw reader.error(ClaimName.confirmation) }
            confirmation = try Confirmation(ClaimReader(object: members))
        }
    }
}
