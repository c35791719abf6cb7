package import MartletProtocol

/// The operator's commands about accounts. What each ends is the table of `docs/revocation.md`.
extension AuthorizationServer {
    static let saltLength = 16
    static let minimumPassword = 1

    package func createAccount(
        username: String,
        email: String?,
        password: Secret,
        profile: JSONValue = .object(JSONObject())
    ) async throws -> Account {
        try await createAccount(username: username, email: email, profile: profile) {
            try await hash(password)
        }
    }

    /// Makes an account whose password was hashed elsewhere; its first login hashes it anew.
    package func importAccount(
        username: String,
        email: String?,
        passwordHash: PasswordHash,
        profile: JSONValue = .object(JSONObject())
    ) async throws -> Account {
        try await createAccount(username: username, email: email, profile: profile) {
            passwordHash
        }
    }

    private func createAccount(
        username: String,
        email: String?,
        profile: JSONValue,
        hash: () async throws -> PasswordHash
    ) async throws -> Account {
        try Account.check(username: username, email: email)
        let profile = try AccountProfile.checked(profile, email: email)
        let existing: Stored<Account>? = try await storage.find(
            Account.self,
            name: Account.signInName(username)
        )
        guard existing == nil else {
            throw AdministrationError("There is a user “\(username)” already.")
        }
        let now = surroundings.now()
        let account = Account(
            id: AccountID(rawValue: randomIdentifier("")),
            username: username,
            email: email,
            profile: profile,
            password: try await hash(),
            disabledAt: nil,
            createdAt: now,
            updatedAt: now,
            managedBy: .operator
        )
        try await save(
            [.create(account, epoch: newEpoch(nil))],
            [.accountCreated(account.id)]
        )
        return account
    }

    /// What a command changes about a person.
    package struct AccountUpdate: Sendable {
        package var email: Email
        /// The whole new profile; `nil` leaves it as it is.
        package var profile: JSONValue?

        package enum Email: Sendable, Equatable {
            case keep
            case remove
            case set(String)
        }

        package init(email: Email, profile: JSONValue?) {
            self.email = email
            self.profile = profile
        }
    }

    /// Changes what is told of a person; nothing ends.
    package func updateAccount(
        _ username: String,
        _ update: AccountUpdate
    ) async throws -> Account {
        let stored = try await account(username, ownedBy: .operator)
        var account = stored.value
        switch update.email {
        case .keep: break
        case .remove: account.setEmail(nil)
        case .set(let email): account.setEmail(email)
        }
        try Account.check(username: account.username, email: account.email)
        if let profile = update.profile {
            account.profile = try AccountProfile.checked(profile, email: account.email)
        }
        guard account != stored.value else { return account }
        account.updatedAt = surroundings.now()
        try await save([.update(stored, to: account)], [.accountUpdated(account.id)])
        return account
    }

    /// Changes the password and ends every session of the account.
    package func setPassword(of username: String, to password: Secret) async throws {
        let hash = try await hash(password)
        try await end(username, for: .passwordChanged) { $0.password = hash }
    }

    /// Refuses the account's sign-ins and ends every session of it.
    package func disableAccount(_ username: String) async throws {
        let now = surroundings.now()
        try await end(username, for: .accountDisabled) { $0.disabledAt = now }
    }

    /// Lets the account sign in again; nothing that was ended comes back.
    package func enableAccount(_ username: String) async throws {
        let stored = try await account(username, ownedBy: .operator)
        var account = stored.value
        account.disabledAt = nil
        try await save([.update(stored, to: account)], [.accountEnabled(account.id)])
    }

    /// Deletes the account with its consents; its sessions are over.
    package func deleteAccount(_ username: String) async throws {
        let stored = try await account(username, ownedBy: .operator)
        let id = stored.value.id
        let (consents, _) = try await storage.all(Consent.self, owner: id.rawValue)
        try await save(
            [.delete(stored)] + consents.map { .delete($0) },
            [.accountSessionsEnded(id, reason: .accountDeleted)]
        )
    }

    package func accounts() async throws -> [Account] {
        try await storage.all(Account.self).0.map(\.value)
    }

    package func account(named username: String) async throws -> Stored<Account> {
        let stored: Stored<Account>? = try await storage.find(
            Account.self,
            name: Account.signInName(username)
        )
        guard let stored else { throw AdministrationError.noSuch("user", username) }
        return stored
    }

    /// Signs the account out everywhere.
    package func endSessions(ofAccount username: String) async throws {
        let stored = try await account(named: username)
        try await save(
            [.update(stored, to: stored.value, epoch: newEpoch(.signedOutEverywhere))],
            [.accountSessionsEnded(stored.value.id, reason: .signedOutEverywhere)]
        )
    }

    private func account(
        _ username: String,
        ownedBy owner: ManagedBy
    ) async throws -> Stored<Account> {
        let stored = try await account(named: username)
        guard stored.value.managedBy == owner else {
            throw AdministrationError.ownedByFile("user", username)
        }
        return stored
    }

    private func end(
        _ username: String,
        for reason: EndReason,
        _ change: (inout Account) -> Void
    ) async throws {
        let stored = try await account(username, ownedBy: .operator)
        var account = stored.value
        change(&account)
        try await save(
            [.update(stored, to: account, epoch: newEpoch(reason))],
            [.accountSessionsEnded(account.id, reason: reason)]
        )
    }

    func hash(_ password: Secret) async throws -> PasswordHash {
        guard password.bytes.count >= Self.minimumPassword,
            password.bytes.count <= PasswordHasher.maximumPassword
        else {
            throw AdministrationError(
                "A password has 1 to \(PasswordHasher.maximumPassword) bytes."
            )
        }
        return try await passwords.hash(
            password,
            salt: surroundings.randomBytes(Self.saltLength)
        )
    }
}

extension Account {
    fileprivate mutating func setEmail(_ new: String?) {
        let isSame = new.map { email?.isSameText(as: $0) == true } ?? (email == nil)
        guard !isSame else { return }
        email = new
        profile = AccountProfile.withoutVerifiedEmail(profile)
    }

    /// - Throws: ``AdministrationError`` if an account cannot have this name or address.
    static func check(username: String, email: String?) throws(AdministrationError) {
        guard isValidUsername(username) else {
            throw AdministrationError(
                "A user name has 1 to \(maximumUsername) bytes, no control characters, "
                    + "and no space at either end."
            )
        }
        if let email, !email.contains("@") || email.utf8.count > maximumEmail {
            throw AdministrationError("“\(email)” is not an e-mail address.")
        }
    }
}
