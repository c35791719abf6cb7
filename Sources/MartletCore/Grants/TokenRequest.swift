package import MartletProtocol

/// A request to the token endpoint, read but not yet believed.
package struct TokenRequest: Sendable {
    package let parameters: FormParameters
    package let authorization: String?
    package let origin: Origin
    /// When it reached the server.
    package let arrived: Instant

    package init(
        parameters: FormParameters,
        authorization: String?,
        origin: Origin,
        arrived: Instant
    ) {
        self.parameters = parameters
        self.authorization = authorization
        self.origin = origin
        self.arrived = arrived
    }

    func presentedClient() throws(OAuthError) -> PresentedClient {
        try PresentedClient.read(authorization: authorization, parameters: parameters)
    }

    /// The `scope` parameter (RFC 6749 §3.3).
    func scope() throws(OAuthError) -> Scope? {
        guard let text = try parameters.one(WireName.scope) else { return nil }
        guard let scope = Scope(text), !scope.isEmpty else {
            throw OAuthError(.invalidScope, "The scope is not a list of valid scope tokens.")
        }
        return scope
    }

    /// The `resource` parameter (RFC 8707 §2). An access token has one audience, so one at a time.
    func resource() throws(OAuthError) -> ResourceID? {
        let named = parameters.all(WireName.resource)
        guard named.count <= 1 else {
            throw OAuthError(
                .invalidTarget,
                "An access token is for one resource; ask for one at a time."
            )
        }
        guard let resource = named.first else { return nil }
        guard Resource.isValidIdentifier(resource) else {
            throw OAuthError(.invalidTarget, "The resource is not an absolute URI.")
        }
        return ResourceID(rawValue: resource)
    }
}

/// What the token endpoint answers with (RFC 6749 §5.1).
package struct TokenResponse: Sendable {
    package let accessToken: String
    /// Seconds.
    package let expiresIn: Int64
    package let scope: Scope
    package let refresh: Refresh?
    /// What the client is told of the sign-in, if `openid` was granted (OIDC Core §3.1.3.3).
    package let idToken: String?

    /// The refresh token and how long it lasts.
    package struct Refresh: Sendable {
        package let token: String
        /// Seconds until it is over if nobody uses it.
        package let timeout: Int64
        /// Seconds until the authorization is over, used or not.
        package let authorizationExpiresIn: Int64
    }

    /// The body.
    package func json() -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.object { body in
            body.member(WireName.accessToken, accessToken)
            body.member(WireName.tokenType, WireName.bearer)
            body.member(WireName.expiresIn, expiresIn)
            if let refresh {
                body.member(WireName.refreshToken, refresh.token)
                body.member(WireName.refreshTokenTimeout, refresh.timeout)
                body.member(WireName.authorizationExpiresIn, refresh.authorizationExpiresIn)
            }
            if let idToken { body.member(WireName.idToken, idToken) }
            if !scope.isEmpty { body.member(WireName.scope, scope.description) }
        }
        return writer.bytes
    }
}

extension TokenResponse.Refresh {
    /// The token of a family as it stands after this request.
    init(_ token: String, of family: TokenFamily, policy: RotationPolicy, at now: Instant) {
        let left = family.authorized.absoluteEnd - now
        let idle = family.state.lastRotation + policy.idleLifetime - now
        self.init(
            token: token,
            timeout: max(0, min(idle, left).wholeSeconds),
            authorizationExpiresIn: max(0, left.wholeSeconds)
        )
    }
}
