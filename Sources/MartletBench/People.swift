import MartletCore
import MartletProtocol

/// The accounts of a seeded store, and what they consented to.
struct People {
    private struct Person {
        let account: AccountID
        let epoch: Int64
        /// In the order of the clients.
        let consents: [Int64]
    }

    private let people: [Person]
    private let clients: [(client: Client, epoch: Int64)]

    /// Makes so many accounts with a consent for each of the clients.
    static func make(
        _ count: Int,
        consenting clients: [Client],
        to server: AuthorizationServer
    ) async throws -> People {
        let surroundings = server.surroundings
        // Nobody of them ever signs in, so one hash does for all.
        let password = try await server.passwords.hash(
            Secret(surroundings.randomBytes(16)),
            salt: surroundings.randomBytes(16)
        )
        let now = surroundings.now()
        var people: [Person] = []
        var changes: [RecordChange] = []
        for index in 0..<count {
            let account = Account(
                id: AccountID(rawValue: Base64URL.encode(surroundings.randomBytes(16))),
                username: "user\(index)",
                email: "user\(index)@example.com",
                password: password,
                disabledAt: nil,
                createdAt: now,
                updatedAt: now,
                managedBy: .operator
            )
            let person = Person(
                account: account.id,
                epoch: surroundings.random63(),
                consents: clients.map { _ in surroundings.random63() }
            )
            people.append(person)
            changes.append(.create(account, epoch: first(person.epoch, now)))
            for (client, epoch) in zip(clients, person.consents) {
                let consent = Consent(
                    account: account.id,
                    client: client.id,
                    scope: client.metadata.scope
                )
                changes.append(.create(consent, epoch: first(epoch, now)))
            }
            if changes.count >= Seed.recordsAtOnce || index == count - 1 {
                try await server.storage.save(changes, events: [])
                changes = []
            }
        }
        var known: [(Client, Int64)] = []
        for client in clients {
            guard let epoch = try await server.client(client.id).epoch else {
                throw BenchError("\(client.id) has no epoch")
            }
            known.append((client, epoch.value))
        }
        return People(people: people, clients: known)
    }

    private static func first(_ value: Int64, _ now: Instant) -> Epoch {
        Epoch(value: value, changedAt: now, reason: nil)
    }

    /// The session of this number: people take turns.
    func family(
        _ index: Int,
        of client: Client,
        resources: [ResourceID],
        token: RefreshToken,
        madeAt: Instant
    ) -> TokenFamily {
        let person = people[index % people.count]
        let position = clients.firstIndex { $0.client.id == client.id } ?? 0
        let authorized = AuthorizedFamily(
            id: token.family,
            client: client.id,
            account: person.account,
            scope: client.metadata.scope,
            resources: resources,
            secretHash: token.secretHash,
            refreshKey: token.key,
            keyBinding: nil,
            epochs: FamilyEpochs(
                account: person.epoch,
                client: clients[position].epoch,
                consent: person.consents[position]
            ),
            madeAt: madeAt,
            absoluteEnd: madeAt + RotationPolicy.standard.absoluteLifetime,
            authentication: .password(at: madeAt),
            origin: Origin(address: "127.0.0.1", userAgent: Self.browser)
        )
        return TokenFamily(
            authorized: authorized,
            state: FamilyState(generation: .first, lastRotation: madeAt)
        )
    }

    private static let browser =
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
}

extension TokenFamily {
    /// What the audit log has of its beginning.
    var made: AuditEvent {
        .sessionMade(
            authorized.id,
            account: authorized.account,
            client: authorized.client,
            origin: authorized.origin
        )
    }
}
