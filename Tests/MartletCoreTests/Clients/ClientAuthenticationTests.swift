import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Who a client says it is, and whether it is believed")
struct ClientAuthenticationTests {
    /// How a request presents a client.
    enum Presentation: CaseIterable {
        case basic, post, idAlone, nothing
        case wrongBasic, wrongPost, emptyBasic, emptyPost
        case basicAndSameID, basicAndOtherID, basicAndPost
        case unknownBasic, unknownPost, unknownID
        case bearer, garbledBasic, repeatedSecret, repeatedID
    }

    /// What comes of it.
    enum Outcome: Equatable {
        case authenticated, identified
        case refused(OAuthError.Code)
    }

    private func request(
        _ presentation: Presentation,
        of client: TestClient,
        in world: TestAuthorizationServer
    ) throws -> TokenRequest {
        let id = client.id.rawValue
        let secret = client.secret ?? "guess"
        let basic = TestAuthorizationServer.basic
        return switch presentation {
        case .basic: try world.request([:], authorization: basic(id, secret))
        case .post: try world.request(["client_id": id, "client_secret": secret])
        case .idAlone: try world.request(["client_id": id])
        case .nothing: try world.request([:])
        case .wrongBasic: try world.request([:], authorization: basic(id, secret + "x"))
        case .wrongPost: try world.request(["client_id": id, "client_secret": secret + "x"])
        case .emptyBasic: try world.request([:], authorization: basic(id, ""))
        case .emptyPost: try world.request(["client_id": id, "client_secret": ""])
        case .basicAndSameID:
            try world.request(["client_id": id], authorization: basic(id, secret))
        case .basicAndOtherID:
            try world.request(["client_id": "other"], authorization: basic(id, secret))
        case .basicAndPost:
            try world.request(
                ["client_id": id, "client_secret": secret],
                authorization: basic(id, secret)
            )
        case .unknownBasic: try world.request([:], authorization: basic("unknown", secret))
        case .unknownPost: try world.request(["client_id": "unknown", "client_secret": secret])
        case .unknownID: try world.request(["client_id": "unknown"])
        case .bearer: try world.request(["client_id": id], authorization: "Bearer \(secret)")
        case .garbledBasic: try world.request([:], authorization: "Basic %%%")
        case .repeatedSecret:
            try world.request([
                "client_id": id, "client_secret": secret, "client_secret": secret,
            ])
        case .repeatedID: try world.request(["client_id": id, "client_id": id])
        }
    }

    private func confidential(_ presentation: Presentation) -> Outcome {
        switch presentation {
        case .basic, .post, .basicAndSameID: .authenticated
        case .basicAndOtherID, .basicAndPost, .repeatedSecret, .repeatedID:
            .refused(.invalidRequest)
        case .idAlone, .nothing, .wrongBasic, .wrongPost, .emptyBasic, .emptyPost, .unknownBasic,
            .unknownPost, .unknownID, .bearer, .garbledBasic:
            .refused(.invalidClient)
        }
    }

    private func open(_ presentation: Presentation) -> Outcome {
        switch presentation {
        case .idAlone, .emptyPost: .identified
        case .basicAndOtherID, .basicAndPost, .repeatedSecret, .repeatedID:
            .refused(.invalidRequest)
        case .basic, .post, .nothing, .wrongBasic, .wrongPost, .emptyBasic, .basicAndSameID,
            .unknownBasic, .unknownPost, .unknownID, .bearer, .garbledBasic:
            .refused(.invalidClient)
        }
    }

    private func outcome(
        of presentation: Presentation,
        by client: TestClient,
        in world: TestAuthorizationServer
    ) async throws -> Outcome {
        do {
            let request = try request(presentation, of: client, in: world)
            let presented = try request.presentedClient()
            let (believed, proof) = try await world.server.directory.consult {
                try await world.server.authenticate(presented, from: request.origin, in: $0)
            }
            #expect(believed.id == client.id)
            return proof == .clientAuthenticated ? .authenticated : .identified
        } catch let error as OAuthError {
            return .refused(error.code)
        }
    }

    @Test(
        "a confidential client is believed by its one right secret",
        .covers("RFC 6749 §3.2.1 authenticates", "RFC 6749 §2.1 client-types"),
        arguments: Presentation.allCases
    )
    func confidentialClient(presentation: Presentation) async throws {
        let world = try await TestAuthorizationServer()
        for method in [ClientAuthenticationMethod.clientSecretBasic, .clientSecretPost] {
            let client = try await world.client(method: method)
            let outcome = try await outcome(of: presentation, by: client, in: world)
            #expect(outcome == confidential(presentation))
        }
    }

    @Test(
        "a public client is known by its id, and refused with any secret",
        .covers("RFC 6749 §2.1 client-types"),
        arguments: Presentation.allCases
    )
    func publicClient(presentation: Presentation) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(method: .none)
        #expect(try await outcome(of: presentation, by: client, in: world) == open(presentation))
    }

    @Test("a secret that Martlet made costs no slow hash")
    func madeSecret() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        guard case .keyed = try await world.server.client(client.id).value.secret else {
            Issue.record("the secret is not stored under a keyed hash")
            return
        }
        #expect(client.secret?.hasPrefix("mcs_") == true)
    }

    /// A verifier of its own, and the hash of a secret that a person chose.
    private struct Chosen {
        let verifier = ClientSecretVerifier(
            attempts: 2,
            loopback: .everybody,
            memoryKey: [UInt8](repeating: 5, count: 32)
        )
        let keys: KeyRing
        let hash: ClientSecretHash

        init(_ world: TestAuthorizationServer, secret: String = "secret") async throws {
            keys = try await world.keys
            let salt = [UInt8](repeating: 1, count: PasswordHasher.saltLength)
            hash = .slow(try await PasswordHasher().hash(Secret(secret), salt: salt))
        }

        func verifies(
            _ secret: String,
            against other: ClientSecretHash? = nil,
            from address: String = TestAuthorizationServer.home
        ) async throws -> Bool {
            try await verifier.verify(
                Secret(secret),
                of: ClientID(rawValue: "app"),
                against: other ?? hash,
                keys: keys,
                at: address,
                Instant(seconds: 1_800_000_000)
            )
        }
    }

    @Test("a chosen secret is hashed slowly once, then known from memory, until it is replaced")
    func chosenSecret() async throws {
        let world = try await TestAuthorizationServer()
        let chosen = try await Chosen(world)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try await chosen.verifies("secret"))
        let slow = clock.now - start
        for _ in 0..<10 { #expect(try await chosen.verifies("secret")) }
        let fast = clock.now - start - slow
        #expect(fast < slow)
        #expect(try await !chosen.verifies("guess"))
        let next = try await Chosen(world, secret: "other")
        #expect(try await !chosen.verifies("secret", against: next.hash))
    }

    @Test(
        "guesses at a chosen secret are limited, and hold up nobody who knows it already",
        .covers("RFC 6749 §2.3.1 guessing")
    )
    func guesses() async throws {
        let world = try await TestAuthorizationServer()
        let chosen = try await Chosen(world)
        for guess in 0..<2 { #expect(try await !chosen.verifies("guess \(guess)")) }
        await #expect(throws: ClientSecretVerifier.tooManyAttempts) {
            try await chosen.verifies("secret")
        }
        #expect(try await chosen.verifies("secret", from: "198.51.100.7"))
        #expect(try await chosen.verifies("secret"))
        await #expect(throws: ClientSecretVerifier.tooManyAttempts) {
            try await chosen.verifies("guess")
        }
    }

    @Test("a right secret that Martlet made does not make up for wrong guesses at chosen ones")
    func madeSecretsDoNotCount() async throws {
        let world = try await TestAuthorizationServer()
        let chosen = try await Chosen(world)
        let (made, hash) = try await world.server.newSecret()
        for guess in 0..<2 {
            #expect(try await !chosen.verifies("guess \(guess)"))
            for _ in 0..<3 { #expect(try await chosen.verifies(made.text, against: hash)) }
        }
        await #expect(throws: ClientSecretVerifier.tooManyAttempts) {
            try await chosen.verifies("guess")
        }
    }
}
