package import MartletProtocol

/// What a signed-in person may do to their own account.
extension OwnAccount {
    /// Ends one of the person's own sessions.
    ///
    /// - Returns: whether there is such a session of theirs; one that is over already counts.
    package func endSession(_ id: FamilyID) async throws -> Bool {
        let found = try await server.storage.find(id).family?.authorized
        guard let family = found, family.account == self.id else { return false }
        _ = try await server.end(family, for: .revokedByUser)
        server.signInEnds.add(.session(family))
        return true
    }

    /// Takes back what the person allowed an app.
    ///
    /// - Returns: whether there was anything.
    package func withdrawConsent(from client: ClientID) async throws -> Bool {
        try await server.withdrawConsent(of: id, from: client)
    }

    /// Ends every session of the person, every browser's sign-in, this one too, and whatever is on
    /// its way to become a session.
    package func signOutEverywhere() async throws {
        for _ in 0..<Directory.maximumAttempts {
            // Deleted meanwhile: that ended everything too.
            guard let stored = try await server.storage.find(Account.self, id: id.rawValue).0
            else { return }
            do {
                try await server.storage.save(
                    [
                        .update(
                            stored,
                            to: stored.value,
                            epoch: server.newEpoch(.signedOutEverywhere)
                        )
                    ],
                    events: [.accountSessionsEnded(id, reason: .signedOutEverywhere)]
                )
                try await server.signOut(person.signIn)
                server.signInEnds.add(.everywhere(id))
                return
            } catch StorageError.conflict {
                continue
            }
        }
        throw StorageError.unavailable("the account changes faster than it can be read")
    }

    /// What the form for another password holds.
    package struct PasswordForm: Sendable {
        package let current: Secret
        package let next: Secret
        /// The next one once more, so that a slip does not lock the person out.
        package let repeated: Secret

        package init(current: Secret, next: Secret, repeated: Secret) {
            self.current = current
            self.next = next
            self.repeated = repeated
        }
    }

    /// What came of it.
    package enum PasswordChange: Sendable {
        /// Everything under the old password is over; this browser is signed in anew.
        case changed(AuthorizationServer.SignedIn, SignInCookie)
        case wrongCurrent
        case tooManyAttempts
        case tooShort
        case tooLong
        case differs
        /// It stands in the configuration file and is changed there.
        case ownedByFile
        /// The account was changed at this very moment, or the sign-in is over.
        case overtaken
    }

    /// Changes the password. The current one is asked for, lest somebody who finds the browser
    /// open takes the account over; such attempts are counted like those of a sign-in from a known
    /// browser.
    package func changePassword(
        _ form: PasswordForm,
        from origin: Origin,
        at now: Instant
    ) async throws -> PasswordChange {
        guard choosesPassword else { return .ownedByFile }
        guard form.next.bytes.count >= Account.minimumNewPassword else { return .tooShort }
        guard form.next.bytes.count <= PasswordHasher.maximumPassword else { return .tooLong }
        guard form.next == form.repeated else { return .differs }
        let verification = try await server.verifyPassword(
            form.current,
            of: person.account.value.username,
            from: origin,
            known: true,
            at: now
        )
        switch verification {
        case .wrong: return .wrongCurrent
        case .tooMany: return .tooManyAttempts
        case .right(let verified): return try await change(verified, to: form.next, origin, at: now)
        }
    }

    /// The verified account's password becomes this one, unless either is not what it was.
    private func change(
        _ verified: Stored<Account>,
        to password: Secret,
        _ origin: Origin,
        at now: Instant
    ) async throws -> PasswordChange {
        guard verified.value.id == id, verified.epoch?.value == person.signIn.accountEpoch else {
            return .overtaken
        }
        var account = verified.value
        account.password = try await server.hash(password)
        let epoch = server.newEpoch(.passwordChanged)
        do {
            try await server.storage.save(
                [.update(verified, to: account, epoch: epoch)],
                events: [.accountSessionsEnded(id, reason: .passwordChanged)]
            )
        } catch StorageError.conflict {
            return .overtaken
        }
        server.signInEnds.add(.everywhere(id))
        let (signedIn, cookie) = try await server.signIn(
            Stored(value: account, version: verified.version + 1, epoch: epoch),
            authentication: .password(at: now),
            origin: origin,
            replacing: person,
            at: now
        )
        return .changed(signedIn, cookie)
    }
}
