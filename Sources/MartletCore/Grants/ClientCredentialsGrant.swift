import MartletProtocol

/// A client asks for a token in its own name (RFC 6749 §4.4): no person, no family, no refresh
/// token.
struct ClientCredentialsGrant {
    let server: AuthorizationServer
    let snapshot: Snapshot

    func answer(_ request: TokenRequest) async throws -> TokenResponse {
        let (client, proof) = try await server.authenticate(
            try request.presentedClient(),
            from: request.origin,
            in: snapshot
        )
        let scope = try request.scope()
        let target = try await snapshot.upholding { () throws(OAuthError) in
            guard proof == .clientAuthenticated else {
                throw OAuthError(
                    .unauthorizedClient,
                    "A public client cannot use client_credentials."
                )
            }
            try client.require(.clientCredentials)
            try client.requireRegistered(scope)
            return try AccessTokenRequest(
                granted: client.metadata.scope,
                grantedResources: client.metadata.allowedResources,
                scope: scope,
                resource: try request.resource()
            ).target(among: snapshot.resources, issuer: server.settings.issuer)
        }
        // No family whose step would notice a change made meanwhile.
        try await snapshot.assertCurrent()

        let now = request.arrived
        let access = try server.mint.mint(
            for: .init(
                subject: client.id.rawValue,
                client: client.id,
                session: nil,
                authentication: nil
            ),
            target: target,
            from: now,
            until: now + server.accessTokenLifetime(of: client),
            keys: snapshot.keys,
            surroundings: server.surroundings
        )
        return TokenResponse(
            accessToken: access.token,
            expiresIn: access.expiresIn(at: now),
            scope: target.scope,
            refresh: nil,
            idToken: nil
        )
    }
}

extension Client {
    /// - Throws: `invalid_scope` unless the client registered all of it.
    func requireRegistered(_ scope: Scope?) throws(OAuthError) {
        guard scope?.isSubset(of: registeredScope) ?? true else {
            throw OAuthError(.invalidScope, "The client is not registered for this scope.")
        }
    }
}
