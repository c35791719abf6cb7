import MartletProtocol
import Testing

@testable import MartletCore

/// The rows of `docs/revocation.md`: everything that can end a session.
enum RevocationEvent: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case usedTwice = "refresh token used twice"
    case refreshTokenRevoked = "refresh token revoked by the client"
    case accessTokenRevoked = "access token revoked by the client"
    case sessionRevoked = "`session revoke SID`"
    case userRevoked = "`session revoke --user`"
    case clientRevoked = "`session revoke --client`"
    case userDisabled = "`user disable`"
    case userEnabled = "`user enable`"
    case passwordSet = "`user set-password`"
    case userDeleted = "`user delete`"
    case clientDeleted = "`client delete`"
    case secretRotated = "`client rotate-secret`"
    case clientPublic = "client becomes public"
    case keysRotated = "`key rotate`"
    case keysCompromised = "`key rotate --compromised`"
    case idle = "idle lifetime over"
    case absolute = "absolute lifetime over"
    case maxSessions = "`max_sessions` reached"

    var testDescription: String { rawValue }
}

/// Ada with two sessions on one client, Eve with one, and an API that asks about their tokens.
struct RevocationScene {
    static let api = "https://api.example.com"
    static let policy: JSONValue = [
        "idle_lifetime": 3600, "absolute_lifetime": 7200, "max_sessions": 2,
    ]

    let event: RevocationEvent
    let world: TestAuthorizationServer
    let api: TestClient
    var client: TestClient
    /// The session that the event happens to, by its newest refresh token.
    var session: String
    /// The one before it, if there is one.
    let superseded: String
    /// Issued before the event; at the introspection endpoint it is told what its session is worth.
    var accessToken: String
    var sibling: String
    var neighbour: String

    init(_ event: RevocationEvent) async throws {
        self.event = event
        world = try await TestAuthorizationServer()
        api = try await world.resource(Self.api)
        // Access tokens as long as can be, so that none is inactive only because it has expired.
        client = try await world.client(
            policy: Self.policy,
            accessTokenLifetime: ClientMetadata.accessTokenLifetime.upperBound,
            resources: [Self.api]
        )
        try await world.account("ada")
        try await world.account("eve")
        if event == .userEnabled {
            try await world.server.disableAccount("ada")
            try await world.server.enableAccount("ada")
        }
        superseded = try await world.newSession(client)
        let refreshed = try await world.refresh(superseded, as: client)
        session = try #require(refreshed.refresh).token
        accessToken = refreshed.accessToken
        world.wait(.seconds(1))
        sibling = try await world.newSession(client)
        neighbour = try await world.newSession(client, "eve")
    }

    /// Makes the event happen.
    mutating func happen() async throws {
        let server = world.otherProcess
        switch event {
        case .usedTwice: _ = try? await world.refresh(superseded, as: client)
        case .refreshTokenRevoked: try await world.revoke(superseded, as: client)
        case .accessTokenRevoked: try await world.revoke(accessToken, as: client)
        case .sessionRevoked:
            _ = try await server.endSession(try await world.family(of: session).authorized.id)
        case .userRevoked: try await server.endSessions(ofAccount: "ada")
        case .clientRevoked: try await server.endSessions(ofClient: client.id)
        case .userDisabled: try await server.disableAccount("ada")
        case .userEnabled: try await server.enableAccount("ada")
        case .passwordSet: try await server.setPassword(of: "ada", to: Secret("another"))
        case .userDeleted: try await server.deleteAccount("ada")
        case .clientDeleted: try await server.deleteClient(client.id)
        case .secretRotated:
            let made = try await server.rotateClientSecret(client.id)
            client = client.with(secret: made.secret?.text)
        case .clientPublic: try await become(.none)
        case .keysRotated: try await server.keyAdministration.rotate()
        case .keysCompromised: try await server.keyAdministration.rotateCompromised()
        case .idle: try await becomeIdle()
        case .absolute: try await growOld()
        case .maxSessions: _ = try await world.newSession(client)
        }
    }

    /// The session is not used for an hour; the others are.
    private mutating func becomeIdle() async throws {
        world.wait(.minutes(30))
        try await useOthers()
        world.wait(.minutes(30))
    }

    /// The session is used all the time, for two hours; the others are younger.
    private mutating func growOld() async throws {
        world.wait(.minutes(50))
        try await use()
        sibling = try await world.newSession(client)
        neighbour = try await world.newSession(client, "eve")
        world.wait(.minutes(50))
        try await use()
        try await useOthers()
        #expect(try await world.isActive(accessToken, as: api))
        world.wait(.minutes(20))
    }

    private mutating func use() async throws {
        let answer = try await world.refresh(session, as: client)
        session = try #require(answer.refresh).token
        accessToken = answer.accessToken
    }

    private mutating func useOthers() async throws {
        sibling = try await world.successor(of: sibling, as: client)
        neighbour = try await world.successor(of: neighbour, as: client)
    }

    /// Takes the event back, as far as there is a way to.
    mutating func undo() async throws {
        let server = world.otherProcess
        switch event {
        case .userDisabled: try await server.enableAccount("ada")
        case .passwordSet:
            try await server.setPassword(
                of: "ada",
                to: Secret(TestAuthorizationServer.password)
            )
        case .userDeleted: try await world.account("ada")
        case .clientPublic: try await become(.clientSecretBasic)
        case .idle, .absolute:
            var longer = try #require(Self.policy.object)
            longer["idle_lifetime"] = 864_000
            longer["absolute_lifetime"] = 864_000
            _ = try await server.updateClient(
                client.id,
                metadata: client.metadata("refresh_token_policy", .object(longer))
            )
        case .maxSessions: try await world.revoke(sibling, as: client)
        case .usedTwice, .refreshTokenRevoked, .accessTokenRevoked, .sessionRevoked,
            .userRevoked, .clientRevoked, .userEnabled, .clientDeleted, .secretRotated,
            .keysRotated, .keysCompromised:
            break
        }
    }

    private mutating func become(_ method: ClientAuthenticationMethod) async throws {
        let made = try await world.otherProcess.updateClient(
            client.id,
            metadata: client.metadata("token_endpoint_auth_method", .string(method.rawValue))
        )
        client = client.with(secret: made.secret?.text)
    }
}
