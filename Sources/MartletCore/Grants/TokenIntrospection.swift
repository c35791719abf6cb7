package import MartletProtocol

extension AuthorizationServer {
    /// The introspection endpoint (RFC 7662): what a token is worth now.
    ///
    /// It answers the token's own client and, for access tokens, the API in their audience; all
    /// others see an inactive token. A superseded refresh token is inactive and ends nothing.
    ///
    /// - Throws: ``OAuthError`` for the caller, ``StorageError`` if the store cannot do it now.
    package func introspect(_ request: TokenRequest) async throws -> JSONValue {
        guard let text = try request.parameters.one(WireName.token) else {
            throw OAuthError(.invalidRequest, "The request has no token.")
        }
        _ = try request.parameters.one(WireName.tokenTypeHint)
        return try await directory.consultCurrent { snapshot in
            let caller = try await caller(
                try request.presentedClient(),
                from: request.origin,
                in: snapshot
            )
            let now = request.arrived
            if case .issued(let token) = RefreshToken.read(text, with: snapshot.keys.refresh) {
                return try await introspect(token, for: caller, in: snapshot, at: now)
            }
            if let claims = issuedAccessToken(text, keys: snapshot.keys, at: now) {
                return try await introspect(claims, for: caller, in: snapshot, at: now)
            }
            return Self.inactive
        }
    }

    private static let inactive: JSONValue = [WireName.active: false]

    /// Who may ask.
    private enum Caller {
        case client(Client)
        case resource(Resource)
    }

    private func caller(
        _ presented: PresentedClient,
        from origin: Origin,
        in snapshot: Snapshot
    ) async throws -> Caller {
        if let resource = try await resource(presented, from: origin, in: snapshot) {
            return .resource(resource)
        }
        let (client, proof) = try await authenticate(presented, from: origin, in: snapshot)
        guard proof == .clientAuthenticated else {
            throw OAuthError(
                .invalidClient,
                "Introspection is for clients and resources that authenticate."
            )
        }
        return .client(client)
    }

    /// The API that presented itself, believed; `nil` if it is none that did.
    func resource(
        _ presented: PresentedClient,
        from origin: Origin,
        in snapshot: Snapshot
    ) async throws -> Resource? {
        guard case .secret(let id, let secret) = presented,
            let resource = snapshot.resource(introspectionID: id)
        else { return nil }
        let isRight = try await secrets.verify(
            secret,
            of: id,
            against: resource.secret,
            keys: snapshot.keys,
            at: origin.address,
            surroundings.now()
        )
        guard isRight else {
            notice(.clientAuthenticationFailed(id))
            throw Self.authenticationFailed
        }
        return resource
    }

    private func introspect(
        _ token: RefreshToken,
        for caller: Caller,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws -> JSONValue {
        guard case .client(let client) = caller,
            let family = try await liveFamily(token.family, in: snapshot, at: now),
            family.authorized.client == client.id, token.matches(family.authorized),
            token.generation == family.state.generation
        else { return Self.inactive }
        let idleEnd =
            family.state.lastRotation + policy(of: client, for: family.authorized).idleLifetime
        return [
            WireName.active: true,
            WireName.scope: .string(family.authorized.scope.description),
            WireName.clientID: .string(client.id.rawValue),
            ClaimName.subject: .string(
                try snapshot.keys.subject(of: family.authorized.account, for: client)
            ),
            ClaimName.issuer: .string(settings.issuer),
            ClaimName.issuedAt: .integer(family.state.lastRotation.seconds),
            ClaimName.expiresAt: .integer(min(idleEnd, family.authorized.absoluteEnd).seconds),
            ClaimName.sessionID: .string(family.authorized.id.description),
        ]
    }

    private func introspect(
        _ claims: AccessTokenClaims,
        for caller: Caller,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws -> JSONValue {
        let mayAsk =
            switch caller {
            case .client(let client): claims.clientID == client.id.rawValue
            case .resource(let resource): claims.audience.contains(resource.id.rawValue)
            }
        guard mayAsk,
            try await isGood(claims, in: snapshot, at: now),
            var answer = try JSONValue(parsing: claims.encoded()).object
        else { return Self.inactive }
        answer[WireName.active] = true
        answer[WireName.tokenType] = .string(WireName.bearer)
        return .object(answer)
    }

    /// Whether an access token that this server signed is still backed by what it came from.
    private func isGood(
        _ claims: AccessTokenClaims,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws -> Bool {
        guard claims.sessionID == nil else {
            return try await session(of: claims, in: snapshot, at: now) != nil
        }
        guard try await !isDenied(claims) else { return false }
        return try await snapshot.client(ClientID(rawValue: claims.clientID)) != nil
    }

    /// The session of an access token that this server signed, if both are still good.
    func session(
        of claims: AccessTokenClaims,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws -> AuthorizedFamily? {
        guard let id = claims.sessionID.flatMap({ FamilyID($0) }) else { return nil }
        guard try await !isDenied(claims) else { return nil }
        return try await liveFamily(id, in: snapshot, at: now)?.authorized
    }

    /// Whether the token itself was revoked.
    private func isDenied(_ claims: AccessTokenClaims) async throws(StorageError) -> Bool {
        try await storage.find(OneTimeKey(.deniedAccessToken, claims.tokenID)) != nil
    }

    private func liveFamily(
        _ id: FamilyID,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws -> TokenFamily? {
        let view = try await storage.find(id)
        guard let family = view.family,
            let client = try await snapshot.client(family.authorized.client)?.value,
            family.end(
                under: policy(of: client, for: family.authorized),
                standing: view.standing,
                at: now
            ) == nil
        else { return nil }
        return family
    }
}
