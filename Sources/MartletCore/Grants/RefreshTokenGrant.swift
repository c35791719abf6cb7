import MartletProtocol

/// A refresh token comes in, a new access token and its successor go out (RFC 6749 §6): the order
/// of the steps. What becomes of the family is decided in `RefreshTokens/Rotation.swift`, inside
/// the one atomic step that writes it.
struct RefreshTokenGrant {
    let server: AuthorizationServer
    let snapshot: Snapshot

    func answer(_ request: TokenRequest) async throws -> TokenResponse {
        let token = try presentedToken(in: request)
        guard let family = try await server.families.authorized(token.family),
            token.matches(family)
        else { throw RefreshVerdict.invalid }
        let (client, proof) = try await server.authenticate(
            try request.presentedClient(),
            from: request.origin,
            in: snapshot
        )
        guard client.id == family.client else {
            server.notice(.foreignRefreshToken(family.id))
            throw RefreshVerdict.invalid
        }
        try await snapshot.upholding { () throws(OAuthError) in
            try client.require(.refreshToken)
        }

        let policy = server.policy(of: client, for: family).holding(for: proof)
        // Whether scope and resource fit is judged last, after reuse: a thief must not be able to
        // probe a stolen token unnoticed with a request that cannot succeed.
        let target = target(of: request, family: family, client: client)
        let person = try await accountForClaims(of: family)
        let signed = try sign(
            for: family,
            client,
            person,
            target,
            until: request.arrived + policy.idleLifetime,
            at: request.arrived
        )

        let terms = RotationTerms(policy: policy, proof: proof, arrived: request.arrived)
        let verdict = try await server.storage.change(family) {
            [snapshot] view, now -> Change<RefreshVerdict> in
            guard view.revision == snapshot.revision else { return Change(answer: .overtaken) }
            return RefreshVerdict.change(
                of: view.family,
                presenting: token.generation,
                terms: terms,
                standing: view.standing,
                target: target,
                origin: request.origin,
                at: now
            )
        }
        switch verdict {
        case .overtaken:
            throw Directory.Overtaken()
        case .refused(let error, let notice):
            notice.map(server.notice)
            throw error
        case .granted(let family, let target, let now, let notice):
            server.notice(notice)
            // A repeat does not slide the idle lifetime, so its access token ends earlier.
            let idleEnd = family.state.lastRotation + policy.idleLifetime
            let tokens =
                try (signed?.access.expiresAt ?? 0) <= idleEnd.seconds
                ? signed
                : sign(
                    for: family.authorized,
                    client,
                    person,
                    .success(target),
                    until: idleEnd,
                    at: request.arrived
                )
            guard let tokens,
                let newest = token.with(generation: family.state.generation)
                    .encoded(with: snapshot.keys.refresh)
            else { throw RefreshVerdict.invalid }
            return TokenResponse(
                accessToken: tokens.access.token,
                expiresIn: tokens.access.expiresIn(at: now),
                scope: target.scope,
                refresh: .init(newest, of: family, policy: policy, at: now),
                idToken: tokens.idToken
            )
        }
    }

    /// The presented token, if its tag says that this server issued it. No storage is touched.
    private func presentedToken(in request: TokenRequest) throws -> RefreshToken {
        guard let text = try request.parameters.one(WireName.refreshToken) else {
            throw OAuthError(.invalidRequest, "The request has no refresh_token.")
        }
        switch RefreshToken.read(text, with: snapshot.keys.refresh) {
        case .issued(let token):
            return token
        case .invalid, .unknownKey:
            server.notice(.badRefreshToken)
            throw RefreshVerdict.invalid
        }
    }

    /// What the access token would be for, or what is wrong with the scope or the resource. What
    /// the client may not ask for any more is gone from its sessions too; a request that it leaves
    /// nothing of is refused, rather than answered with a token for something else.
    private func target(
        of request: TokenRequest,
        family: AuthorizedFamily,
        client: Client
    ) -> Result<AccessTokenTarget, OAuthError> {
        Result { () throws(OAuthError) in
            let granted = family.scope.intersection(client.registeredScope)
            guard !granted.isEmpty || family.scope.isEmpty else {
                throw OAuthError(.invalidScope, "The client may not ask for the scope any more.")
            }
            let target = try AccessTokenRequest(
                granted: granted,
                grantedResources: family.resources,
                scope: try request.scope(),
                resource: try request.resource()
            ).target(among: snapshot.resources, issuer: server.settings.issuer)
            guard target.resource.map(client.metadata.allowedResources.contains) ?? true else {
                throw OAuthError(
                    .invalidTarget,
                    "The client may not ask for the resource any more."
                )
            }
            return target
        }
    }

    /// What is signed for one answer.
    private struct Signed {
        let access: AccessTokenMint.Minted
        /// If the access token has the scope `openid` (OIDC Core §12.2).
        let idToken: String?
    }

    /// The account, if the ID token is to tell of it.
    private func accountForClaims(of family: AuthorizedFamily) async throws -> Account? {
        guard family.scope.contains(ScopeName.openID), family.claims?.needsAccount == true else {
            return nil
        }
        return try await server.storage.find(Account.self, id: family.account.rawValue).0?.value
    }

    /// The tokens, signed before the family is touched, so that nothing can fail after it. The
    /// access token never outlives the family.
    private func sign(
        for family: AuthorizedFamily,
        _ client: Client,
        _ person: Account?,
        _ target: Result<AccessTokenTarget, OAuthError>,
        until idleEnd: Instant,
        at now: Instant
    ) throws -> Signed? {
        guard case .success(let target) = target else { return nil }
        let access = try server.mint.mint(
            for: .init(
                subject: try snapshot.keys.subject(of: family.account, for: client),
                client: client.id,
                session: family.id,
                authentication: family.authentication
            ),
            target: target,
            from: now,
            until: min(
                now + server.accessTokenLifetime(of: client),
                idleEnd,
                family.absoluteEnd
            ),
            keys: snapshot.keys,
            surroundings: server.surroundings
        )
        guard target.scope.contains(ScopeName.openID) else {
            return Signed(access: access, idToken: nil)
        }
        return Signed(
            access: access,
            idToken: try server.idTokens.mint(
                for: family,
                client: client,
                account: person,
                nonce: nil,
                accessToken: access.token,
                keys: snapshot.keys,
                at: now
            )
        )
    }
}
