/// The operator's commands about sessions, which is what people call token families.
extension AuthorizationServer {
    /// A family as people see it.
    package struct Session: Sendable {
        package let family: TokenFamily
        /// Why it is over; `nil` while it lives.
        package let ended: Ended?
        /// When it will be over if nobody uses it.
        package let idleEnd: Instant
        /// `nil` once the account is deleted.
        package let username: String?
    }

    /// How many sessions are shown at a time.
    package static let sessionPage = 100

    /// The sessions that match, the newest first.
    package func sessions(
        ofAccount username: String?,
        client: ClientID?,
        before cursor: FamilyID? = nil,
        limit: Int = sessionPage
    ) async throws -> [Session] {
        var account: AccountID?
        if let username { account = try await self.account(named: username).value.id }
        let selection: FamilySelection =
            switch (account, client) {
            case (let account?, let client?): .accountAtClient(account, client)
            case (let account?, nil): .account(account)
            case (nil, let client?): .client(client)
            case (nil, nil): .all
            }
        var sessions: [Session] = []
        for view in try await storage.list(of: selection, before: cursor, limit: limit) {
            if let session = try await session(view) { sessions.append(session) }
        }
        return sessions
    }

    /// One session and what is known of its life, the oldest first.
    package func session(_ id: FamilyID) async throws -> (Session, [AuditEntry]) {
        guard let session = try await session(try await storage.find(id)) else {
            throw AdministrationError.noSuch("session", id.description)
        }
        return (session, try await history(of: id))
    }

    func history(of id: FamilyID) async throws(StorageError) -> [AuditEntry] {
        try await storage.events(of: .family(id), limit: Self.sessionPage).reversed()
    }

    func session(_ view: FamilyView) async throws -> Session? {
        guard let family = view.family else { return nil }
        let client = try await storage.find(
            Client.self,
            id: family.authorized.client.rawValue
        ).0
        let account = try await storage.find(
            Account.self,
            id: family.authorized.account.rawValue
        ).0
        let policy = policy(of: client?.value, for: family.authorized)
        let idleEnd = family.state.lastRotation + policy.idleLifetime
        return Session(
            family: family,
            ended: family.end(
                under: policy,
                standing: view.standing,
                at: surroundings.now()
            ),
            idleEnd: min(idleEnd, family.authorized.absoluteEnd),
            username: account?.value.username
        )
    }

    /// Ends one session; answers what it was until then, which may be over already.
    package func endSession(_ id: FamilyID) async throws -> Session {
        guard let session = try await session(try await storage.find(id)) else {
            throw AdministrationError.noSuch("session", id.description)
        }
        // One that is merely idle would live again under a longer idle lifetime.
        if session.ended == nil || session.ended?.reason == .idle {
            try await end(session.family.authorized, for: .revokedByOperator)
        }
        return session
    }

    /// How many sessions live, so that a command can say what it ends.
    package struct LiveSessions: Sendable, Equatable {
        package let count: Int
        /// Whether all were looked at.
        package let isAll: Bool
    }

    /// How many pages of sessions are looked at when living ones are counted.
    static let countedPages = 10

    /// Counts the sessions that live, up to a bound.
    package func liveSessions(
        ofAccount username: String? = nil,
        client: ClientID? = nil
    ) async throws -> LiveSessions {
        var count = 0
        var cursor: FamilyID?
        for _ in 0..<Self.countedPages {
            let page = try await sessions(ofAccount: username, client: client, before: cursor)
            count += page.count { $0.ended == nil }
            guard page.count == Self.sessionPage else {
                return LiveSessions(count: count, isAll: true)
            }
            cursor = page.last?.family.authorized.id
        }
        return LiveSessions(count: count, isAll: false)
    }

    /// Ends every session of a client.
    package func endSessions(ofClient id: ClientID) async throws {
        let stored = try await client(id)
        try await save(
            [.update(stored, to: stored.value, epoch: newEpoch(.clientRevoked))],
            [.clientSessionsEnded(id, reason: .clientRevoked)]
        )
    }
}
