import MartletProtocol

/// What the issuer says of a token (RFC 7662 §2.2), as far as this API believes it.
enum IntrospectionAnswer: Sendable {
    case active(AccessToken)
    case inactive

    /// Reads an answer. One that says neither yes nor no is none; a yes about a token that is not an
    /// access token for this API is a no here.
    ///
    /// - Throws: ``IntrospectionCall/Failure`` if this is no answer.
    init(
        _ json: JSONValue,
        for introspector: TokenIntrospector,
        at now: Double
    ) throws {
        guard let object = json.object, let isActive = object[WireName.active]?.bool else {
            throw IntrospectionCall.Failure(
                description: "The introspection endpoint's answer does not say what is active."
            )
        }
        guard isActive, Self.isOurs(object, introspector) else {
            self = .inactive
            return
        }
        do {
            let claims = try AccessTokenClaims(
                introspected: object,
                issuer: introspector.issuer,
                audience: introspector.audience,
                asked: now,
                believedFor: introspector.terms.activeFor
            )
            self = .active(AccessToken(claims: claims, payload: object))
        } catch {
            throw IntrospectionCall.Failure(
                description: "The introspection endpoint's answer is malformed: \(error)",
                concernsToken: true
            )
        }
    }

    /// Issuer, audience and kind. A refresh token is active too, and no access token: it has another
    /// `token_type`, or none and no audience. One that is bound to a key is good for nothing if it is
    /// not said to which.
    private static func isOurs(_ object: JSONObject, _ introspector: TokenIntrospector) -> Bool {
        if let issuer = object[ClaimName.issuer] {
            guard issuer.string?.isSameText(as: introspector.issuer) == true else { return false }
        }
        let type = object[WireName.tokenType]?.string?.lowercased()
        if let type, type != "bearer", type != "dpop" { return false }
        if type == "dpop", object[ClaimName.confirmation] == nil { return false }
        guard let audience = object[ClaimName.audience] else {
            return introspector.missingAudience == .accepted && type != nil
        }
        let audiences = audience.string.map { [$0] } ?? audience.strings ?? []
        return audiences.contains { $0.isSameText(as: introspector.audience) }
    }
}
