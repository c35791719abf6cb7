import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What an account is called at a client")
struct SubjectIdentifierTests {
    private func pairwise(
        _ redirectURI: String,
        in world: TestAuthorizationServer
    ) async throws -> TestClient {
        try await world.client(
            grants: [.password, .refreshToken, .authorizationCode],
            scope: "openid read",
            redirectURIs: [redirectURI],
            members: ["subject_type": "pairwise"]
        )
    }

    /// What the client's access tokens call the person who signs in.
    private func subject(
        at client: TestClient,
        in world: TestAuthorizationServer,
        _ username: String = "ada"
    ) async throws -> String {
        try await world.claims(try await world.signIn(client, username).accessToken).subject
    }

    @Test(
        "a public subject is the account's id, the same at every client",
        .covers("OIDC Core §8 subject-types", "OIDC Core §2 subject")
    )
    func publicSubject() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        for _ in 0..<2 {
            let client = try await world.client()
            #expect(try await subject(at: client, in: world) == "account-of-ada")
        }
    }

    @Test(
        "a pairwise subject is another one at each site, and the same at each client of a site",
        .covers(
            "OIDC Core §8 subject-types",
            "OIDC Core §8.1 pairwise",
            "OIDC Core §17.3 correlation"
        )
    )
    func pairwiseSubject() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        try await world.account("bob")
        let one = try await pairwise("https://one.example.com/back", in: world)
        let same = try await pairwise("https://one.example.com/elsewhere", in: world)
        let other = try await pairwise("https://other.example.com/back", in: world)
        let ada = try await subject(at: one, in: world)
        #expect(ada.utf8.count == 43)
        #expect(try await subject(at: same, in: world) == ada)
        #expect(try await subject(at: other, in: world) != ada)
        #expect(try await subject(at: one, in: world, "bob") != ada)
    }

    @Test("who registered itself and gets tokens for devices learns no other site's subjects")
    func unprovenSite() async throws {
        let world = try await TestAuthorizationServer()
        let honest = try await pairwise("https://one.example.com/back", in: world)
        let other = try await world.client(
            grants: [.authorizationCode, .deviceCode],
            scope: "openid",
            redirectURIs: ["https://one.example.com/whatever"],
            members: ["subject_type": "pairwise"]
        )
        let keys = try await world.keys
        let ada = AccountID(rawValue: "ada")
        var client = try await world.server.client(other.id).value
        let site = try keys.subject(of: ada, for: try await world.server.client(honest.id).value)
        #expect(try keys.subject(of: ada, for: client) == site)
        client.managedBy = .registration
        #expect(try keys.subject(of: ada, for: client) != site)
        client.metadata.grantTypes = [.authorizationCode]
        #expect(try keys.subject(of: ada, for: client) == site)
    }

    @Test("no two pairs of site and account give the same subject by being cut elsewhere")
    func separation() async throws {
        let world = try await TestAuthorizationServer()
        let key = try #require(try await world.keys.subjectKey)
        func subject(_ sector: String, _ account: String) -> String {
            SubjectIdentifier.pairwise(AccountID(rawValue: account), sector: sector, key: key)
        }
        #expect(subject("a.example", "b c") != subject("a.example b", "c"))
        #expect(subject("a", "1") != subject("a1", ""))
    }

    @Test(
        "everything that a client sees says the same subject",
        .covers(
            "OIDC Core §5.3.2 subject",
            "OIDC Core §17.3 correlation",
            "OIDC Core §5.7 stable-subject"
        )
    )
    func everywhere() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let client = try await pairwise("https://one.example.com/back", in: world)
        let answer = try await world.signIn(client)
        let token = try #require(answer.refresh).token
        let subject = try await world.claims(answer.accessToken).subject
        let family = try await world.family(of: token).authorized
        let registered = try #require(
            try await world.storage.find(Client.self, id: client.id.rawValue).0
        ).value
        let idToken = try world.server.idTokens.mint(
            for: family,
            client: registered,
            account: nil,
            nonce: nil,
            accessToken: answer.accessToken,
            keys: try await world.keys,
            at: world.now
        )
        let keys = try await world.keys
        #expect(world.server.issuedIDToken(idToken, keys: keys)?.subject == subject)
        #expect(
            try await world.introspect(answer.accessToken, as: client)["sub"]?.string == subject
        )
        #expect(try await world.introspect(token, as: client)["sub"]?.string == subject)
        let refreshed = try await world.refresh(token, as: client)
        #expect(try await world.claims(refreshed.accessToken).subject == subject)
        let info = try await world.userInfo(refreshed.accessToken)
        #expect(info["sub"]?.string == subject)
    }

    @Test(
        "a pairwise subject stays through key rotations, compromised keys and new master keys",
        .covers("OIDC Core §8.1 pairwise", "OIDC Core §5.7 stable-subject")
    )
    func stability() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let client = try await pairwise("https://one.example.com/back", in: world)
        let before = try await subject(at: client, in: world)
        let registered = try #require(
            try await world.storage.find(Client.self, id: client.id.rawValue).0
        ).value
        let account = AccountID(rawValue: "account-of-ada")

        world.wait(.hours(1))
        try await world.server.keyAdministration.rotate()
        world.wait(.hours(1))
        try await world.server.keyAdministration.rotateCompromised()
        #expect(try await world.keys.subject(of: account, for: registered) == before)

        let old = world.server.directory.masters.current
        let master = try #require(
            MasterKey(Secret([UInt8](repeating: 0x22, count: MasterKey.length)))
        )
        let both = KeyAdministration(
            storage: world.storage,
            masters: MasterKeys(current: master, previous: [old]),
            surroundings: world.server.surroundings
        )
        try await both.prepare([.es256])
        // The old master key has nothing left to open but what was derived from it.
        let records = try await world.storage.all(KeyRecord.self).0.map(\.value).filter { record in
            switch record {
            case .signing, .subject: true
            case .derived: false
            }
        }
        let ring = try KeyRing(records, masters: MasterKeys(current: master))
        #expect(try ring.subject(of: account, for: registered) == before)
    }

    @Test("a subject key that was altered, or is sealed under an unknown master key, is refused")
    func sealed() async throws {
        let world = try await TestAuthorizationServer()
        let masters = world.server.directory.masters
        let record = try #require(
            try await world.storage.all(KeyRecord.self).0.map(\.value).compactMap { record in
                if case .subject(let key) = record { key } else { nil }
            }.first
        )
        var altered = record.sealed
        altered[20] ^= 1
        #expect(throws: KeyRing.Unusable.damaged("subject key")) {
            try KeyRing(
                [.subject(.init(masterID: record.masterID, sealed: altered))],
                masters: masters
            )
        }
        #expect(throws: KeyRing.Unusable.unknownMasterKey) {
            try KeyRing(
                [.subject(.init(masterID: "elsewhere", sealed: record.sealed))],
                masters: masters
            )
        }
    }
}
