package import MartletProtocol

/// A request to register a client, or to read, change or delete one that registered itself; read,
/// not yet believed.
package struct RegistrationRequest: Sendable {
    /// Bytes of a body; some fifty redirect URIs of usual length fit.
    package static let maximumBody = 16 << 10

    /// `nil` where the method brings none.
    package let metadata: JSONValue?
    package let authorization: String?
    package let origin: Origin

    package init(metadata: JSONValue?, authorization: String?, origin: Origin) {
        self.metadata = metadata
        self.authorization = authorization
        self.origin = origin
    }
}

/// What a client is told of its registration (RFC 7592 §3).
package struct ClientInformation: Sendable {
    let client: Client
    /// Only when it was just made.
    let secret: Secret?
    let accessToken: Secret
    let managementURI: String

    package var json: JSONValue {
        var object = client.registration(secret: secret)
        object[ClientMetadataName.registrationAccessToken] = .string(
            String(decoding: accessToken.bytes, as: UTF8.self)
        )
        object[ClientMetadataName.registrationClientURI] = .string(managementURI)
        return .object(object)
    }
}

/// There are too many registrations, from this address or in all; it is worth trying again later.
package struct RegistrationLimited: Error, Equatable {
    package let retryAfter: Duration
}

/// Clients that register themselves (RFC 7591).
extension AuthorizationServer {
    /// Clients without an initial access token that nobody used yet. More than are registered in
    /// an hour by honest people, and few enough to be read at each registration.
    static let maximumUnusedClients = 1000
    /// An unused client gives way to another one after this; who registers a client to use it does
    /// so within minutes.
    static let unusedClientsStay: Duration = .hours(1)
    /// Clients without an initial access token that somebody used.
    static let maximumUsedClients = 5000
    /// How often a registration starts again because somebody was quicker: with the same initial
    /// access token, mostly.
    static let maximumRegistrationAttempts = 16

    /// Registers a client.
    ///
    /// - Throws: ``BearerError`` about the initial access token, ``OAuthError`` about the metadata,
    ///   ``RegistrationLimited``.
    package func register(_ request: RegistrationRequest) async throws -> ClientInformation {
        let token = try await initialToken(of: request)
        let metadata = try ClientMetadata(selfRegistered: request.metadata ?? .null)
        if token == nil {
            try limit(.network(AttemptLimiter.network(of: request.origin.address)))
        }
        try await prepare(for: metadata)
        let secret = try await newSecret(for: metadata)
        let accessToken = SelfRegistration.makeAccessToken(in: surroundings)
        let client = Client(
            id: ClientID(rawValue: randomIdentifier("mcl_")),
            metadata: metadata,
            secret: secret?.hash,
            createdAt: surroundings.now(),
            managedBy: .registration,
            registration: SelfRegistration(
                accessToken: try await keyedHash(of: accessToken),
                initialToken: token?.value.id
            )
        )
        try await saveRepeatedly {
            var changes: [RecordChange] = [.create(client, epoch: newEpoch(nil))]
            var events: [AuditEvent] = [
                .clientRegistered(client.id, token: token?.value.id, origin: request.origin)
            ]
            if let token = try await initialToken(of: request) {
                var used = token.value
                used.used += 1
                changes.append(.update(token, to: used))
            } else if let removed = try await clientToReplace() {
                changes.append(.delete(removed))
                events.append(.clientRemovedUnused(removed.value.id))
            }
            return (changes, events)
        }
        return information(about: client, secret: secret?.secret, accessToken: accessToken)
    }

    /// The initial access token that admits the request; `nil` if it needs none and has none.
    private func initialToken(
        of request: RegistrationRequest
    ) async throws -> Stored<RegistrationToken>? {
        let presented: String
        switch (BearerCredentials(authorization: request.authorization), settings.registration) {
        case (_, .off):
            throw BearerError(.invalidToken, "This server registers no clients over the network.")
        case (.absent, .open): return nil
        case (.absent, .token):
            throw BearerError(
                .tokenMissing,
                "Registering a client takes an initial access token from the operator."
            )
        case (.malformed, .open), (.malformed, .token):
            throw BearerError(.invalidRequest, "The Authorization header holds no bearer token.")
        case (.token(let text), .open), (.token(let text), .token): presented = text
        }
        let refusal = BearerError(
            .invalidToken,
            "The initial access token is unknown, used up, expired or revoked."
        )
        guard let id = RegistrationToken.id(in: presented),
            let stored = try await storage.find(RegistrationToken.self, id: id.rawValue).0,
            stored.value.isGood(at: surroundings.now())
        else { throw refusal }
        guard try await matches(Secret(presented), stored.value.hash) else { throw refusal }
        return stored
    }

    /// The client that makes room for another one; `nil` while there is room.
    private func clientToReplace() async throws -> Stored<Client>? {
        let now = surroundings.now()
        guard try await hasRoomBesideUsedClients() else {
            notice(.registrationLimited)
            throw RegistrationLimited(retryAfter: .days(1))
        }
        let unused = try await storage.all(
            Client.self,
            owner: SelfRegistration.Group.unused.rawValue
        ).0.filter { $0.value.registration?.initialToken == nil }
        guard unused.count >= Self.maximumUnusedClients,
            let oldest = unused.min(by: { $0.value.createdAt < $1.value.createdAt })
        else { return nil }
        let free = oldest.value.createdAt + Self.unusedClientsStay
        guard free <= now else {
            notice(.registrationLimited)
            throw RegistrationLimited(retryAfter: free - now)
        }
        return oldest
    }

    private func hasRoomBesideUsedClients() async throws -> Bool {
        let used = try await storage.all(
            Client.self,
            owner: SelfRegistration.Group.used.rawValue
        ).0
        let open = used.filter { $0.value.registration?.initialToken == nil }
        return open.count < Self.maximumUsedClients
    }
}

/// Clients that manage their registration (RFC 7592).
extension AuthorizationServer {
    /// What a client has registered.
    package func clientInformation(
        _ id: ClientID,
        _ request: RegistrationRequest
    ) async throws -> ClientInformation {
        let (stored, accessToken) = try await selfRegistered(id, request)
        return information(about: stored.value, secret: nil, accessToken: accessToken)
    }

    /// Replaces what a client has registered: what it leaves out is at its default afterwards.
    package func updateRegistration(
        _ id: ClientID,
        _ request: RegistrationRequest
    ) async throws -> ClientInformation {
        let (current, accessToken) = try await selfRegistered(id, request)
        try await checkIdentity(in: request.metadata, of: current.value)
        let metadata = try ClientMetadata(selfRegistered: request.metadata ?? .null)
        guard metadata != current.value.metadata else {
            return information(about: current.value, secret: nil, accessToken: accessToken)
        }
        try limit(.client(id))
        try await prepare(for: metadata)
        var changed = RegisteredClient(client: current.value, secret: nil)
        try await saveRepeatedly {
            let (stored, _) = try await selfRegistered(id, request)
            changed = try await registration(of: stored.value, changedTo: metadata)
            let (change, ended) = replacement(of: stored, by: changed.client)
            return ([change], [.clientUpdatedItself(id, origin: request.origin)] + ended)
        }
        return information(
            about: changed.client,
            secret: changed.secret,
            accessToken: accessToken
        )
    }

    /// Deletes a client at its own wish; its sessions are over with it.
    package func deleteRegistration(
        _ id: ClientID,
        _ request: RegistrationRequest
    ) async throws {
        try await saveRepeatedly {
            let (stored, _) = try await selfRegistered(id, request)
            return (
                [.delete(stored)],
                [
                    .clientDeletedItself(id, origin: request.origin),
                    .clientSessionsEnded(id, reason: .clientDeleted),
                ]
            )
        }
    }

    /// The client that the request's token manages, and the token.
    private func selfRegistered(
        _ id: ClientID,
        _ request: RegistrationRequest
    ) async throws -> (Stored<Client>, Secret) {
        switch BearerCredentials(authorization: request.authorization) {
        case .absent:
            throw BearerError(.tokenMissing, "The request has no registration access token.")
        case .malformed:
            throw BearerError(.invalidRequest, "The Authorization header holds no bearer token.")
        case .token(let text):
            let token = Secret(text)
            guard let stored = try await storage.find(Client.self, id: id.rawValue).0,
                let registration = stored.value.registration,
                try await matches(token, registration.accessToken)
            else {
                throw BearerError(
                    .invalidToken,
                    "The registration access token is not this client's."
                )
            }
            return (stored, token)
        }
    }

    /// A changed registration says whose it is, and may not choose its secret (RFC 7592 §2.2).
    private func checkIdentity(in metadata: JSONValue?, of client: Client) async throws {
        guard let id = metadata?[WireName.clientID]?.string, id.isSameText(as: client.id.rawValue)
        else {
            throw OAuthError.metadata("A changed registration has the client_id that it is of.")
        }
        guard let secret = metadata?[WireName.clientSecret], !secret.isNull else { return }
        guard let secret = secret.string, let hash = client.secret,
            try await matches(Secret(secret), hash)
        else {
            throw OAuthError.metadata("A client does not choose its secret; leave it out.")
        }
    }

    /// Notes that somebody signed in for a client that registered itself: it is in use and stays.
    /// If that fails, the next sign-in notes it.
    func noteUse(of client: ClientID) async {
        guard let stored = try? await storage.find(Client.self, id: client.rawValue).0,
            var registration = stored.value.registration, !registration.isUsed
        else { return }
        registration.isUsed = true
        var used = stored.value
        used.registration = registration
        try? await storage.save([.update(stored, to: used)], events: [])
    }
}

extension AuthorizationServer {
    private func information(
        about client: Client,
        secret: Secret?,
        accessToken: Secret
    ) -> ClientInformation {
        ClientInformation(
            client: client,
            secret: secret,
            accessToken: accessToken,
            managementURI: "\(settings.issuer)/oauth/register/\(client.id)"
        )
    }

    /// Whether this is the secret, which was made here, or the one that a person chose.
    private func matches(_ secret: Secret, _ hash: ClientSecretHash) async throws -> Bool {
        try await directory.consultCurrent { snapshot in
            try await secrets.matches(secret, hash, keys: snapshot.keys)
        }
    }

    private func limit(_ subject: RegistrationLimiter.Subject) throws {
        guard let wait = registrations.begin(subject, at: surroundings.now()) else { return }
        notice(.registrationLimited)
        throw RegistrationLimited(retryAfter: wait)
    }

    /// Works changes out and saves them; again if somebody was quicker.
    func saveRepeatedly(
        _ plan: () async throws -> ([RecordChange], [AuditEvent])
    ) async throws {
        for _ in 0..<Self.maximumRegistrationAttempts {
            let (changes, events) = try await plan()
            do throws(StorageError) {
                try await storage.save(changes, events: events)
                return
            } catch {
                guard error == .conflict else { throw error }
            }
        }
        throw StorageError.overloaded
    }
}
