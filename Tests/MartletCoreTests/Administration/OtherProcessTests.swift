import MartletProtocol
import Testing

@testable import MartletCore

@Suite("A change by another process counts at the next request")
struct OtherProcessTests {
    @Test("a disabled account is refused")
    func disabledAccount() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        try await world.otherProcess.disableAccount("ada")
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(token, as: client)
        }
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client) }
    }

    @Test("a deleted client is unknown")
    func deletedClient() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        try await world.otherProcess.deleteClient(client.id)
        for _ in 0..<2 {
            await #expect(throws: AuthorizationServer.authenticationFailed) {
                try await world.refresh(token, as: client)
            }
        }
    }

    @Test("a replaced client secret is refused and the new one works")
    func rotatedSecret() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let made = try await world.otherProcess.rotateClientSecret(client.id)
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.refresh(token, as: client)
        }
        _ = try await world.refresh(token, as: client.with(secret: made.secret?.text))
    }

    @Test("a new secret works at once, though the old one is at hand here")
    func newSecretFirst() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let made = try await world.otherProcess.rotateClientSecret(client.id)
        _ = try await world.refresh(token, as: client.with(secret: made.secret?.text))
    }

    @Test("a client's new policy holds")
    func policy() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        _ = try await world.otherProcess.updateClient(
            client.id,
            metadata: client.metadata("refresh_token_policy", ["overlap": 10])
        )
        let second = try await world.successor(of: token, as: client)
        #expect(try await world.successor(of: token, as: client) == second)
        _ = try await world.otherProcess.updateClient(
            client.id,
            metadata: client.metadata("refresh_token_policy", ["overlap": 0])
        )
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(token, as: client)
        }
    }

    @Test("a grant that a client may use from now on is not refused any more")
    func grantTypes() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.refreshToken])
        try await world.account()
        for grant in [GrantType.password, .clientCredentials] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.server.token(
                    world.request([("grant_type", grant.rawValue)], as: client)
                )
            }
            #expect(error?.code == .unauthorizedClient)
        }
        _ = try await world.otherProcess.updateClient(
            client.id,
            metadata: client.metadata(
                "grant_types",
                ["password", "client_credentials", "refresh_token"]
            )
        )
        _ = try await world.signIn(client)
        _ = try await world.server.token(
            world.request([("grant_type", "client_credentials")], as: client)
        )
    }

    @Test("a client that was just made is known, though it was asked for in vain before")
    func newClient() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let unknown = TestClient(id: ClientID(rawValue: "nobody"), secret: nil, metadata: .init())
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.signIn(unknown)
        }
        let made = try await world.otherProcess.createClient(metadata: [
            "grant_types": ["password"], "token_endpoint_auth_method": "none",
        ])
        let client = TestClient(id: made.client.id, secret: nil, metadata: .init())
        #expect(try await world.signIn(client).refresh == nil)
    }

    @Test("an API that was just made can be asked for, one that was deleted cannot")
    func resources() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        _ = try await world.newSession(client)
        let api = "https://api.example.com"
        let other = world.otherProcess
        _ = try await other.createResource(api, .init(scope: try Scope(valid: "read")))
        _ = try await other.updateClient(
            client.id,
            metadata: client.metadata("allowed_resources", [.string(api)])
        )
        let answer = try await world.signIn(client, resource: api)
        #expect(try await world.claims(answer.accessToken).audience == [api])
        try await other.deleteResource(ResourceID(rawValue: api))
        let token = try #require(answer.refresh).token
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client, resource: api)
        }
        #expect(error?.code == .invalidTarget)
    }

    @Test("dropped keys sign nothing and open nothing")
    func compromisedKeys() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let token = try #require(answer.refresh).token
        let before = try JSONWebSignature.parse(answer.accessToken).header.keyID
        try await world.otherProcess.keyAdministration.rotateCompromised()
        await #expect(throws: RefreshVerdict.invalid) {
            try await world.refresh(token, as: client)
        }
        let after = try await world.signIn(client)
        #expect(try JSONWebSignature.parse(after.accessToken).header.keyID != before)
    }

    @Test("a scheduled key takes over at its time, on a server that was told nothing")
    func scheduledKeys() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let token = try #require(answer.refresh).token
        let before = try JSONWebSignature.parse(answer.accessToken).header.keyID
        world.wait(.hours(1))
        try await world.otherProcess.keyAdministration.rotate()
        let after = try await world.refresh(token, as: client)
        #expect(try JSONWebSignature.parse(after.accessToken).header.keyID != before)
    }

    @Test("a server that rested while a refresh key was added accepts that key's tokens")
    func restingServer() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        _ = try await world.signIn(client)
        world.wait(KeyAdministration.refreshKeyUse)
        _ = try await world.signIn(client)
        let other = world.otherProcess
        try await other.keyAdministration.rotate()
        world.wait(KeyAdministration.acceptedBeforeUse)
        let answer = try await other.token(
            world.request(
                [
                    ("grant_type", "password"), ("username", "ada"),
                    ("password", TestAuthorizationServer.password),
                ],
                as: client
            )
        )
        try await world.server.directory.catchUp()
        _ = try await world.refresh(try #require(answer.refresh).token, as: client)
    }

    @Test("a session that another process made is known here")
    func sessionFromElsewhere() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let second = try #require(
            try await world.refresh(token, as: client, at: world.otherProcess).refresh
        ).token
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(token, as: client)
        }
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(second, as: client, at: world.otherProcess)
        }
    }
}
