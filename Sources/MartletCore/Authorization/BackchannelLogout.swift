import MartletProtocol

/// One client that is told that somebody is signed out (OIDC Back-Channel Logout 1.0 §2.5): what
/// its logout token is about.
package struct ClientLogout: Sendable, Hashable {
    package let client: ClientID
    package let account: AccountID
    /// The browser's sign-in that is over; `nil` for all that the person had at the client.
    package let signIn: SignInID?

    package init(client: ClientID, account: AccountID, signIn: SignInID?) {
        self.client = client
        self.account = account
        self.signIn = signIn
    }
}

extension SignInEnd {
    /// The rule of who is told what. Each client once, or once for each sign-in:
    ///
    /// | what ended | the client has | it is told of |
    /// | --- | --- | --- |
    /// | anything | no `backchannel_logout_uri` | nothing |
    /// | a browser's sign-in | a session from it, with `offline_access` or not, over or not | that sign-in |
    /// | one session | made it, from a browser | its sign-in |
    /// | one session | made it without one (a device, a password) | nothing: it has no `sid` |
    /// | everything of an account | `backchannel_logout_session_required` | each sign-in that it had a session from |
    /// | everything of an account | any session of the account | the person |
    ///
    /// - Parameter families: of the account, the newest first.
    package func told(
        among families: [AuthorizedFamily],
        clients: [ClientID: Client]
    ) -> [ClientLogout] {
        var told: [ClientLogout] = []
        var known: Set<ClientLogout> = []
        for family in families {
            guard let client = clients[family.client],
                client.metadata.backchannelLogoutURI != nil,
                let logout = logout(of: family, at: client), known.insert(logout).inserted
            else { continue }
            told.append(logout)
        }
        return told
    }

    private func logout(of family: AuthorizedFamily, at client: Client) -> ClientLogout? {
        let signIn = family.signIn?.id
        func logout(_ signIn: SignInID?) -> ClientLogout {
            ClientLogout(client: client.id, account: family.account, signIn: signIn)
        }
        switch self {
        case .browser(let ended):
            return signIn == ended.id ? logout(signIn) : nil
        case .session(let ended):
            return family.id == ended.id ? signIn.map(logout) : nil
        case .everywhere(let account):
            guard family.account == account else { return nil }
            guard client.metadata.backchannelLogoutSessionRequired else { return logout(nil) }
            return signIn.map(logout)
        }
    }

    var account: AccountID {
        switch self {
        case .browser(let signIn): signIn.account
        case .everywhere(let account): account
        case .session(let family): family.account
        }
    }

    /// No family from before this instant has to do with it.
    fileprivate var beginning: Instant? {
        switch self {
        case .browser(let signIn): signIn.startedAt
        case .everywhere: nil
        case .session(let family): family.madeAt
        }
    }
}

/// A logout token on its way: what is sent where.
package struct LogoutCall: Sendable {
    package let uri: String
    /// Signed, for two minutes.
    package let token: String
    package let reach: Reach

    /// Which addresses may be called for a client.
    package enum Reach: Sendable, Equatable, CaseIterable {
        /// Those of the internet, with TLS.
        case internet
        /// Those of this machine and its network too, on this machine without TLS: for clients
        /// that the operator made, where the issuer itself is on loopback.
        case ownNetwork
    }
}

extension AuthorizationServer {
    /// The standard advises two minutes at most; each attempt gets a token of its own.
    package static let logoutTokenLifetime: Duration = .minutes(2)
    static let logoutTokenIDLength = 16
    /// So many pages of an account's sessions are looked through for clients to tell. Whoever has
    /// more has them from scripts.
    static let toldPages = 20

    /// Who is to be told of an end: read when it is durable, so that nobody is missed who was
    /// there before it.
    package func told(of end: SignInEnd) async throws(StorageError) -> [ClientLogout] {
        let families = try await families(for: end)
        var clients: [ClientID: Client] = [:]
        for id in Set(families.map(\.client)) {
            clients[id] = try await storage.find(Client.self, id: id.rawValue).0?.value
        }
        return end.told(among: families, clients: clients)
    }

    private func families(for end: SignInEnd) async throws(StorageError) -> [AuthorizedFamily] {
        if case .session(let family) = end { return [family] }
        var families: [AuthorizedFamily] = []
        var cursor: FamilyID?
        for _ in 0..<Self.toldPages {
            let page = try await storage.list(
                of: .account(end.account),
                before: cursor,
                limit: Self.sessionPage
            ).compactMap(\.family?.authorized)
            families += page
            cursor = page.last?.id
            let isOlder = end.beginning.map { start in page.contains { $0.madeAt < start } }
            if page.count < Self.sessionPage || isOlder == true { break }
        }
        return families
    }

    /// The call that tells a client, with a fresh token; `nil` if the client does not want it any
    /// more.
    package func call(for logout: ClientLogout) async throws -> LogoutCall? {
        try await directory.consultCurrent { snapshot in
            guard let client = try await snapshot.client(logout.client)?.value,
                let uri = client.metadata.backchannelLogoutURI
            else { return nil }
            return LogoutCall(
                uri: uri,
                token: try logoutToken(for: logout, client, snapshot.keys),
                reach: LogoutCall.Reach(for: client, issuer: settings.issuer)
            )
        }
    }

    private func logoutToken(
        for logout: ClientLogout,
        _ client: Client,
        _ keys: KeyRing
    ) throws -> String {
        let now = surroundings.now()
        let algorithm = client.metadata.idTokenAlgorithm
        guard let signer = keys.signer(for: algorithm, of: .logoutToken, at: now) else {
            throw StorageError.corrupt("there is no \(algorithm.rawValue) key to sign with")
        }
        let person = try keys.subject(of: logout.account, for: client)
        let claims = LogoutTokenClaims(
            issuer: settings.issuer,
            audience: [client.id.rawValue],
            issuedAt: now.seconds,
            expiresAt: (now + Self.logoutTokenLifetime).seconds,
            tokenID: Base64URL.encode(surroundings.randomBytes(Self.logoutTokenIDLength)),
            subject: logout.signIn.map { .session($0.sid(at: client.id), of: person) }
                ?? .everySession(of: person)
        )
        return try signer.sign(claims.encoded())
    }
}

extension LogoutCall.Reach {
    /// A stranger's client gets nobody's private network called, nor does a server that others can
    /// reach: whoever changes a client's registration would else look through the operator's walls.
    init(for client: Client, issuer: String) {
        let isOnLoopback = (try? AbsoluteURI(issuer))?.isLoopback ?? false
        self = isOnLoopback && !client.isSelfRegistered ? .ownNetwork : .internet
    }
}
