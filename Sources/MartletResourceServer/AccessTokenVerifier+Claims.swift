import MartletProtocol

extension AccessTokenVerifier {
    /// The claims against this API and the clock. Expiry comes last: a token for somebody else is not
    /// worth refreshing.
    func check(_ claims: AccessTokenClaims) throws(AccessTokenError) {
        guard claims.issuer.isSameText(as: issuer) else {
            throw .invalid("The access token is from another issuer.")
        }
        guard claims.audience.contains(where: { $0.isSameText(as: audience) }) else {
            throw .invalid("The access token is not for this resource.")
        }
        guard claims.confirmation == nil || keyBoundTokens == .checkedByCaller else {
            throw .invalid("The access token is bound to a key and no proof was checked.")
        }
        let now = secondsSince1970()
        guard Double(claims.issuedAt) <= now + leeway else {
            throw .invalid("The access token was issued in the future.")
        }
        guard Double(claims.notBefore ?? 0) <= now + leeway else {
            throw .invalid("The access token is not valid yet.")
        }
        guard now < Double(claims.expiresAt) + leeway else { throw .expired }
    }

    func check(
        _ claims: AccessTokenClaims,
        contain required: [String]
    ) throws(AccessTokenError) {
        let requirement = TokenRequirement(scopes: required)
        if let refusal = requirement.refusal(of: claims, at: 0, leeway: 0) { throw refusal }
    }
}
