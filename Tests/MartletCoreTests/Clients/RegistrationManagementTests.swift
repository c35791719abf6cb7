import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Clients that registered themselves manage their registration, and no other")
struct RegistrationManagementTests {
    @Test("a client reads what it registered, and is not told its secret again")
    func read() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register(["client_name": "Photos"])
        let known = try await world.information(made)
        #expect(known["client_name"] == "Photos")
        #expect(known["client_secret"] == nil)
        #expect(known["registration_access_token"]?.string == made.token)
        #expect(known["registration_client_uri"]?.string == made.uri)
    }

    @Test(
        "a change replaces everything, and the registration access token stays good",
        .covers("RFC 7592 §2.2 replace")
    )
    func update() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register(["client_name": "Photos", "scope": "openid"])
        let changed = try await world.change(
            made,
            [
                "client_name": "Pictures", "redirect_uris": ["https://app.example.com/other"],
            ]
        )
        #expect(changed["client_name"] == "Pictures")
        #expect(changed["client_secret"] == nil)
        let client = try await world.server.client(made.id).value
        #expect(client.metadata.redirectURIs.map(\.text) == ["https://app.example.com/other"])
        #expect(client.metadata.scope.tokens == ScopeName.all)
        #expect(try await world.information(made)["client_name"] == "Pictures")
        #expect(
            try await world.events.last
                == .clientUpdatedItself(made.id, origin: world.origin())
        )
    }

    @Test("a change that changes nothing writes nothing")
    func unchanged() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register(["client_name": "Photos"])
        let revision = try await world.storage.revision()
        for _ in 0..<30 { _ = try await world.change(made, ["client_name": "Photos"]) }
        #expect(try await world.storage.revision() == revision)
    }

    @Test("a client changes itself twenty times an hour")
    func rate() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        for number in 0..<20 {
            _ = try await world.change(made, ["client_name": .string("Photos \(number)")])
        }
        await #expect(throws: RegistrationLimited.self) {
            try await world.change(made, ["client_name": "Pictures"])
        }
        world.wait(.hours(1))
        _ = try await world.change(made, ["client_name": "Pictures"])
    }

    @Test("a client that becomes public loses its secret, and its sessions end")
    func becomesPublic() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        let epoch = try await world.server.client(made.id).epoch
        _ = try await world.change(made, ["token_endpoint_auth_method": "none"])
        let stored = try await world.server.client(made.id)
        #expect(stored.value.secret == nil)
        #expect(stored.epoch != epoch)
        let again = try await world.change(made, [:])
        #expect(again["client_secret"]?.string?.hasPrefix("mcs_") == true)
    }

    @Test(
        "a change never brings what only an operator decides",
        .covers("RFC 7592 §2.2 errors")
    )
    func noElevation() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        for members in [
            ["skip_consent": true], ["allowed_resources": ["https://api.example.com"]],
            ["require_pkce": false], ["access_token_lifetime": 86_400],
            ["refresh_token_policy": ["rotation": "static"]], ["grant_types": ["password"]],
        ] as [JSONValue] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.change(made, members)
            }
            #expect(error?.code == .invalidClientMetadata)
        }
        let client = try await world.server.client(made.id).value
        #expect(client.isSelfRegistered)
        #expect(!client.metadata.skipConsent)
    }

    @Test(
        "a change names the client that it is of, and does not choose its secret",
        .covers("RFC 7592 §2.2 same-client-id")
    )
    func identity() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        let other = try await world.register([:])
        let secret = try #require(made.json["client_secret"]?.string)
        _ = try await world.change(made, ["client_secret": .string(secret), "client_name": "A"])
        for members in [
            ["client_id": .null], ["client_id": .string(other.id.rawValue)], ["client_id": 1],
            ["client_secret": "chosen"], ["client_secret": 1],
            ["client_secret": other.json["client_secret"] ?? .null],
        ] as [JSONValue] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.change(made, members)
            }
            #expect(error?.code == .invalidClientMetadata)
        }
    }

    @Test(
        "a client deletes itself; its token is worth nothing afterwards",
        .covers("RFC 7592 §2 unknown-is-401", "RFC 7592 §2.3 delete")
    )
    func delete() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        try await world.server.deleteRegistration(made.id, world.request(as: made.token))
        #expect(try await world.server.clients().isEmpty)
        await #expect(throws: BearerError.self) { try await world.information(made) }
        await #expect(throws: BearerError.self) {
            try await world.server.deleteRegistration(made.id, world.request(as: made.token))
        }
        #expect(
            try await world.events.suffix(2) == [
                .clientDeletedItself(made.id, origin: world.origin()),
                .clientSessionsEnded(made.id, reason: .clientDeleted),
            ]
        )
    }

    @Test(
        "no other token reads, changes or deletes a client: another client's, an initial one, none",
        .covers("RFC 7592 §2 own-token")
    )
    func foreign() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        let other = try await world.register([:])
        let initial = try await world.registrationToken()
        let secret = try #require(made.json["client_secret"]?.string)
        for token in [other.token, initial, secret, made.token + "A", "mra_"] {
            let request = world.request(as: token)
            let change = world.request(
                ["client_id": .string(made.id.rawValue), "client_name": "Mine"],
                as: token
            )
            for attempt in [
                { _ = try await world.server.clientInformation(made.id, request) },
                { _ = try await world.server.updateRegistration(made.id, change) },
                { try await world.server.deleteRegistration(made.id, request) },
            ] as [() async throws -> Void] {
                let error = await #expect(throws: BearerError.self) { try await attempt() }
                #expect(error?.code == .invalidToken)
            }
        }
        let missing = await #expect(throws: BearerError.self) {
            try await world.server.deleteRegistration(made.id, world.request(as: nil))
        }
        #expect(missing?.code == .tokenMissing)
        #expect(try await world.server.client(made.id).value.metadata.name == nil)
    }

    @Test("clients of the operator's and of the file's cannot be managed over the network")
    func others() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let own = try await world.client()
        let made = try await world.register([:])
        let taken = try FileOwnedClient(
            id: made.id,
            metadata: try ClientMetadata(json: ["grant_types": ["password"]]),
            secret: Secret("chosen")
        )
        _ = try await world.server.apply(taken)
        for id in [own.id, made.id] {
            for token in [made.token, own.secret ?? ""] {
                await #expect(throws: BearerError.self) {
                    try await world.server.clientInformation(id, world.request(as: token))
                }
            }
        }
    }

    @Test("a change at the same moment as another is made on top of it")
    func race() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        world.storage.beforeNext(.save) { await world.server.noteUse(of: made.id) }
        _ = try await world.change(made, ["client_name": "Photos"])
        let client = try await world.server.client(made.id).value
        #expect(client.registration?.isUsed == true)
        #expect(client.metadata.name == "Photos")
    }

    @Test("the operator deletes a client that registered itself, and changes none")
    func operatorsCommands() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register([:])
        await #expect(throws: AdministrationError.self) {
            try await world.server.updateClient(made.id, metadata: ["skip_consent": true])
        }
        await #expect(throws: AdministrationError.self) {
            try await world.server.rotateClientSecret(made.id)
        }
        try await world.server.deleteClient(made.id)
        #expect(try await world.server.clients().isEmpty)
    }
}
