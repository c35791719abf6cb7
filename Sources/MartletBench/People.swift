import MartletCore
import MartletProtocol

/// The accounts of a seeded store, and what they consented to.
struct People {
    /// Who has sessions at which client.
    struct Members {
        let client: Client
        /// How many of the people consented, the first ones.
        let count: Int
    }

    private struct Person {
        let account: AccountID
        let epoch: Int64
        /// One for each client.
        let consent: Int64
    }

    private let people: [Person]
    private let clients: [(members: Members, epoch: Int64)]

    /// Makes so many accounts with their consents.
    ///
    /// They come in the order of their ids, which are as random as those of a real store: a store
    /// that takes its rows in the order of an index writes each of its pages once.
    static func make(
        _ count: Int,
        signingInWith password: String,
        consenting clients: [Members],
        to server: AuthorizationServer
    ) async throws -> People {
        let surroundings = server.surroundings
        // They all have the same password, so one hash does for all.
        let hash = try await server.passwords.hash(
            Secret(password),
            salt: surroundings.randomBytes(16)
        )
        let now = surroundings.now()
        var people: [Person] = []
        var changes: [RecordChange] = []
        let ids = (0..<count).map { _ in Base64URL.encode(surroundings.randomBytes(16)) }.sorted()
        for (index, id) in ids.enumerated() {
            let account = Account(
                id: AccountID(rawValue: id),
                username: "user\(index)",
                email: "user\(index)@example.com",
                password: hash,
                disabledAt: nil,
                createdAt: now,
                updatedAt: now,
                managedBy: .operator
            )
            let person = Person(
                account: account.id,
                epoch: surroundings.random63(),
                consent: surroundings.random63()
            )
            people.append(person)
            changes.append(.create(account, epoch: first(person.epoch, now)))
            for members in clients where index < members.count {
                let consent = Consent(
                    account: account.id,
                    client: members.client.id,
                    scope: members.client.metadata.scope
                )
                changes.append(.create(consent, epoch: first(person.consent, now)))
            }
            if changes.count >= Seed.recordsAtOnce || index == count - 1 {
                try await server.storage.save(changes, events: [])
                changes = []
            }
        }
        var known: [(Members, Int64)] = []
        for members in clients {
            guard let epoch = try await server.client(members.client.id).epoch else {
                throw BenchError("\(members.client.id) has no epoch")
            }
            known.append((members, epoch.value))
        }
        return People(people: people, clients: known)
    }

    private static func first(_ value: Int64, _ now: Instant) -> Epoch {
        Epoch(value: value, changedAt: now, reason: nil)
    }

    /// The session of this number: those who consented take turns.
    func family(
        _ index: Int,
        of client: Client,
        resources: [ResourceID],
        token: RefreshToken,
        madeAt: Instant
    ) -> TokenFamily {
        let position = clients.firstIndex { $0.members.client.id == client.id } ?? 0
        let person = people[index % clients[position].members.count]
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
                consent: person.consent
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
