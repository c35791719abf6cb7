import MartletProtocol

/// Somebody was authorized: a family is made, and its first tokens handed out.
struct SessionStart {
    /// Two ids of one millisecond are alike with a chance of one in two million.
    static let maximumDraws = 4

    let server: AuthorizationServer
    let snapshot: Snapshot
    let client: Client
    let account: AccountID
    let scope: Scope
    let resources: [ResourceID]
    var claims: ClaimsRequest?
    var nonce: String?
    let authentication: Authentication
    let origin: Origin
    let standing: AuthorizedStanding
    var signIn: BrowserSignIn?
    var redemption: Redemption?

    /// What the account, the client and the consent stood at when the person was authorized: a
    /// change since then is noticed in the step.
    enum AuthorizedStanding {
        /// The person approved it earlier, under these epochs.
        case captured(FamilyEpochs)
        /// The person approves it now, by a password of theirs, while the account stands at this.
        /// If there is no consent yet, it is put on record with the family.
        case now(account: Int64)
    }

    /// The browser that the person approved it in.
    struct BrowserSignIn {
        let signIn: FamilySignIn
        let end: Instant
        /// Whether the family takes the place of those that the same browser has at the client: it
        /// was authorized with `prompt=none`, and will be again and again. A login that merely
        /// found the person signed in is another tab's, as far as anybody can tell.
        let replacesOthers: Bool

        init(_ signIn: FamilySignIn, until end: Instant, replacesOthers: Bool) {
            self.signIn = signIn
            self.end = end
            self.replacesOthers = replacesOthers
        }
    }

    /// A code that is used up in the same commit.
    struct Redemption: Sendable {
        /// As it was when it was read: if it is not the same any more, nothing is made.
        let entry: OneTimeEntry
        /// What stays of it.
        let used: @Sendable (AuthorizedFamily) -> OneTimeEntry

        init(_ entry: OneTimeEntry, used: @escaping @Sendable (AuthorizedFamily) -> OneTimeEntry) {
            self.entry = entry
            self.used = used
        }
    }

    /// What came of it.
    enum Outcome {
        case made(TokenResponse)
        /// The account, the client, the consent or the sign-in are not what they were.
        case standingChanged
        /// The code was used or has expired.
        case notRedeemable
    }

    func begin(target: AccessTokenTarget, at now: Instant) async throws -> Outcome {
        let (epochs, firstConsent) = try await epochs(at: now)
        let person = try await accountForClaims()
        for _ in 0..<Self.maximumDraws {
            let (family, token) = try draw(epochs: epochs, at: now)
            let access = try accessToken(for: family, target: target, at: now)
            let idToken = try idToken(for: family, person, accessToken: access.token, at: now)
            do {
                switch try await insert(family, firstConsent: firstConsent) {
                case .overtaken: throw Directory.Overtaken()
                case .standingChanged: return .standingChanged
                case .notRedeemable: return .notRedeemable
                case .made(let replaced):
                    for id in replaced { server.notice(.sessionEnded(id, .replaced)) }
                    server.notice(.sessionMade(family.authorized.id))
                }
                if client.registration?.isUsed == false { await server.noteUse(of: client.id) }
                let policy = policy(of: family.authorized)
                return .made(
                    TokenResponse(
                        accessToken: access.token,
                        expiresIn: access.expiresIn(at: now),
                        scope: target.scope,
                        refresh: token.map { .init($0, of: family, policy: policy, at: now) },
                        idToken: idToken
                    )
                )
            } catch StorageError.conflict {
                continue
            }
        }
        throw StorageError.unavailable("no free family id was drawn")
    }

    private func policy(of family: AuthorizedFamily) -> RotationPolicy {
        server.policy(of: client, for: family)
    }

    /// The epochs that the family is authorized under, and the consent to make with it if there is
    /// none yet: what a person signs in to with a password of theirs, they consent to.
    private func epochs(at now: Instant) async throws -> (FamilyEpochs, StoredRecord?) {
        switch standing {
        case .captured(let epochs): return (epochs, nil)
        case .now(let account):
            guard let client = try await snapshot.client(client.id)?.epoch else {
                throw Directory.Overtaken()
            }
            let consent = Consent(account: self.account, client: self.client.id, scope: scope)
            let known = try await server.storage.find(Consent.self, id: consent.recordID).0?.epoch
            let epoch =
                known
                ?? Epoch(value: server.surroundings.random63(), changedAt: now, reason: nil)
            let epochs = FamilyEpochs(
                account: account,
                client: client.value,
                consent: epoch.value
            )
            return (epochs, StoredRecord(consent, epoch: epoch))
        }
    }

    /// The account, if the ID token is to tell of it.
    private func accountForClaims() async throws -> Account? {
        guard scope.contains(ScopeName.openID), claims?.needsAccount == true else { return nil }
        return try await server.storage.find(Account.self, id: account.rawValue).0?.value
    }

    private func draw(epochs: FamilyEpochs, at now: Instant) throws -> (TokenFamily, String?) {
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
        let end = now + server.policy(of: client).absoluteLifetime
        let authorized = AuthorizedFamily(
            id: first.family,
            client: client.id,
            account: account,
            scope: scope,
            resources: resources,
            secretHash: refreshes ? first.secretHash : nil,
            refreshKey: key,
            keyBinding: nil,
            epochs: epochs,
            madeAt: now,
            absoluteEnd: signIn.map { $0.signIn.endsWithIt ? min(end, $0.end) : end } ?? end,
            authentication: authentication,
            origin: origin,
            signIn: signIn?.signIn,
            claims: claims
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
        at now: Instant
    ) throws -> AccessTokenMint.Minted {
        try server.mint.mint(
            for: .init(
                subject: try snapshot.keys.subject(of: account, for: client),
                client: client.id,
                session: family.authorized.id,
                authentication: authentication
            ),
            target: target,
            from: now,
            until: min(
                now + server.accessTokenLifetime(of: client),
                now + policy(of: family.authorized).idleLifetime,
                family.authorized.absoluteEnd
            ),
            keys: snapshot.keys,
            surroundings: server.surroundings
        )
    }

    private func idToken(
        for family: TokenFamily,
        _ person: Account?,
        accessToken: String,
        at now: Instant
    ) throws -> String? {
        guard scope.contains(ScopeName.openID) else { return nil }
        return try server.idTokens.mint(
            for: family.authorized,
            client: client,
            account: person,
            nonce: nonce,
            accessToken: accessToken,
            keys: snapshot.keys,
            at: now
        )
    }

    private enum Insertion {
        /// With what was ended to make room.
        case made(replacing: [FamilyID])
        case overtaken, standingChanged, notRedeemable
    }

    /// The one atomic step: the family, the room it needs, its consent and the end of its code,
    /// unless anything that it was judged by has changed meanwhile.
    private func insert(
        _ family: TokenFamily,
        firstConsent: StoredRecord?
    ) async throws(StorageError) -> Insertion {
        let policy = policy(of: family.authorized)
        let replaced = signIn.flatMap { $0.replacesOthers ? $0.signIn.id : nil }
        return try await server.storage.insert(family, redeeming: redemption?.entry.key) {
            [snapshot, redemption] view, now in
            guard view.revision == snapshot.revision else { return (nil, .overtaken) }
            if let redemption, view.redeemed != redemption.entry { return (nil, .notRedeemable) }
            let isFirst = view.standing.consent == nil && firstConsent != nil
            let standing = Standing(
                account: view.standing.account,
                client: view.standing.client,
                consent: view.standing.consent ?? firstConsent?.epoch,
                isSignedIn: view.standing.isSignedIn,
                restoration: view.standing.restoration
            )
            guard standing.epochs == family.authorized.epochs, standing.isSignedIn else {
                // What was read for this very request is read again.
                return (nil, firstConsent == nil ? .standingChanged : .overtaken)
            }
            let ends = Self.families(
                toEndAmong: view.siblings,
                ofSignIn: replaced,
                policy: policy,
                standing: standing,
                at: now
            ).compactMap { other -> (FamilyID, Write, AuditEvent)? in
                guard case .end(let state) = other.revocation(.replaced, at: now) else {
                    return nil
                }
                let id = other.authorized.id
                return (id, .state(id, state), other.endEvent(.replaced))
            }
            let made = AuditEvent.sessionMade(
                family.authorized.id,
                account: family.authorized.account,
                client: family.authorized.client,
                origin: family.authorized.origin
            )
            var writes = ends.map(\.1)
            if isFirst, let firstConsent { writes.append(.create(firstConsent)) }
            if let redemption { writes.append(.remember(redemption.used(family.authorized))) }
            return (
                Change(writes: writes, events: [made] + ends.map(\.2), answer: ()),
                .made(replacing: ends.map(\.0))
            )
        }
    }

    /// What makes room: what the same browser had, if the new family takes its place, and what is
    /// beyond the policy's number.
    private static func families(
        toEndAmong siblings: [TokenFamily],
        ofSignIn replaced: SignInID?,
        policy: RotationPolicy,
        standing: Standing,
        at now: Instant
    ) -> [TokenFamily] {
        let sameBrowser = siblings.filter { sibling in
            guard let replaced, let signIn = sibling.authorized.signIn else { return false }
            return signIn.endsWithIt && signIn.id == replaced
        }
        let others = siblings.filter { !sameBrowser.contains($0) }
        return sameBrowser
            + SessionLimit.families(
                toEndAmong: others,
                policy: policy,
                standing: standing,
                at: now
            )
    }
}
