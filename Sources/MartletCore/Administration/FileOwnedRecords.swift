package import MartletProtocol

/// A client as the configuration file describes it.
package struct FileOwnedClient: Sendable {
    package static let maximumID = 200

    package let id: ClientID
    package let metadata: ClientMetadata
    /// The secret that the operator chose; `nil` for a public client.
    package let secret: Secret?

    /// - Throws: ``AdministrationError`` if it cannot be a client.
    package init(
        id: ClientID,
        metadata: ClientMetadata,
        secret: Secret?
    ) throws(AdministrationError) {
        guard id.isPrintable else {
            throw AdministrationError(
                "A client_id has 1 to \(Self.maximumID) visible ASCII characters, without spaces."
            )
        }
        switch (metadata.authenticationMethod, secret) {
        case (.none, _?):
            throw AdministrationError(
                "The client “\(id)” is public (token_endpoint_auth_method: none); leave out its "
                    + "client_secret."
            )
        case (.clientSecretBasic, nil), (.clientSecretPost, nil):
            throw AdministrationError(
                "The client “\(id)” needs a client_secret, or token_endpoint_auth_method: none."
            )
        case (.none, nil), (.clientSecretBasic, _?), (.clientSecretPost, _?): break
        }
        self.id = id
        self.metadata = metadata
        self.secret = secret
    }
}

/// A user as the configuration file describes it.
package struct FileOwnedAccount: Sendable {
    package enum Access: Sendable {
        case open
        case disabled
    }

    package let username: String
    package let email: String?
    /// As ``AccountProfile`` passed it.
    package let profile: JSONObject
    package let password: Password
    package let access: Access

    package enum Password: Sendable {
        case plain(Secret)
        /// Made elsewhere. It stays in the account as it stands in the file.
        case hashed(PasswordHash)
    }

    package init(
        username: String,
        email: String?,
        profile: JSONObject = JSONObject(),
        password: Password,
        access: Access
    ) {
        self.username = username
        self.email = email
        self.profile = profile
        self.password = password
        self.access = access
    }
}

/// An API as the configuration file describes it.
package struct FileOwnedResource: Sendable {
    package let id: ResourceID
    /// What the file leaves out is at its default.
    package let settings: AuthorizationServer.ResourceSettings
    /// What it introspects with; `nil` if it does not.
    package let credential: Credential?

    package struct Credential: Sendable {
        package let id: ClientID
        package let secret: Secret

        package init(id: ClientID, secret: Secret) {
            self.id = id
            self.secret = secret
        }
    }

    package init(
        id: ResourceID,
        settings: AuthorizationServer.ResourceSettings,
        credential: Credential?
    ) {
        self.id = id
        self.settings = settings
        self.credential = credential
    }
}

/// What applying a description came to.
package enum FileOwnedOutcome: Sendable, Equatable {
    case created
    case updated
    case unchanged
}

extension ClientID {
    /// Whether a person may choose this as a client's id (RFC 6749 §A.1, without the space).
    fileprivate var isPrintable: Bool {
        1...FileOwnedClient.maximumID ~= rawValue.utf8.count
            && rawValue.utf8.allSatisfy { 0x21...0x7E ~= $0 }
    }
}

// MARK: - Applying

/// What the configuration file owns is brought to what the file says, at each start. Nothing is
/// written that is as described already, so a start changes nothing and hashes nothing again.
extension AuthorizationServer {
    /// Makes a client what the file says, and the file's own.
    package func apply(_ described: FileOwnedClient) async throws -> FileOwnedOutcome {
        try await prepare(for: described.metadata)
        let stored = try await storage.find(Client.self, id: described.id.rawValue).0
        var secret: ClientSecretHash?
        if let chosen = described.secret {
            secret = try await hash(ofChosen: chosen, unlessIn: stored?.value.secret)
        }
        guard let stored else {
            let client = Client(
                id: described.id,
                metadata: described.metadata,
                secret: secret,
                createdAt: surroundings.now(),
                managedBy: .file
            )
            try await save([.create(client, epoch: newEpoch(nil))], [.clientCreated(client.id)])
            return .created
        }
        var client = stored.value
        client.metadata = described.metadata
        client.secret = secret
        client.managedBy = .file
        client.registration = nil
        guard client != stored.value else { return .unchanged }
        try await replace(stored, by: client)
        return .updated
    }

    /// Makes an account what the file says, and the file's own.
    package func apply(_ described: FileOwnedAccount) async throws -> FileOwnedOutcome {
        let known: Stored<Account>? = try await storage.find(
            Account.self,
            name: Account.signInName(described.username)
        )
        guard let known else {
            try await create(described)
            return .created
        }
        try Account.check(username: described.username, email: described.email)
        var account = known.value
        account.username = described.username
        account.email = described.email
        account.profile = described.profile
        var events: [AuditEvent] = []
        if account != known.value {
            account.updatedAt = surroundings.now()
            events.append(.accountUpdated(account.id))
        }
        account.managedBy = .file
        let hash = try await hash(of: described.password, unlessIn: account.password)
        let isSame = hash == account.password
        account.password = hash
        let isDisabled = account.disabledAt != nil
        var end: EndReason? = isSame ? nil : .passwordChanged
        switch described.access {
        case .open where isDisabled:
            account.disabledAt = nil
            events.append(.accountEnabled(account.id))
        case .disabled where !isDisabled:
            account.disabledAt = surroundings.now()
            end = .accountDisabled
        case .open, .disabled: break
        }
        guard account != known.value else { return .unchanged }
        if let end { events.append(.accountSessionsEnded(account.id, reason: end)) }
        try await save([.update(known, to: account, epoch: end.map { newEpoch($0) })], events)
        return .updated
    }

    private func create(_ described: FileOwnedAccount) async throws {
        try Account.check(username: described.username, email: described.email)
        let now = surroundings.now()
        let account = Account(
            id: AccountID(rawValue: randomIdentifier("")),
            username: described.username,
            email: described.email,
            profile: described.profile,
            password: try await hash(of: described.password, unlessIn: nil),
            disabledAt: described.access == .disabled ? now : nil,
            createdAt: now,
            updatedAt: now,
            managedBy: .file
        )
        try await save(
            [.create(account, epoch: newEpoch(nil))],
            [.accountCreated(account.id)]
        )
    }

    /// Makes an API what the file says, and the file's own. One that the file gives no credential
    /// keeps the one that it has; a new one gets one that nobody knows.
    package func apply(_ described: FileOwnedResource) async throws -> FileOwnedOutcome {
        try check(described.settings, of: described.id)
        let stored = try await storage.find(Resource.self, id: described.id.rawValue).0
        let known = stored?.value
        let algorithm = described.settings.signingAlgorithm ?? .es256
        try await keyAdministration.ensure(algorithm)
        let secret: ClientSecretHash
        if let chosen = described.credential?.secret {
            secret = try await hash(ofChosen: chosen, unlessIn: known?.secret)
        } else if let known {
            secret = known.secret
        } else {
            secret = try await newSecret().hash
        }
        let resource = Resource(
            id: described.id,
            scope: described.settings.scope ?? .none,
            signingAlgorithm: algorithm,
            idleLifetime: described.settings.idleLifetime,
            absoluteLifetime: described.settings.absoluteLifetime,
            introspectionID: described.credential?.id ?? known?.introspectionID
                ?? ClientID(rawValue: randomIdentifier("mrs_")),
            secret: secret,
            managedBy: .file
        )
        guard resource != known else { return .unchanged }
        let change =
            stored.map { RecordChange.update($0, to: resource) }
            ?? .create(resource, epoch: nil)
        try await save([change], [.resourceChanged(resource.id)])
        return stored == nil ? .created : .updated
    }

    /// The hash of a password: the one that is stored if it is of the same password.
    private func hash(
        of password: FileOwnedAccount.Password,
        unlessIn known: PasswordHash?
    ) async throws -> PasswordHash {
        switch password {
        case .hashed(let hash): return hash
        case .plain(let password):
            if let known {
                let isSame = try await passwords.verify(password, against: known)
                if isSame { return known }
            }
            return try await hash(password)
        }
    }

    /// The hash of a chosen secret: the one that is stored if it is of the same secret.
    private func hash(
        ofChosen secret: Secret,
        unlessIn known: ClientSecretHash?
    ) async throws -> ClientSecretHash {
        if let known {
            let isSame = try await directory.consultCurrent { snapshot in
                try await secrets.matches(secret, known, keys: snapshot.keys)
            }
            if isSame { return known }
        }
        return .slow(try await hash(secret))
    }
}

// MARK: - Letting go

extension AuthorizationServer {
    /// Gives what the file described once and does not any more to the operator, who decides what
    /// becomes of it: a line that was lost from a file must not delete anybody's account.
    ///
    /// - Returns: the names of what was let go.
    package func releaseFileOwned(
        exceptClients clients: Set<ClientID>,
        usernames: Set<String>,
        resources: Set<ResourceID>
    ) async throws -> [String] {
        let names = Set(usernames.map(Account.signInName))
        var released: [String] = []
        var changes: [RecordChange] = []
        for stored in try await fileOwned(Client.self) where !clients.contains(stored.value.id) {
            var client = stored.value
            client.managedBy = .operator
            changes.append(.update(stored, to: client))
            released.append(client.id.rawValue)
        }
        for stored in try await fileOwned(Account.self) {
            var account = stored.value
            guard !names.contains(Account.signInName(account.username)) else { continue }
            account.managedBy = .operator
            changes.append(.update(stored, to: account))
            released.append(account.username)
        }
        for stored in try await fileOwned(Resource.self)
        where !resources.contains(stored.value.id) {
            var resource = stored.value
            resource.managedBy = .operator
            changes.append(.update(stored, to: resource))
            released.append(resource.id.rawValue)
        }
        if !changes.isEmpty { try await save(changes, []) }
        return released
    }

    /// Without a look at what others own, however much that is.
    private func fileOwned<Value: Record>(
        _ type: Value.Type
    ) async throws -> [Stored<Value>] {
        try await storage.all(type, owner: ManagedBy.file.recordOwner).0
    }
}
