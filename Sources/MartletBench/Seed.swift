import Foundation
import MartletCore
import MartletProtocol

/// Fills a new store through the doors that the server itself uses: accounts, consents, families
/// and the audit entry of each, as so many sign-ins would have left them.
struct Seed {
    let families: Int
    let live: Int
    let store: StoreKind

    /// A person has some sessions, on some devices.
    static let familiesPerAccount = 4
    /// Sessions with `openid`, beside the others; none in an empty store.
    private var openIDFamilies: Int { families == 0 ? 0 : 256 }
    /// The sign-ins lie this far back at most, well within the idle lifetime.
    static let oldest: Duration = .seconds(10 * 86_400)
    /// Records in one save.
    static let recordsAtOnce = 1000
    static let api = "https://api.example.com"
    static let apiScope = "read write"

    func sow(in folder: SeededFolder) async throws -> SeededStore {
        try Files.makeFolder(folder.path)
        let surroundings = Surroundings.system
        let secret = surroundings.randomBytes(MasterKey.length)
        guard let master = MasterKey(Secret(secret)) else {
            throw BenchError("a master key has \(MasterKey.length) bytes")
        }
        try write(masterKey: secret, in: folder)
        try configuration(in: folder)
            .write(toFile: folder.configuration, atomically: true, encoding: .utf8)
        let storage = try await store.make(in: folder, surroundings: surroundings)
        let server = AuthorizationServer(
            settings: .init(issuer: SeededFolder.issuer),
            storage: storage,
            masters: MasterKeys(current: master),
            surroundings: surroundings
        )
        do {
            let seeded = try await sow(with: server, in: folder)
            await storage.close()
            return seeded
        } catch {
            await storage.close()
            throw error
        }
    }

    private func sow(
        with server: AuthorizationServer,
        in folder: SeededFolder
    ) async throws -> SeededStore {
        try await server.keyAdministration.prepare()
        let resource = try await server.createResource(Self.api, .init(scope: Scope(Self.apiScope)))
        let client = try await server.createClient(metadata: Self.clientMetadata)
        let openIDClient = try await server.createClient(metadata: Self.openIDMetadata)
        let count = max(openIDFamilies, families / Self.familiesPerAccount)
        let password = Base64URL.encode(server.surroundings.randomBytes(16))
        let people = try await People.make(
            count,
            signingInWith: password,
            consenting: [
                .init(client: client.client, count: count),
                .init(client: openIDClient.client, count: openIDFamilies),
            ],
            to: server
        )
        let bytesBefore = try store.bytes(in: folder)
        let keys = try await server.directory.consultCurrent { $0.keys }
        let tokens = try await insert(
            families,
            of: client.client,
            resources: [ResourceID(rawValue: Self.api)],
            people,
            keys: keys,
            server
        )
        let bytesAfter = try store.bytes(in: folder)
        let openIDTokens = try await insert(
            openIDFamilies,
            of: openIDClient.client,
            resources: [],
            people,
            keys: keys,
            server
        )
        try SeededFolder.write(tokens.shuffled(), to: folder.refreshTokens)
        try SeededFolder.write(openIDTokens.shuffled(), to: folder.openIDRefreshTokens)
        let seeded = SeededStore(
            families: families,
            live: live,
            client: try Self.credentials(client.client.id, client.secret),
            openIDClient: try Self.credentials(openIDClient.client.id, openIDClient.secret),
            resource: try Self.credentials(resource.resource.introspectionID, resource.secret),
            bytesPerFamily: (bytesAfter - bytesBefore) / max(1, families),
            password: password
        )
        try folder.write(seeded)
        return seeded
    }

    /// Makes so many families of a client, and answers refresh tokens of at most ``live`` of them,
    /// spread evenly over all.
    private func insert(
        _ count: Int,
        of client: Client,
        resources: [ResourceID],
        _ people: People,
        keys: KeyRing,
        _ server: AuthorizationServer
    ) async throws -> [String] {
        let now = server.surroundings.now()
        guard let key = keys.refreshKey(at: now) else {
            throw BenchError("there is no refresh key")
        }
        let wanted = min(live, count)
        var tokens: [String] = []
        try await withThrowingTaskGroup(of: String?.self) { group in
            for index in 0..<count {
                if index >= store.insertsAtOnce, let token = try await group.next() ?? nil {
                    tokens.append(token)
                }
                // Of each of the `wanted` equal shares of all families one is live.
                let isLive = index * wanted / count != (index + 1) * wanted / count
                let age = Self.oldest * (Double(count - index) / Double(count))
                group.addTask {
                    let token = RefreshToken(
                        key: key,
                        family: FamilyID(madeAt: now - age, in: server.surroundings),
                        generation: .first,
                        secret: Secret(server.surroundings.randomBytes(RefreshToken.secretLength))
                    )
                    let family = people.family(
                        index,
                        of: client,
                        resources: resources,
                        token: token,
                        madeAt: now - age
                    )
                    try await server.storage.insert(family, redeeming: nil) { _, _ in
                        ErasedChange(state: nil, writes: [], events: [family.made])
                    }
                    return isLive ? token.encoded(with: keys.refresh) : nil
                }
            }
            for try await token in group {
                if let token { tokens.append(token) }
            }
        }
        return tokens
    }

    // MARK: - Who asks

    private static var clientMetadata: JSONValue {
        [
            ClientMetadataName.name: "Load",
            ClientMetadataName.grantTypes: .array([
                .string(GrantType.password.rawValue), .string(GrantType.refreshToken.rawValue),
                .string(GrantType.clientCredentials.rawValue),
            ]),
            WireName.scope: .string(apiScope),
            ClientMetadataName.allowedResources: .array([.string(api)]),
        ]
    }

    private static var openIDMetadata: JSONValue {
        [
            ClientMetadataName.name: "Load with openid",
            ClientMetadataName.grantTypes: .array([
                .string(GrantType.password.rawValue), .string(GrantType.refreshToken.rawValue),
            ]),
            WireName.scope: .string(openIDScope),
            ClientMetadataName.idTokenAlgorithm: .string(SignatureAlgorithm.es256.rawValue),
        ]
    }

    static let openIDScope = "\(ScopeName.openID) \(ScopeName.profile)"

    private static func credentials(
        _ id: ClientID,
        _ secret: Secret?
    ) throws -> SeededStore.Credentials {
        guard let secret else { throw BenchError("\(id) has no secret") }
        return .init(id: id.rawValue, secret: String(decoding: secret.bytes, as: UTF8.self))
    }

    // MARK: - What the server reads

    private func write(masterKey: [UInt8], in folder: SeededFolder) throws {
        let made = FileManager.default.createFile(
            atPath: folder.masterKey,
            contents: Data((Base64URL.encode(masterKey) + "\n").utf8),
            attributes: [.posixPermissions: 0o600]
        )
        guard made else { throw BenchError("\(folder.masterKey) cannot be written") }
    }

    private func configuration(in folder: SeededFolder) throws -> String {
        """
        issuer: \(SeededFolder.issuer)
        store: "\(try store.location(in: folder))"
        master_key: file:\(folder.masterKey)
        lifetimes: {access_token: 7200}

        """
    }
}

extension Surroundings {
    static let system = Surroundings(
        now: { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
        randomBytes: { count in
            var generator = SystemRandomNumberGenerator()
            var bytes: [UInt8] = []
            while bytes.count < count {
                withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) }
            }
            return Array(bytes.prefix(count))
        }
    )
}
