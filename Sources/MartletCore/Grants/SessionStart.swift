import MartletProtocol

/// Somebody was authorized: a family is made, and its first tokens handed out.
struct SessionStart {
    /// Two ids of one millisecond are alike with a chance of one in two million.
    static let maximumDraws = 4

    let server: AuthorizationServer
    let snapshot: Snapshot
    let client: Client
    /// As it was when the person authenticated: a change since then is noticed in the step.
    let account: Stored<Account>
    let scope: Scope
    let authentication: Authentication
    let origin: Origin

    func begin(target: AccessTokenTarget, at now: Instant) async throws -> TokenResponse {
        let policy = server.policy(of: client)
        let (epochs, consent) = try await epochs(at: now)
        for _ in 0..<Self.maximumDraws {
            let (family, token) = try draw(epochs: epochs, policy: policy, at: now)
            let access = try accessToken(for: family, target: target, policy: policy, at: now)
            do {
                let made = try await insert(family, policy: policy, consent: consent)
                guard made else { throw Directory.Overtaken() }
                if client.registration?.isUsed == false { await server.noteUse(of: client.id) }
                return TokenResponse(
                    accessToken: access.token,
                    expiresIn: access.expiresIn(at: now),
                    scope: target.scope,
                    refresh: token.map { .init($0, of: family, policy: policy, at: now) }
                )
            } catch StorageError.conflict {
                continue
            }
        }
        throw StorageError.unavailable("no free family id was drawn")
    }

    /// The epochs that the family is authorized under, and the consent to make with it if there is
    /// none yet: what a person signs in to with a password of theirs, they consent to.
    private func epochs(at now: Instant) async throws -> (FamilyEpochs, StoredRecord) {
        guard let client = try await snapshot.client(client.id)?.epoch,
            let account = account.epoch
        else { throw Directory.Overtaken() }
        let consent = Consent(account: self.account.value.id, client: self.client.id, scope: scope)
        let known = try await server.storage.find(Consent.self, id: consent.recordID).0?.epoch
        let epoch =
            known
            ?? Epoch(value: server.surroundings.random63(), changedAt: now, reason: nil)
        let epochs = FamilyEpochs(
            account: account.value,
            client: client.value,
            consent: epoch.value
        )
        return (epochs, StoredRecord(consent, epoch: epoch))
    }

    private func draw(
        epochs: FamilyEpochs,
        policy: RotationPolicy,
        at now: Instant
    ) throws -> (TokenFamily, String?) {
        guard let key = snapshot.keys.refreshKey(at: now) else {
            throw StorageError.corrupt("there is no refresh key")
        }
        let first = RefreshToken(
            key: key,
            family: FamilyID(madeAt: now, in: server.surroundings),
            generation: .first,
            secret: Secret(server.surroundings.randomBytes(RefreshToken.secretLength))
        )
        let refreshes = client.may(.refreshToken)
        let authorized = AuthorizedFamily(
            id: first.family,
            client: client.id,
            account: account.value.id,
            scope: scope,
            resources: client.metadata.allowedResources,
            secretHash: refreshes ? first.secretHash : nil,
            refreshKey: key,
            keyBinding: nil,
            epochs: epochs,
            madeAt: now,
            absoluteEnd: now + policy.absoluteLifetime,
            authentication: authentication,
            origin: origin
        )
        let state = FamilyState(generation: .first, lastRotation: now)
        return (
            TokenFamily(authorized: authorized, state: state),
            refreshes ? first.encoded(with: snapshot.keys.refresh) : nil
        )
    }

    private func accessToken(
        for family: TokenFamily,
        target: AccessTokenTarget,
        policy: RotationPolicy,
        at now: Instant
    ) throws -> AccessTokenMint.Minted {
        try server.mint.mint(
            for: .init(
                subject: try snapshot.keys.subject(of: account.value.id, for: client),
                client: client.id,
                session: family.authorized.id,
                authentication: authentication
            ),
            target: target,
            from: now,
            until: min(
                now + server.accessTokenLifetime(of: client),
                now + policy.idleLifetime,
                family.authorized.absoluteEnd
            ),
            keys: snapshot.keys,
            surroundings: server.surroundings
        )
    }

    /// The one atomic step: the family, the room it needs and its consent, unless anything that it
    /// was judged by has changed meanwhile.
    private func insert(
        _ family: TokenFamily,
        policy: RotationPolicy,
        consent: StoredRecord
    ) async throws(StorageError) -> Bool {
        try await server.storage.insert(family) { [snapshot] view, now in
            let isFirst = view.standing.consent == nil
            let standing = Standing(
                account: view.standing.account,
                client: view.standing.client,
                consent: view.standing.consent ?? consent.epoch
            )
            guard view.revision == snapshot.revision,
                standing.epochs == family.authorized.epochs
            else { return (nil, false) }
            let replaced = SessionLimit.families(
                toEndAmong: view.siblings,
                policy: policy,
                standing: standing,
                at: now
            )
            let ends = replaced.compactMap { other -> (Write, AuditEvent)? in
                guard case .end(let state) = other.revocation(.replaced, at: now) else {
                    return nil
                }
                return (.state(other.authorized.id, state), other.endEvent(.replaced))
            }
            let made = AuditEvent.sessionMade(
                family.authorized.id,
                account: family.authorized.account,
                client: family.authorized.client,
                origin: family.authorized.origin
            )
            return (
                Change(
                    writes: ends.map(\.0) + (isFirst ? [.create(consent)] : []),
                    events: [made] + ends.map(\.1),
                    answer: ()
                ),
                true
            )
        }
    }
}
