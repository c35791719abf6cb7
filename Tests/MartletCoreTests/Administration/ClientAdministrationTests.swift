import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Commands about clients")
struct ClientAdministrationTests {
    static let api = "https://api.example.com"

    @Test("a registration answers with what was registered, and the secret this once")
    func create() async throws {
        let world = try await TestAuthorizationServer()
        let made = try await world.server.createClient(metadata: [
            "grant_types": ["refresh_token"], "client_name": "Photos",
        ])
        let json = made.json
        #expect(json["client_id"] == .string(made.client.id.rawValue))
        #expect(json["client_secret"]?.string?.isEmpty == false)
        #expect(json["client_secret_expires_at"] == 0)
        #expect(json["client_name"] == "Photos")
        #expect(json["token_endpoint_auth_method"] == "client_secret_basic")
        let stored = try await world.server.client(made.client.id).value
        #expect(stored == made.client)
        #expect(stored.registration()["client_secret"] == nil)
        #expect(try await world.events.last == .clientCreated(made.client.id))
    }

    @Test(
        "a public client has no secret, and none can be made for it",
        .covers("RFC 6749 §2.1 client-types")
    )
    func publicClient() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(method: .none)
        #expect(client.secret == nil)
        let refused = AdministrationError("The client “\(client.id)” is public and has no secret.")
        await #expect(throws: refused) { try await world.server.rotateClientSecret(client.id) }
    }

    @Test("an API that does not exist cannot be allowed")
    func unknownResource() async throws {
        let world = try await TestAuthorizationServer()
        let error = await #expect(throws: OAuthError.self) {
            try await world.client(resources: [Self.api])
        }
        #expect(error?.code == .invalidClientMetadata)
        let client = try await world.client()
        await #expect(throws: OAuthError.self) {
            try await world.server.updateClient(
                client.id,
                metadata: client.metadata("allowed_resources", [.string(Self.api)])
            )
        }
        _ = try await world.resource(Self.api)
        _ = try await world.client(resources: [Self.api])
    }

    @Test("an update replaces all metadata and keeps the secret and the sessions")
    func update() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let token = try await world.newSession(client)
        let updated = try await world.server.updateClient(
            client.id,
            metadata: ["grant_types": ["refresh_token"], "scope": "read write"]
        )
        #expect(updated.secret == nil)
        #expect(updated.client.metadata.policy == PolicyOverrides())
        _ = try await world.refresh(token, as: client)
        #expect(try await world.events.filter { $0 == .clientUpdated(client.id) }.count == 1)
    }

    @Test("a public client that becomes confidential gets a secret, and needs it from then on")
    func becomesConfidential() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(method: .none)
        try await world.account()
        let token = try await world.newSession(client)
        let made = try await world.server.updateClient(
            client.id,
            metadata: client.metadata("token_endpoint_auth_method", "client_secret_basic")
        )
        let secret = try #require(made.secret?.text)
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.refresh(token, as: client)
        }
        _ = try await world.refresh(token, as: client.with(secret: secret))
    }

    /// Every command that changes a client.
    enum Command: CaseIterable {
        case update, rotateSecret, delete

        func run(on server: AuthorizationServer, _ id: ClientID) async throws {
            switch self {
            case .update:
                _ = try await server.updateClient(
                    id,
                    metadata: ["grant_types": ["refresh_token"]]
                )
            case .rotateSecret: _ = try await server.rotateClientSecret(id)
            case .delete: try await server.deleteClient(id)
            }
        }
    }

    @Test("a client that does not exist is named in the refusal", arguments: Command.allCases)
    func unknown(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        let id = ClientID(rawValue: "nobody")
        await #expect(throws: AdministrationError("There is no client “nobody”.")) {
            try await command.run(on: world.server, id)
        }
        await #expect(throws: AdministrationError("There is no client “nobody”.")) {
            try await world.server.endSessions(ofClient: id)
        }
    }

    @Test("what the configuration file owns is changed there", arguments: Command.allCases)
    func owned(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        let id = ClientID(rawValue: "app")
        _ = try await world.server.apply(
            FileOwnedClient(
                id: id,
                metadata: ClientMetadata(json: ["grant_types": ["refresh_token"]]),
                secret: Secret("secret")
            )
        )
        let before = try await world.storage.revision()
        await #expect(throws: AdministrationError.ownedByFile("client", "app")) {
            try await command.run(on: world.server, id)
        }
        #expect(try await world.storage.revision() == before)
        try await world.server.endSessions(ofClient: id)
    }

    @Test(
        "a command that meets another one's change says so and changes nothing",
        arguments: Command.allCases
    )
    func changedMeanwhile(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let other = world.otherProcess
        world.storage.beforeNext(.save) { try? await other.endSessions(ofClient: client.id) }
        let before = try await world.server.client(client.id).value
        await #expect(throws: AdministrationError.changedMeanwhile) {
            try await command.run(on: world.server, client.id)
        }
        #expect(try await world.server.client(client.id).value == before)
    }

    @Test(
        "a client is read from the store as it was written",
        arguments: [
            ClientAuthenticationMethod.clientSecretBasic, .clientSecretPost, .none,
        ]
    )
    func roundTrip(method: ClientAuthenticationMethod) async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.api)
        let client = try await world.client(
            method: method,
            policy: ["overlap": 5, "max_sessions": 7],
            accessTokenLifetime: 60,
            resources: [Self.api]
        )
        let stored = try await world.server.client(client.id).value
        let read = try Stored<Client>(StoredRecord(stored, epoch: nil)).value
        #expect(read == stored)
        #expect(try await world.server.clients() == [stored])
    }
}
