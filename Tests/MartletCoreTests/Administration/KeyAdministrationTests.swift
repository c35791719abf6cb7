import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Making, appointing and dropping keys")
struct KeyAdministrationTests {
    private func keyIDs(_ world: TestAuthorizationServer) async throws -> Set<String> {
        Set(try await world.keys.published(at: world.now).keys.compactMap(\.keyID))
    }

    @Test("preparing a store that has its keys changes nothing")
    func idempotent() async throws {
        let world = try await TestAuthorizationServer()
        let before = try await world.storage.revision()
        try await world.server.keyAdministration.prepare([.es256])
        #expect(try await world.storage.revision() == before)
    }

    @Test(
        "a server signs with ES256, and with RS256 for those who know nothing else",
        .covers("OIDC Core §15.1 rs256", "OIDC Discovery §3 rs256")
    )
    func standardAlgorithms() async throws {
        let world = try await TestAuthorizationServer()
        try await world.server.keyAdministration.prepare()
        let keys = try await world.keys
        #expect(Set(keys.algorithms) == [.es256, .rs256])
        #expect(keys.signer(for: .rs256, at: world.now) != nil)
        let before = try await world.storage.revision()
        try await world.server.keyAdministration.prepare()
        #expect(try await world.storage.revision() == before)
    }

    @Test("servers that prepare one store at the same moment make one set of keys")
    func concurrent() async throws {
        let world = try await TestAuthorizationServer()
        let storage = WatchedStorage(InMemoryStorage(clock: world.server.surroundings.now))
        let administration = KeyAdministration(
            storage: storage,
            masters: world.server.directory.masters,
            surroundings: world.server.surroundings
        )
        storage.beforeNext(.save) { try? await administration.prepare([.es256]) }
        try await administration.prepare([.es256])
        #expect(try await storage.all(KeyRecord.self).0.count == 6)
    }

    @Test("a scheduled rotation ends nothing: old tokens verify, old refresh tokens refresh")
    func rotate() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        var token = try #require(answer.refresh).token
        for _ in 0..<3 {
            world.wait(.hours(2))
            try await world.server.keyAdministration.rotate()
            token = try await world.successor(of: token, as: client)
        }
        let keys = try await world.keys
        #expect(world.server.signedAccessToken(answer.accessToken, keys: keys) != nil)
        #expect(try await world.events.filter { $0 == .keysRotated(.scheduled) }.count == 3)
    }

    @Test("sessions after a rotation have the next refresh key, once every server can know it")
    func refreshKey() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        world.wait(KeyAdministration.refreshKeyUse)
        let old = try await world.family(of: try await world.newSession(client))
        try await world.server.keyAdministration.rotate()
        let meanwhile = try await world.family(of: try await world.newSession(client))
        #expect(meanwhile.authorized.refreshKey == old.authorized.refreshKey)
        world.wait(KeyAdministration.acceptedBeforeUse)
        let after = try await world.family(of: try await world.newSession(client))
        #expect(after.authorized.refreshKey != old.authorized.refreshKey)
    }

    @Test("a rotation before the last one took over is refused with a sentence")
    func tooSoon() async throws {
        let world = try await TestAuthorizationServer()
        let administration = world.server.keyAdministration
        try await administration.rotate()
        world.wait(KeyRing.publishedBeforeUse - .seconds(1))
        let error = await #expect(throws: AdministrationError.self) {
            try await administration.rotate()
        }
        #expect(error?.sentence.contains("have not taken over yet") == true)
        world.wait(.seconds(1))
        try await administration.rotate()
    }

    @Test("keys that nothing living was made with are dropped by the next rotation")
    func outdated() async throws {
        let world = try await TestAuthorizationServer()
        for _ in 0..<10 {
            try await world.server.keyAdministration.rotate()
            world.wait(.days(6))
        }
        #expect(try await world.keys.signing.count <= 4)
        let refreshKeys = try await world.keys.derived.filter { $0.purpose == .refreshToken }
        #expect(refreshKeys.count == 2)
    }

    @Test("dropping compromised keys ends every session and refuses every old token")
    func compromised() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let own = try await world.client(grants: [.clientCredentials])
        try await world.account()
        let answer = try await world.signIn(client)
        let clientToken = try await world.server.token(
            world.request([("grant_type", "client_credentials")], as: own)
        ).accessToken
        let token = try #require(answer.refresh).token
        let before = try await keyIDs(world)

        try await world.server.keyAdministration.rotateCompromised()

        #expect(try await keyIDs(world).isDisjoint(with: before))
        await #expect(throws: RefreshVerdict.invalid) {
            try await world.refresh(token, as: client)
        }
        #expect(try await !world.isActive(answer.accessToken, as: client))
        #expect(try await !world.isActive(clientToken, as: own))
        let session = try await world.server.sessions(ofAccount: "ada", client: nil).first
        #expect(session?.ended?.reason == .keyCompromised)
        #expect(try await world.events.last == .keysRotated(.compromised))
        let fresh = try await world.signIn(client)
        _ = try await world.refresh(try #require(fresh.refresh).token, as: client)
    }

    @Test("dropping compromised keys holds though a client is changed at the same moment")
    func compromisedMeanwhile() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let other = world.otherProcess
        world.storage.beforeNext(.save) { _ = try? await other.rotateClientSecret(client.id) }
        try await world.server.keyAdministration.rotateCompromised()
        let session = try await world.server.sessions(ofAccount: "ada", client: nil).first
        #expect(session?.ended?.reason == .keyCompromised)
        await #expect(throws: (any Error).self) { try await world.refresh(token, as: client) }
    }

    @Test("client secrets outlive compromised signing keys")
    func clientSecrets() async throws {
        let world = try await TestAuthorizationServer()
        let own = try await world.client(grants: [.clientCredentials])
        try await world.server.keyAdministration.rotateCompromised()
        _ = try await world.server.token(
            world.request([("grant_type", "client_credentials")], as: own)
        )
    }

    @Test("the id of a dropped refresh key is not used again soon")
    func freshIDs() async throws {
        let world = try await TestAuthorizationServer()
        var seen: Set<UInt8> = []
        for _ in 0..<20 {
            let ids = try await world.keys.derived.filter { $0.purpose == .refreshToken }.map(\.id)
            #expect(seen.isDisjoint(with: ids))
            seen.formUnion(ids)
            try await world.server.keyAdministration.rotateCompromised()
        }
    }

    @Test("the list tells what signs, what waits and what is retired")
    func list() async throws {
        let world = try await TestAuthorizationServer()
        world.wait(KeyAdministration.refreshKeyUse)
        try await world.server.keyAdministration.rotate()
        let keys = try await world.server.keyAdministration.list()
        let signing = keys.filter { key in
            if case .signing = key.use { true } else { false }
        }
        #expect(signing.map(\.phase) == [.retired, .active, .next])
        #expect(signing.allSatisfy { $0.isPublished })
        let refresh = keys.filter { key in
            if case .refreshTokens = key.use { true } else { false }
        }
        #expect(refresh.map(\.phase) == [.active, .next])
    }

    // MARK: - Master keys

    private static func master(_ byte: UInt8) throws -> MasterKey {
        try #require(MasterKey(Secret([UInt8](repeating: byte, count: MasterKey.length))))
    }

    private func restarted(_ world: TestAuthorizationServer, _ masters: MasterKeys)
        -> AuthorizationServer
    {
        AuthorizationServer(
            settings: world.server.settings,
            storage: world.storage,
            masters: masters,
            surroundings: world.server.surroundings
        )
    }

    @Test("under a new master key, with the previous one at hand, everything goes on")
    func newMaster() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let token = try #require(answer.refresh).token
        let old = world.server.directory.masters.current
        let new = try Self.master(0x22)
        let server = restarted(world, MasterKeys(current: new, previous: [old]))
        try await server.keyAdministration.prepare([.es256])

        let ring = try await server.directory.consultCurrent { $0.keys }
        #expect(ring.signing.allSatisfy { $0.record.masterID == new.id })
        #expect(ring.derived.filter { $0.masterID == new.id }.count == 3)
        let next = try await world.refresh(token, as: client, at: server)
        let signedBy = try JSONWebSignature.parse(next.accessToken).header.keyID
        #expect(try JSONWebSignature.parse(answer.accessToken).header.keyID == signedBy)

        world.wait(KeyAdministration.acceptedBeforeUse)
        let later = try await server.directory.consultCurrent { $0.keys }
        let current = try #require(later.refreshKey(at: world.now))
        #expect(later.derived.first { $0.id == current.value }?.masterID == new.id)
        let before = try await world.storage.revision()
        try await server.keyAdministration.prepare([.es256])
        #expect(try await world.storage.revision() == before)
    }

    @Test(
        "a master key that does not match the store is an error that says so",
        arguments: [true, false]
    )
    func wrongMaster(afterSession: Bool) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        if afterSession {
            try await world.account()
            _ = try await world.newSession(client)
        }
        let server = restarted(world, MasterKeys(current: try Self.master(0x22)))
        await #expect(throws: KeyRing.Unusable.unknownMasterKey) {
            try await server.keyAdministration.prepare([.es256])
        }
        await #expect(throws: KeyRing.Unusable.unknownMasterKey) {
            try await world.refresh("mrt_x", as: client, at: server)
        }
    }

    @Test("a master key has 32 bytes, and its id tells nothing of it but which it is")
    func masterKey() throws {
        for count in [0, 16, 31, 33] {
            #expect(MasterKey(Secret([UInt8](repeating: 1, count: count))) == nil)
        }
        let (one, same, other) = (try Self.master(1), try Self.master(1), try Self.master(2))
        #expect(one.id == same.id)
        #expect(one.id != other.id)
    }
}
