package import MartletProtocol

/// The operator's commands about clients.
extension AuthorizationServer {
    /// A client and, when it was just made, its secret: the only time that it is shown.
    package struct RegisteredClient: Sendable {
        package let client: Client
        package let secret: Secret?

        /// The registration response (RFC 7591 §3.2.1).
        package var json: JSONValue { .object(client.registration(secret: secret)) }
    }

    /// Registers a client under an id and with a secret that are made here.
    package func createClient(metadata json: JSONValue) async throws -> RegisteredClient {
        let metadata = try ClientMetadata(json: json)
        try await prepare(for: metadata)
        let made = try await newSecret(for: metadata)
        let client = Client(
            id: ClientID(rawValue: randomIdentifier("mcl_")),
            metadata: metadata,
            secret: made?.hash,
            createdAt: surroundings.now(),
            managedBy: .operator
        )
        try await save(
            [.create(client, epoch: newEpoch(nil))],
            [.clientCreated(client.id)]
        )
        return RegisteredClient(client: client, secret: made?.secret)
    }

    /// Replaces a client's metadata. One that becomes confidential gets a secret; one that becomes
    /// public loses it, and its sessions end, since what proved them is gone.
    package func updateClient(
        _ id: ClientID,
        metadata json: JSONValue
    ) async throws -> RegisteredClient {
        let stored = try await changeableClient(id)
        let metadata = try ClientMetadata(json: json)
        try await prepare(for: metadata)
        let changed = try await registration(of: stored.value, changedTo: metadata)
        try await replace(stored, by: changed.client)
        return changed
    }

    /// A client with other metadata, and the secret that it gets if it needs one now.
    func registration(
        of client: Client,
        changedTo metadata: ClientMetadata
    ) async throws -> RegisteredClient {
        var client = client
        let made = client.secret == nil ? try await newSecret(for: metadata) : nil
        client.metadata = metadata
        client.secret = metadata.authenticationMethod == .none ? nil : client.secret ?? made?.hash
        return RegisteredClient(client: client, secret: made?.secret)
    }

    /// Writes a changed client.
    func replace(_ stored: Stored<Client>, by client: Client) async throws {
        let (change, ended) = replacement(of: stored, by: client)
        try await save([change], [.clientUpdated(client.id)] + ended)
    }

    /// What writes a changed client, and what that ends: one that becomes public loses its
    /// sessions.
    func replacement(
        of stored: Stored<Client>,
        by client: Client
    ) -> (RecordChange, [AuditEvent]) {
        let becamePublic = stored.value.secret != nil && client.secret == nil
        guard becamePublic else { return (.update(stored, to: client), []) }
        return (
            .update(stored, to: client, epoch: newEpoch(.clientRevoked)),
            [.clientSessionsEnded(client.id, reason: .clientRevoked)]
        )
    }

    /// Gives a client a new secret; the old one is refused from here on. Its sessions go on.
    package func rotateClientSecret(_ id: ClientID) async throws -> RegisteredClient {
        let stored = try await changeableClient(id)
        guard let made = try await newSecret(for: stored.value.metadata) else {
            throw AdministrationError("The client “\(id)” is public and has no secret.")
        }
        var client = stored.value
        client.secret = made.hash
        try await save([.update(stored, to: client)], [.clientSecretRotated(id)])
        return RegisteredClient(client: client, secret: made.secret)
    }

    /// Deletes a client, also one that registered itself; its sessions are over with it.
    package func deleteClient(_ id: ClientID) async throws {
        let stored = try await client(id)
        guard stored.value.managedBy != .file else {
            throw AdministrationError.ownedByFile("client", id.rawValue)
        }
        try await save(
            [.delete(stored)],
            [.clientSessionsEnded(id, reason: .clientDeleted)]
        )
    }

    package func clients() async throws -> [Client] {
        try await storage.all(Client.self).0.map(\.value)
    }

    package func client(_ id: ClientID) async throws -> Stored<Client> {
        guard let stored = try await storage.find(Client.self, id: id.rawValue).0 else {
            throw AdministrationError.noSuch("client", id.rawValue)
        }
        return stored
    }

    /// A client that is the operator's to change.
    private func changeableClient(_ id: ClientID) async throws -> Stored<Client> {
        let stored = try await client(id)
        switch stored.value.managedBy {
        case .operator: return stored
        case .file: throw AdministrationError.ownedByFile("client", id.rawValue)
        case .registration:
            throw AdministrationError(
                "The client “\(id)” registered itself and changes itself; delete it, or create one "
                    + "of your own."
            )
        }
    }

    /// What must be there before a client has this metadata: the APIs that it names, and keys of
    /// the algorithms that it asks for.
    func prepare(for metadata: ClientMetadata) async throws {
        try await requireResources(metadata.allowedResources)
        for algorithm in metadata.algorithms {
            try await keyAdministration.ensure(algorithm)
        }
    }

    private func requireResources(_ ids: [ResourceID]) async throws {
        for id in ids {
            guard try await storage.find(Resource.self, id: id.rawValue).0 != nil else {
                throw OAuthError.metadata(
                    "allowed_resources names \(id), which does not exist; "
                        + "make it with martlet resource create."
                )
            }
        }
    }

    func newSecret(
        for metadata: ClientMetadata
    ) async throws -> (secret: Secret, hash: ClientSecretHash)? {
        guard metadata.authenticationMethod != .none else { return nil }
        return try await newSecret()
    }

    func newSecret() async throws -> (secret: Secret, hash: ClientSecretHash) {
        let secret = ClientSecretHash.makeSecret(in: surroundings)
        return (secret, try await keyedHash(of: secret))
    }

    /// What is stored of a secret that was made here.
    func keyedHash(of secret: Secret) async throws -> ClientSecretHash {
        try await directory.consultCurrent { snapshot in
            guard let (id, key) = snapshot.keys.clientSecretKey(at: surroundings.now()) else {
                throw StorageError.corrupt("there is no key for client secrets")
            }
            return .keyed(secret, with: key, id: id)
        }
    }
}

extension Client {
    /// What a client is told of its registration (RFC 7591 §3.2.1); the secret only when it was
    /// just made.
    package func registration(secret: Secret? = nil) -> JSONObject {
        var object = JSONObject()
        object[WireName.clientID] = .string(id.rawValue)
        if let secret {
            object[WireName.clientSecret] = .string(
                String(decoding: secret.bytes, as: UTF8.self)
            )
            object[ClientMetadataName.secretExpiresAt] = 0
        }
        object[ClientMetadataName.idIssuedAt] = .integer(createdAt.seconds)
        for member in metadata.json.object?.members ?? [] {
            object[member.name] = member.value
        }
        return object
    }
}
