import MartletProtocol
import Testing

@testable import MartletCore

@Suite("A client asks in its own name")
struct ClientCredentialsGrantTests {
    private func ask(
        _ world: TestAuthorizationServer,
        _ client: TestClient,
        scope: String? = nil,
        resource: String? = nil
    ) async throws -> TokenResponse {
        try await world.server.token(
            world.request(
                [("grant_type", "client_credentials"), ("scope", scope), ("resource", resource)],
                as: client
            )
        )
    }

    @Test(
        "it gets an access token of its own: no session, no refresh token, no person",
        .covers("RFC 6749 §4.4.3 no-refresh-token", "RFC 9068 §2.2 subject")
    )
    func answer() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.clientCredentials, .refreshToken])
        let answer = try await ask(world, client)
        #expect(answer.refresh == nil)
        #expect(answer.expiresIn == 600)
        #expect(answer.scope.description == "read write")
        let claims = try await world.claims(answer.accessToken)
        #expect(claims.subject == client.id.rawValue)
        #expect(claims.clientID == client.id.rawValue)
        #expect(claims.audience == [TestAuthorizationServer.issuer])
        #expect(claims.sessionID == nil)
        #expect(claims.authenticationTime == nil)
        #expect(try await world.server.sessions(ofAccount: nil, client: nil).isEmpty)
    }

    @Test(
        "it may ask for less than it is registered for, never for more",
        .covers("RFC 6749 §10.3 least-scope", "RFC 6749 §3.3 told-if-different")
    )
    func scope() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.clientCredentials])
        #expect(try await ask(world, client, scope: "write").scope.description == "write")
        for scope in ["write admin", "\""] {
            let error = await #expect(throws: OAuthError.self) {
                try await ask(world, client, scope: scope)
            }
            #expect(error?.code == .invalidScope)
        }
    }

    @Test(
        "it may name an API that it is allowed, and no other",
        .covers("RFC 8707 §2.2 at-exchange", "RFC 9068 §3 audience")
    )
    func resource() async throws {
        let world = try await TestAuthorizationServer()
        let api = "https://api.example.com"
        _ = try await world.resource(api, scope: "read")
        _ = try await world.resource("https://other.example.com")
        let client = try await world.client(grants: [.clientCredentials], resources: [api])
        let answer = try await ask(world, client, resource: api)
        #expect(answer.scope.description == "read")
        #expect(try await world.claims(answer.accessToken).audience == [api])
        let error = await #expect(throws: OAuthError.self) {
            try await ask(world, client, resource: "https://other.example.com")
        }
        #expect(error?.code == .invalidTarget)
    }

    @Test(
        "a client that did not register it is refused, a public one always is",
        .covers("RFC 6749 §4.4.2 confidential-only")
    )
    func unregistered() async throws {
        let world = try await TestAuthorizationServer()
        let unregistered = try await world.client()
        let publicClient = try await world.client(method: .none)
        for client in [unregistered, publicClient] {
            let error = await #expect(throws: OAuthError.self) { try await ask(world, client) }
            #expect(error?.code == .unauthorizedClient)
        }
    }
}
