import MartletProtocol

/// Signing in and out of a browser: the story behind the cookie.
extension AuthorizationServer {
    /// Somebody who is signed in, as of this request.
    package struct SignedIn: Sendable {
        package let signIn: SignIn
        package let account: Stored<Account>
    }

    /// Who the browser with this cookie is signed in as; `nil` if nobody: no cookie, a cookie that
    /// is not ours any more, a sign-in that is over, an account that was disabled, deleted or has
    /// another epoch.
    package func signedIn(
        by cookie: SignInCookie?,
        at now: Instant
    ) async throws(StorageError) -> SignedIn? {
        let idle = settings.lifetimes.signInIdle
        guard let person = try await person(behind: cookie),
            !person.signIn.isOver(idleAfter: idle, at: now)
        else { return nil }
        if now - person.signIn.lastSeen >= SignIn.noticedEvery {
            try await notice(person.signIn, at: now)
        }
        return person
    }

    /// Whose sign-in the cookie proves, whatever its age, as long as the account stands as it did.
    func person(behind cookie: SignInCookie?) async throws(StorageError) -> SignedIn? {
        guard let cookie, let entry = try await storage.find(SignIn.key(cookie.id)) else {
            return nil
        }
        let signIn = try SignIn(entry)
        guard constantTimeEqual(signIn.secretHash, cookie.secretHash),
            let account = try await storage.find(Account.self, id: signIn.account.rawValue).0,
            account.value.disabledAt == nil, account.epoch?.value == signIn.accountEpoch
        else { return nil }
        return SignedIn(signIn: signIn, account: account)
    }

    /// Writes that a sign-in was used; left alone if it is gone or another request was quicker.
    private func notice(_ signIn: SignIn, at now: Instant) async throws(StorageError) {
        let seen = signIn.seen(at: now).entry
        let before = signIn.entry
        try await storage.change(SignIn.key(signIn.id)) { entry, _ -> OneTimeChange<Void> in
            OneTimeChange(entry == before ? .put(seen) : .keep, answer: ())
        }
    }

    /// Signs a browser in as an account whose password was just verified.
    ///
    /// The cookie's secret is new each time, so that one known beforehand is worth nothing. Signing
    /// in again as the same account goes on with the same sign-in, under a later authentication;
    /// signing in as another one ends the first.
    ///
    /// - Parameter current: who the browser was signed in as.
    package func signIn(
        _ account: Stored<Account>,
        authentication: Authentication,
        origin: Origin,
        replacing current: SignedIn?,
        at now: Instant
    ) async throws(StorageError) -> (SignedIn, SignInCookie) {
        guard let epoch = account.epoch?.value else {
            throw .corrupt("account \(account.value.id) has no epoch")
        }
        let same = current.flatMap { $0.account.value.id == account.value.id ? $0.signIn : nil }
        if let current, same == nil { try await signOut(current.signIn) }
        let cookie = SignInCookie(
            id: same?.id
                ?? SignInID(
                    rawValue: Base64URL.encode(surroundings.randomBytes(SignIn.idLength))
                ),
            secret: Secret(surroundings.randomBytes(SignIn.secretLength))
        )
        let signIn = SignIn(
            id: cookie.id,
            account: account.value.id,
            accountEpoch: epoch,
            authentication: authentication,
            startedAt: same?.startedAt ?? now,
            lastSeen: now,
            absoluteEnd: same?.absoluteEnd ?? now + settings.lifetimes.signInAbsolute,
            origin: origin,
            secretHash: cookie.secretHash
        )
        try await storage.change(SignIn.key(cookie.id)) { _, _ -> OneTimeChange<Void> in
            OneTimeChange(
                .put(signIn.entry),
                events: [.signedIn(account.value.id, origin: origin)],
                answer: ()
            )
        }
        return (SignedIn(signIn: signIn, account: account), cookie)
    }

    /// Ends a sign-in, and with it every family that was authorized to last as long as it. The
    /// clients that it reached are told in the background.
    ///
    /// - Returns: whether it was there until now.
    @discardableResult
    package func signOut(_ signIn: SignIn) async throws(StorageError) -> Bool {
        let wasThere = try await storage.change(SignIn.key(signIn.id)) {
            entry,
            _ -> OneTimeChange<Bool> in
            guard entry != nil else { return OneTimeChange(answer: false) }
            return OneTimeChange(
                .remove,
                writes: [.end(.signIn(signIn.id, of: signIn.account))],
                events: [.signedOut(signIn.account, origin: signIn.origin)],
                answer: true
            )
        }
        if wasThere { signInEnds.add(.browser(signIn)) }
        return wasThere
    }
}
