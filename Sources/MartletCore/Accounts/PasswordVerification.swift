package import MartletProtocol

/// What came of somebody's name and password: asked by the login page, by the account page and by
/// the password grant.
package enum PasswordVerification: Sendable {
    /// They are this account's, and it is not disabled.
    case right(Stored<Account>)
    /// An unknown name, a wrong password or a disabled account; which of them nobody is told.
    case wrong
    /// There were too many failures, and no password was looked at.
    case tooMany
}

extension AuthorizationServer {
    /// Whether this is the password of the account of this name.
    ///
    /// An attempt is counted before any hash is computed, and a hash is computed whether or not
    /// there is such an account.
    ///
    /// - Parameter known: whether the browser signed in to this very account before.
    package func verifyPassword(
        _ password: Secret,
        of username: String,
        from origin: Origin,
        known: Bool,
        at now: Instant
    ) async throws(StorageError) -> PasswordVerification {
        guard username.utf8.count <= Account.maximumUsername else { return .wrong }
        let name = Account.signInName(username)
        let address = origin.address
        guard attempts.begin(name: name, address: address, at: now, known: known) else {
            notice(.signInLimited(address: address))
            return .tooMany
        }
        let account: Stored<Account>?
        do {
            account = try await self.account(of: name, with: password)
        } catch {
            attempts.takeBack(name: name, address: address, at: now, known: known)
            throw error
        }
        guard let account else {
            notice(.signInFailed)
            return .wrong
        }
        attempts.succeeded(name: name, address: address, at: now, known: known)
        notice(.signInSucceeded)
        return .right(await upgraded(account, with: password))
    }

    /// The account of this name, if the password is its own and it is not disabled.
    private func account(
        of name: String,
        with password: Secret
    ) async throws(StorageError) -> Stored<Account>? {
        let account = try await storage.find(Account.self, name: name)
        let right = try await passwords.verify(password, against: account?.value.password)
        guard right, let account, account.value.disabledAt == nil else { return nil }
        return account
    }

    /// The account with its password hashed as Martlet does it, if it was hashed elsewhere.
    ///
    /// The epoch stays, so nothing ends. A password that was changed meanwhile is not overwritten:
    /// the write expects the version that was verified. When it cannot be done now, the next login
    /// does it. What the configuration file owns stays as the file says.
    private func upgraded(
        _ verified: Stored<Account>,
        with password: Secret
    ) async -> Stored<Account> {
        guard verified.value.password.isOutdated, verified.value.managedBy == .operator else {
            return verified
        }
        do throws(StorageError) {
            var account = verified.value
            account.password = try await passwords.hash(
                password,
                salt: surroundings.randomBytes(Self.saltLength)
            )
            try await storage.save([.update(verified, to: account)], events: [])
            let (stored, _) = try await storage.find(Account.self, id: account.id.rawValue)
            guard let stored, stored.epoch == verified.epoch else { return verified }
            return stored
        } catch {
            return verified
        }
    }
}
