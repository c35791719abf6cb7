import MartletProtocol
import Testing

@testable import MartletCore

/// The rows of `docs/revocation.md`: everything that can end a session.
enum RevocationEvent: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case usedTwice = "refresh token used twice"
    case refreshTokenRevoked = "refresh token revoked by the client"
    case accessTokenRevoked = "access token revoked by the client"
    case codeUsedTwice = "authorization code used twice"
    case sessionEnded = "session ended on the account page"
    case consentWithdrawn = "consent withdrawn on the account page"
    case passwordChanged = "password changed on the account page"
    case signedOutEverywhere = "signed out everywhere on the account page"
    case signedOut = "signed out of the browser"
    case signedOutOffline = "signed out of the browser, `offline_access` granted"
    case sessionRevoked = "`session revoke SID`"
    case userRevoked = "`session revoke --user`"
    case clientRevoked = "`session revoke --client`"
    case consentRevoked = "`consent revoke`"
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

    /// Those that somebody makes happen; the others are time that passes, in which a code ends by
    /// itself.
    static let acts = allCases.filter { $0 != .idle && $0 != .absolute }

    /// What the session and a code beside it are for.
    var scope: String { self == .signedOut ? "read" : "read offline_access" }
}

/// Ada with two sessions on one client, the first of them from a browser that goes on, Eve with one,
/// and an API that asks about their tokens.
struct RevocationScene {
    static let api = "https://api.example.com"
    static let policy: JSONValue = [
        "idle_lifetime": 3600, "absolute_lifetime": 7200, "max_sessions": 2,
    ]

    let event: RevocationEvent
    let world: TestAuthorizationServer
    let api: TestClient
    var client: TestClient
    /// The browser that the session came from, and another of Ada's.
    let browser: TestBrowser
    let otherBrowser: TestBrowser
    /// What the session came from.
    let code: String
    /// The session that the event happens to, by its newest refresh token.
    var session: String
    /// The one before it, if there is one.
    let superseded: String
    /// Issued before the event; at the introspection endpoint it is told what its session is worth.
    var accessToken: String
    /// Set if the event gave the browser another one.
    private(set) var renewedCookie: SignInCookie?
    var sibling: String
    var neighbour: String
    /// What the API that follows the feed has heard before the event.
    var heardUpTo = EndMark.start

    init(_ event: RevocationEvent) async throws {
        self.event = event
        world = try await TestAuthorizationServer()
        api = try await world.resource(Self.api)
        // Access tokens as long as can be, so that none is inactive only because it has expired.
        client = try await world.client(
            grants: [.password, .refreshToken, .authorizationCode, .deviceCode],
            scope: "read write offline_access",
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
        browser = try await world.browser("ada")
        otherBrowser = try await world.browser("ada")
        code = try await world.code(client, in: browser, scope: event.scope)
        let made = try await world.exchange(code, as: client)
        superseded = try #require(made.refresh).token
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
        case .codeUsedTwice: _ = try? await world.exchange(code, as: client)
        case .sessionEnded:
            let id = try await world.family(of: session).authorized.id
            #expect(try await ownAccount(at: server).endSession(id))
        case .consentWithdrawn:
            #expect(try await ownAccount(at: server).withdrawConsent(from: client.id))
        case .passwordChanged: try await changePassword(at: server)
        case .signedOutEverywhere: try await ownAccount(at: server).signOutEverywhere()
        case .signedOut, .signedOutOffline:
            #expect(try await server.signOut(ownAccount(at: server).person.signIn))
        case .sessionRevoked:
            _ = try await server.endSession(try await world.family(of: session).authorized.id)
        case .userRevoked: try await server.endSessions(ofAccount: "ada")
        case .clientRevoked: try await server.endSessions(ofClient: client.id)
        case .consentRevoked:
            try await server.withdrawConsent(of: "ada", from: client.id)
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

    /// What Ada's account page does, in the browser that the session came from.
    private func ownAccount(at server: AuthorizationServer) async throws -> OwnAccount {
        try await world.ownAccount(browser, at: server)
    }

    private mutating func changePassword(at server: AuthorizationServer) async throws {
        let change = try await ownAccount(at: server).changePassword(
            .init(
                current: Secret(TestAuthorizationServer.password),
                next: Secret("another one"),
                repeated: Secret("another one")
            ),
            from: browser.origin,
            at: world.now
        )
        guard case .changed(_, let cookie) = change else {
            throw AdministrationError("the password was not changed: \(change)")
        }
        renewedCookie = cookie
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
        // The sibling of before was one too many.
        heardUpTo = try await feed(behind: heardUpTo).mark
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
        case .consentWithdrawn, .consentRevoked:
            _ = try await world.code(client, in: browser, scope: event.scope)
        case .signedOut: _ = try await world.browser("ada")
        case .passwordSet, .passwordChanged:
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
        case .usedTwice, .refreshTokenRevoked, .accessTokenRevoked, .codeUsedTwice, .sessionEnded,
            .signedOutEverywhere, .signedOutOffline, .sessionRevoked, .userRevoked, .clientRevoked,
            .userEnabled, .clientDeleted, .secretRotated,
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
