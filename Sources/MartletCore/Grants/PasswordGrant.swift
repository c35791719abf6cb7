import MartletProtocol

/// The resource owner's password credentials (RFC 6749 §4.3): legacy, absent from OAuth 2.1, and
/// refused unless the client's own metadata names it.
struct PasswordGrant {
    let server: AuthorizationServer
    let snapshot: Snapshot

    static let wrong = OAuthError(.invalidGrant, "The user name or the password is wrong.")
    static let tooMany = OAuthError(
        .invalidGrant,
        "Too many failed attempts; try again in a quarter of an hour."
    )

    func answer(_ request: TokenRequest) async throws -> TokenResponse {
        let (client, _) = try await server.authenticate(
            try request.presentedClient(),
            from: request.origin,
            in: snapshot
        )
        let scope = try request.scope()
        let target = try await snapshot.upholding { () throws(OAuthError) in
            try client.require(.password)
            try client.requireRegistered(scope)
            return try AccessTokenRequest(
                granted: scope ?? client.registeredScope,
                grantedResources: client.metadata.allowedResources,
                scope: nil,
                resource: try request.resource()
            ).target(among: snapshot.resources, issuer: server.settings.issuer)
        }

        let account = try await signIn(request)
        guard let epoch = account.epoch?.value else {
            throw StorageError.corrupt("account \(account.value.id) has no epoch")
        }
        let outcome = try await SessionStart(
            server: server,
            snapshot: snapshot,
            client: client,
            account: account.value.id,
            scope: scope ?? client.registeredScope,
            resources: client.metadata.allowedResources,
            authentication: .password(at: request.arrived),
            origin: request.origin,
            standing: .now(account: epoch)
        ).begin(target: target, at: request.arrived)
        switch outcome {
        case .made(let response): return response
        case .standingChanged, .notRedeemable: throw Directory.Overtaken()
        }
    }

    /// The account whose name and password the request has.
    private func signIn(_ request: TokenRequest) async throws -> Stored<Account> {
        guard let username = try request.parameters.one(WireName.username),
            let password = try request.parameters.one(WireName.password)
        else { throw OAuthError(.invalidRequest, "The request has no username or no password.") }
        let verification = try await server.verifyPassword(
            Secret(password),
            of: username,
            from: request.origin,
            known: false,
            at: request.arrived
        )
        switch verification {
        case .right(let account): return account
        case .wrong: throw Self.wrong
        case .tooMany: throw Self.tooMany
        }
    }
}
