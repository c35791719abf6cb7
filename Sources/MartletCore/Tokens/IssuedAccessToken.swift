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
        guard let token = try? JSONWebSignature.parse(text),
            token.header.isType(AccessTokenClaims.type), let keyID = token.header.keyID,
            let key = keys.signing.first(where: { $0.record.keyID == keyID }),
            (try? token.verify(with: key.key.publicKey)) != nil,
            let json = try? JSONValue(parsing: token.payload),
            let claims = try? AccessTokenClaims(json: json),
            claims.issuer == settings.issuer
        else { return nil }
        return claims
    }
}
