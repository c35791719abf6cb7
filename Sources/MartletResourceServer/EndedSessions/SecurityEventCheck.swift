import MartletProtocol

/// Which security event tokens an API believes (RFC 8417 §4, RFC 8936 §2.6).
struct SecurityEventCheck: Sendable {
    /// Why one is not believed, as its issuer is told.
    struct Refusal: Error {
        /// A code of RFC 8935 §2.4, which RFC 8936 shares.
        let code: String
        let description: String
    }

    let issuer: String
    let audience: String
    let algorithms: Set<SignatureAlgorithm>
    let keys: any KeySource

    /// What a token tells of; nil if it is of another event, which is none of our business.
    func read(_ token: String, named id: String) async throws -> SessionRevokedClaims? {
        let signed: JSONWebSignature
        do {
            signed = try JSONWebSignature.parse(token)
        } catch {
            throw Refusal(
                code: SecurityEventErrorName.invalidRequest,
                description: "The token is malformed."
            )
        }
        guard signed.header.isType(SessionRevokedClaims.type),
            algorithms.contains(signed.header.algorithm)
        else {
            throw Refusal(
                code: SecurityEventErrorName.invalidRequest,
                description: "The token's type or algorithm is not accepted."
            )
        }
        guard let key = try await key(of: signed) else {
            throw Refusal(
                code: SecurityEventErrorName.invalidKey,
                description: "The token's key is unknown."
            )
        }
        do {
            try signed.verify(with: key)
        } catch {
            throw Refusal(
                code: SecurityEventErrorName.authenticationFailed,
                description: "The token's signature does not verify."
            )
        }
        return try claims(of: signed.payload, named: id)
    }

    private func key(of signed: JSONWebSignature) async throws -> JSONWebKey? {
        let (id, algorithm) = (signed.header.keyID, signed.header.algorithm)
        if let key = keys.keysAtHand()?.key(withID: id, for: algorithm) { return key }
        return try await keys.keys(missing: id).key(withID: id, for: algorithm)
    }

    private func claims(of payload: [UInt8], named id: String) throws -> SessionRevokedClaims? {
        let claims: SessionRevokedClaims?
        do {
            claims = try SessionRevokedClaims.read(JSONValue(parsing: payload))
        } catch {
            throw Refusal(code: SecurityEventErrorName.invalidRequest, description: "\(error)")
        }
        guard let claims else { return nil }
        guard claims.issuer.isSameText(as: issuer) else {
            throw Refusal(
                code: SecurityEventErrorName.invalidIssuer,
                description: "The token is of another issuer."
            )
        }
        guard claims.audience.contains(where: { $0.isSameText(as: audience) }) else {
            throw Refusal(
                code: SecurityEventErrorName.invalidAudience,
                description: "The token is for another API."
            )
        }
        guard claims.tokenID.isSameText(as: id) else {
            throw Refusal(
                code: SecurityEventErrorName.invalidRequest,
                description: "The token's jti is another."
            )
        }
        return claims
    }
}
