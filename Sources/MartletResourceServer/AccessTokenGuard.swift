public import HTTPTypes

/// What stands before an API: takes a request's header, and gives out the access token that was in it
/// or the answer to refuse it with. It knows no framework.
///
/// ```swift
/// let tokens = AccessTokenGuard(
///     AccessTokenVerifier(
///         issuer: "https://login.example.com", audience: "https://api.example.com"))
/// switch await tokens.decide(headerFields, requiring: .init(scopes: ["orders:read"])) {
/// case .granted(let token):
///     return try await orders(of: token.claims.subject)
/// case .refused(_, let answer):
///     return (answer.response, answer.body)
/// }
/// ```
///
/// Make it at start and share it.
public struct AccessTokenGuard: Sendable {
    /// What becomes of a request.
    public enum Decision: Sendable {
        /// It may go on; this is its token.
        case granted(AccessToken)
        /// It may not: why, for a log, and what to answer.
        case refused(AccessTokenError, RefusalAnswer)
    }

    /// A name for what is protected, as challenges tell it.
    public let realm: String

    /// What the API says of itself, if it does: challenges point at it.
    public let metadata: ProtectedResourceMetadata?

    private let judge: any AccessTokenJudge
    private let checks: [any AccessTokenCheck]

    /// A guard.
    ///
    /// - Parameters:
    ///   - judge: What tells good tokens from others.
    ///   - realm: A name for what is protected, shown to people at most.
    ///   - metadata: What the API says of itself; by default its identifier and its issuer, if the
    ///     identifier is an address. See ``ProtectedResourceMetadata``.
    ///   - checks: What else every token has to pass, in this order.
    public init(
        _ judge: some AccessTokenJudge,
        realm: String = "api",
        metadata: ProtectedResourceMetadata? = nil,
        checks: [any AccessTokenCheck] = []
    ) {
        self.judge = judge
        self.realm = realm
        self.metadata =
            metadata
            ?? ProtectedResourceMetadata(
                resource: judge.audience,
                authorizationServers: [judge.issuer]
            )
        self.checks = checks
    }

    /// Decides about a request.
    ///
    /// - Parameters:
    ///   - headerFields: The request's header.
    ///   - requirement: What it asks of its token.
    /// - Returns: The token, or the answer.
    public func decide(
        _ headerFields: HTTPFields,
        requiring requirement: TokenRequirement = .none
    ) async -> Decision {
        await decide(authorization: headerFields[values: .authorization], requiring: requirement)
    }

    /// Decides about a request, for frameworks that have a header type of their own.
    ///
    /// - Parameters:
    ///   - authorization: The values of all its `Authorization` fields; more than one is refused.
    ///   - requirement: What it asks of its token.
    /// - Returns: The token, or the answer.
    public func decide(
        authorization: [String],
        requiring requirement: TokenRequirement = .none
    ) async -> Decision {
        do {
            return .granted(try await token(authorization, requiring: requirement))
        } catch {
            return .refused(error, answer(to: error))
        }
    }

    /// What to answer a request with that was refused.
    ///
    /// - Parameter error: Why.
    /// - Returns: Status, header and body.
    public func answer(to error: AccessTokenError) -> RefusalAnswer {
        error.answer(realm: realm, resourceMetadata: metadata?.address)
    }

    /// The order of what is looked at: one well formed header; a good token; what else every token has
    /// to pass; the sign-in; the scopes.
    private func token(
        _ authorization: [String],
        requiring requirement: TokenRequirement
    ) async throws(AccessTokenError) -> AccessToken {
        // Two values joined are no token (RFC 6750 §2).
        let header = authorization.isEmpty ? nil : authorization.joined(separator: ", ")
        let token = try await judge.judge(BearerToken.extract(fromAuthorization: header))
        for check in checks { try check.check(token) }
        let now = judge.secondsSince1970()
        if let refusal = requirement.refusal(of: token.claims, at: now, leeway: judge.leeway) {
            throw refusal
        }
        return token
    }
}
