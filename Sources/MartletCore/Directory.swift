import MartletProtocol
import Synchronization

/// What a server knows of clients, resources and keys without asking the store each time.
///
/// It all hangs on the store's revision. A story works with one ``Snapshot``; the atomic step that
/// ends it compares revisions, and if anything was changed meanwhile, by whichever process, the
/// story starts again with a new one. So a change counts at once and the common case reads nothing.
package final class Directory: Sendable {
    /// A story that finds itself overtaken this often in a row gives up; each time takes another
    /// change by somebody.
    static let maximumAttempts = 8

    package let storage: any Storage
    package let masters: MasterKeys
    private let latest = Mutex<Snapshot?>(nil)

    package init(storage: any Storage, masters: MasterKeys) {
        self.storage = storage
        self.masters = masters
    }

    /// What a story throws when the snapshot that it works with is not the store's any more.
    package struct Overtaken: Error, Sendable {}

    /// Runs a story with a snapshot, again with a newer one whenever it was overtaken.
    package func consult<Answer: Sendable>(
        _ story: (Snapshot) async throws -> Answer
    ) async throws -> Answer {
        for _ in 0..<Self.maximumAttempts {
            let snapshot = try await snapshot()
            do {
                return try await story(snapshot)
            } catch is Overtaken {
                forget(snapshot)
            }
        }
        throw StorageError.unavailable("the directory changes faster than it can be read")
    }

    /// The same for a story that has no atomic step to compare revisions in: it asks for the
    /// revision first.
    package func consultCurrent<Answer: Sendable>(
        _ story: (Snapshot) async throws -> Answer
    ) async throws -> Answer {
        try await consult { snapshot in
            try await snapshot.assertCurrent()
            return try await story(snapshot)
        }
    }

    /// Forgets what the store has moved on from. A server does this now and then, so that it knows
    /// a new refresh key before that key's first token comes in: a token of an unknown key is
    /// refused without asking the store.
    package func catchUp() async throws(StorageError) {
        guard let known = latest.withLock({ $0 }) else { return }
        guard try await storage.revision() != known.revision else { return }
        forget(known)
    }

    private func snapshot() async throws -> Snapshot {
        if let snapshot = latest.withLock({ $0 }) { return snapshot }
        let loaded = try await Snapshot.load(from: storage, masters: masters)
        return latest.withLock { latest in
            if let latest, latest.revision > loaded.revision { return latest }
            latest = loaded
            return loaded
        }
    }

    private func forget(_ snapshot: Snapshot) {
        latest.withLock { latest in
            if latest === snapshot { latest = nil }
        }
    }
}

/// Clients, resources and keys as of one revision of the store.
package final class Snapshot: Sendable {
    /// Clients are remembered up to this many, then afresh.
    static let maximumClients = 10_000
    /// How often loading starts again because somebody changed something meanwhile.
    static let maximumAttempts = 8

    package let revision: Revision
    package let keys: KeyRing
    package let resources: [ResourceID: Resource]
    private let storage: any Storage
    private let clients = Mutex<[ClientID: Stored<Client>]>([:])
    private let origins = Mutex<Task<SinglePageOrigins, any Error>?>(nil)
    private let lifetime = Mutex<Duration?>(nil)

    private init(
        revision: Revision,
        keys: KeyRing,
        resources: [ResourceID: Resource],
        storage: any Storage
    ) {
        self.revision = revision
        self.keys = keys
        self.resources = resources
        self.storage = storage
    }

    static func load(from storage: any Storage, masters: MasterKeys) async throws -> Snapshot {
        for _ in 0..<maximumAttempts {
            let status = try await storage.status()
            // What is known of a store that went elsewhere is of yesterday.
            guard status.condition.takesWrites else { throw StorageError.outOfService }
            let (keys, revision) = try await storage.all(KeyRecord.self)
            let (resources, later) = try await storage.all(Resource.self)
            guard revision == later, revision == status.revision else { continue }
            return Snapshot(
                revision: revision,
                keys: try KeyRing(keys.map(\.value), masters: masters),
                resources: Dictionary(
                    uniqueKeysWithValues: resources.map { ($0.value.id, $0.value) }
                ),
                storage: storage
            )
        }
        throw StorageError.unavailable("keys and resources change faster than they can be read")
    }

    /// The client of this id, as of this snapshot's revision.
    ///
    /// - Throws: ``Directory/Overtaken`` if the store has moved on.
    package func client(_ id: ClientID) async throws -> Stored<Client>? {
        if let known = clients.withLock({ $0[id] }) { return known }
        let (found, revision) = try await storage.find(Client.self, id: id.rawValue)
        guard revision == self.revision else { throw Directory.Overtaken() }
        guard let client = found else { return nil }
        clients.withLock { clients in
            if clients.count >= Self.maximumClients { clients.removeAll() }
            clients[id] = client
        }
        return client
    }

    /// Where single-page clients come from, as of this snapshot's revision. Read when it is first
    /// asked for, once, however many ask meanwhile.
    ///
    /// - Throws: ``Directory/Overtaken`` if the store has moved on.
    func singlePageOrigins() async throws -> SinglePageOrigins {
        let reading = origins.withLock { reading in
            let current =
                reading
                ?? Task { [storage, revision] in
                    try await SinglePageOrigins.load(from: storage, at: revision)
                }
            reading = current
            return current
        }
        do {
            return try await reading.value
        } catch {
            origins.withLock { if $0 == reading { $0 = nil } }
            throw error
        }
    }

    /// The longest life of an access token that some client has of its own; zero if none has.
    ///
    /// - Throws: ``Directory/Overtaken`` if the store has moved on.
    func longestClientTokenLifetime() async throws -> Duration {
        if let known = lifetime.withLock({ $0 }) { return known }
        let (clients, revision) = try await storage.all(Client.self)
        guard revision == self.revision else { throw Directory.Overtaken() }
        let longest = clients.compactMap(\.value.metadata.accessTokenLifetime).max() ?? .zero
        lifetime.withLock { $0 = longest }
        return longest
    }

    /// The API that signs in with this id at the introspection endpoint.
    func resource(introspectionID id: ClientID) -> Resource? {
        resources.values.first { $0.introspectionID == id }
    }

    /// What a check answers that rests on clients or resources. Its refusal stands only if the
    /// store has not moved on meanwhile: what was just allowed must not be refused.
    func upholding<Answer>(
        _ check: () throws(OAuthError) -> Answer
    ) async throws -> Answer {
        do {
            return try check()
        } catch {
            try await assertCurrent()
            throw error
        }
    }

    /// - Throws: ``Directory/Overtaken`` if the store has moved on. One read.
    package func assertCurrent() async throws {
        guard try await storage.revision() == revision else { throw Directory.Overtaken() }
    }
}
