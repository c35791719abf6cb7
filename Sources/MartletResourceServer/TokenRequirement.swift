import MartletProtocol

/// What a request asks of its access token, beyond being a good one: scopes, and how its person
/// signed in (RFC 9470).
public struct TokenRequirement: Sendable, Hashable {
    /// The scopes that the token must all have.
    public var scopes: [String]

    /// The sign-ins that will do, as values of `acr`, the preferred one first; any, if empty.
    public var contextClasses: [String]

    /// How long ago the person may have signed in, in whole seconds; as long as you like, if nil.
    public var maximumAge: Duration?

    /// A good token, and these things too.
    ///
    /// - Parameters:
    ///   - scopes: The scopes that the token must all have.
    ///   - contextClasses: The values of `acr` of which the token must have one.
    ///   - maximumAge: How long ago the person may have signed in.
    public init(
        scopes: [String] = [],
        contextClasses: [String] = [],
        maximumAge: Duration? = nil
    ) {
        self.scopes = scopes
        self.contextClasses = contextClasses
        self.maximumAge = maximumAge
    }

    /// A good token is all that is asked for.
    public static let none = TokenRequirement()

    /// Whether a token has what is asked for. The rule, the first row that fits:
    ///
    /// | the sign-in | the scopes | |
    /// | --- | --- | --- |
    /// | too weak, too long ago, or not told | | `insufficient_user_authentication`, 401 |
    /// | will do | one is missing | `insufficient_scope`, 403 |
    /// | will do | all there | granted |
    ///
    /// The sign-in goes first, and its refusal names missing scopes too, so that a client that sends
    /// its person to sign in again asks for all that it needs in one go (RFC 9470 §3).
    ///
    /// - Parameters:
    ///   - claims: A good token's claims.
    ///   - now: The time, in seconds since 1970.
    ///   - leeway: How far the issuer's clock may be from ours, in seconds.
    /// - Returns: The refusal, or nil if the request is granted.
    func refusal(
        of claims: AccessTokenClaims,
        at now: Double,
        leeway: Double
    ) -> AccessTokenError? {
        let lacksScope = !hasAllScopes(claims)
        if !isRecent(claims, at: now, leeway: leeway) || !isStrong(claims) {
            return AccessTokenError(
                .insufficientUserAuthentication,
                isStrong(claims)
                    ? "A more recent sign-in is required."
                    : "A different kind of sign-in is required.",
                requiredScopes: lacksScope ? scopes : [],
                requiredContextClasses: contextClasses,
                requiredMaximumAge: maximumAge?.components.seconds
            )
        }
        return lacksScope ? .insufficientScope(scopes) : nil
    }

    private func hasAllScopes(_ claims: AccessTokenClaims) -> Bool {
        if scopes.isEmpty { return true }
        let granted = claims.scopes
        return scopes.allSatisfy { scope in granted.contains { $0.isSameText(as: scope) } }
    }

    private func isStrong(_ claims: AccessTokenClaims) -> Bool {
        if contextClasses.isEmpty { return true }
        guard let reached = claims.authenticationContext else { return false }
        return contextClasses.contains { $0.isSameText(as: reached) }
    }

    private func isRecent(
        _ claims: AccessTokenClaims,
        at now: Double,
        leeway: Double
    ) -> Bool {
        guard let maximumAge else { return true }
        guard let signedInAt = claims.authenticationTime else { return false }
        return now - Double(signedInAt) <= Double(maximumAge.components.seconds) + leeway
    }
}

extension AccessTokenError {
    static func insufficientScope(_ required: [String]) -> AccessTokenError {
        AccessTokenError(
            .insufficientScope,
            "The access token lacks a scope that the request needs.",
            requiredScopes: required
        )
    }
}
