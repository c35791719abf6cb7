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
                granted: scope ?? client.metadata.scope,
                grantedResources: client.metadata.allowedResources,
                scope: nil,
                resource: try request.resource()
            ).target(among: snapshot.resources, issuer: server.settings.issuer)
        }

        let account = try await signIn(request)
        return try await SessionStart(
            server: server,
            snapshot: snapshot,
            client: client,
            account: account,
            scope: scope ?? client.metadata.scope,
            authentication: Authentication(
                time: request.arrived,
                contextClass: nil,
                methods: ["pwd"]
            ),
            origin: request.origin
        ).begin(target: target, at: request.arrived)
    }

    /// The account whose name and password the request has.
    private func signIn(_ request: TokenRequest) async throws -> Stored<Account> {
        guard let username = try request.parameters.one(WireName.username),
            let password = try request.parameters.one(WireName.password)
        else { throw OAuthError(.invalidRequest, "The request has no username or no password.") }
        let name = Account.signInName(username)
        let address = request.origin.address
        let now = request.arrived
        guard username.utf8.count <= Account.maximumUsername else { throw Self.wrong }
        guard server.attempts.begin(name: name, address: address, at: now) else {
            server.notice(.signInLimited)
            throw Self.tooMany
        }
        let account: Stored<Account>?
        do {
            account = try await verified(name: name, password: Secret(password))
        } catch {
            server.attempts.takeBack(name: name, address: address, at: now)
            throw error
        }
        guard let account else {
            server.notice(.signInFailed)
            throw Self.wrong
        }
        server.attempts.succeeded(name: name, address: address, at: now)
        return account
    }

    /// The account of this name, if the password is its own and it is not disabled.
    private func verified(
        name: String,
        password: Secret
    ) async throws(StorageError) -> Stored<Account>? {
        let account = try await server.storage.find(Account.self, name: name)
        let right = try await server.passwords.verify(password, against: account?.value.password)
        guard right, let account, account.value.disabledAt == nil else { return nil }
        return account
    }
}
