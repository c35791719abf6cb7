import MartletProtocol

extension AuthorizationServer {
    /// Reads a string as an access token that this server signed and that has not expired.
    ///
    /// Signature, type, issuer and times only: whether its session lives is another question.
    func issuedAccessToken(
        _ text: String,
        keys: KeyRing,
        at now: Instant
    ) -> AccessTokenClaims? {
        guard let claims = signedAccessToken(text, keys: keys), claims.expiresAt > now.seconds
        else { return nil }
        return claims
    }

    /// The same, expired or not.
    func signedAccessToken(_ text: String, keys: KeyRing) -> AccessTokenClaims? {
        guard let payload = signedPayload(text, type: AccessTokenClaims.type, keys: keys),
            let claims = try? AccessTokenClaims(json: payload),
            claims.issuer == settings.issuer
        else { return nil }
        return claims
    }

    /// What a token of this type says, if one of our keys signed it.
    func signedPayload(_ text: String, type: String, keys: KeyRing) -> JSONValue? {
        guard let token = try? JSONWebSignature.parse(text), token.header.isType(type),
            let keyID = token.header.keyID,
            let key = keys.signing.first(where: { $0.record.keyID == keyID })?.key,
            (try? token.verify(with: key.publicKey)) != nil
        else { return nil }
        return try? JSONValue(parsing: token.payload)
    }
}
