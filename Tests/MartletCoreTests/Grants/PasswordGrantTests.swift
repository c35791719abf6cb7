import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Signing in with name and password")
struct PasswordGrantTests {
    @Test("the password grant is off unless the client registered it")
    func offByDefault() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.refreshToken, .clientCredentials])
        try await world.account()
        let error = await #expect(throws: OAuthError.self) { try await world.signIn(client) }
        #expect(error?.code == .unauthorizedClient)
    }

    @Test(
        "a wrong password, an unknown user and a disabled account get the same answer",
        .covers("RFC 6749 §4.3.2 validates-password")
    )
    func sameAnswer() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        try await world.account("eve")
        try await world.server.disableAccount("eve")
        await #expect(throws: PasswordGrant.wrong) {
            try await world.signIn(client, password: "wrong")
        }
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client, "nobody") }
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client, "eve") }
        await #expect(throws: PasswordGrant.wrong) {
            try await world.signIn(client, password: String(repeating: "a", count: 1025))
        }
    }

    @Test("a name's letters may be of either case")
    func caseOfNames() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account("Ada")
        let answer = try await world.signIn(client, "aDA")
        #expect(try await world.claims(answer.accessToken).subject == "account-of-Ada")
    }

    @Test("a request without name or password is malformed", arguments: ["username", "password"])
    func missing(parameter: String) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let error = await #expect(throws: OAuthError.self) {
            try await world.server.token(
                world.request([("grant_type", "password"), (parameter, "ada")], as: client)
            )
        }
        #expect(error?.code == .invalidRequest)
    }

    @Test(
        "a scope that the client is not registered for is refused before the password is looked at",
        .covers("RFC 6749 §3.3 default")
    )
    func scope() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        for password in ["wrong", TestAuthorizationServer.password] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.signIn(client, password: password, scope: "admin")
            }
            #expect(error?.code == .invalidScope)
        }
    }

    @Test("the first session at a client records the consent, later ones find it")
    func consent() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let account = try await world.account()
        let consents = { try await world.storage.all(Consent.self, owner: account.id.rawValue).0 }
        #expect(try await consents().isEmpty)
        _ = try await world.signIn(client, scope: "read")
        let made = try #require(try await consents().first)
        #expect(made.value.client == client.id)
        #expect(made.value.scope.description == "read")
        let token = try await world.newSession(client)
        #expect(try await consents().count == 1)
        let epochs = try await world.family(of: token).authorized.epochs
        #expect(epochs.consent == made.epoch?.value)
    }

    @Test("two first sessions at once share one consent")
    func consentOnce() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let account = try await world.account()
        let other = world.otherProcess
        world.storage.beforeNext(.insert) {
            _ = try? await other.token(
                world.request(
                    [
                        ("grant_type", "password"), ("username", "ada"),
                        ("password", TestAuthorizationServer.password),
                    ],
                    as: client
                )
            )
        }
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        let consents = try await world.storage.all(Consent.self, owner: account.id.rawValue).0
        #expect(consents.count == 1)
        #expect(try await world.server.sessions(ofAccount: "ada", client: nil).count == 2)
    }

    @Test("an account that is disabled between the password and the session gets none")
    func disabledMeanwhile() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let other = world.otherProcess
        world.storage.beforeNext(.insert) { try? await other.disableAccount("ada") }
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client) }
        #expect(try await world.server.sessions(ofAccount: "ada", client: nil).isEmpty)
    }

    @Test("a password that is changed between the check and the session gets none for the old one")
    func changedMeanwhile() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let other = world.otherProcess
        world.storage.beforeNext(.insert) {
            try? await other.setPassword(of: "ada", to: Secret("another"))
        }
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client) }
        #expect(try await world.server.sessions(ofAccount: "ada", client: nil).isEmpty)
    }

    @Test("a client without the refresh_token grant gets a session and no refresh token")
    func withoutRefreshToken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.password])
        try await world.account()
        let answer = try await world.signIn(client)
        #expect(answer.refresh == nil)
        let sessions = try await world.server.sessions(ofAccount: "ada", client: client.id)
        #expect(sessions.count == 1)
        let claims = try await world.claims(answer.accessToken)
        #expect(claims.sessionID == sessions.first?.family.authorized.id.description)
        #expect(try await world.isActive(answer.accessToken, as: client))
    }

    @Test("a session beyond max_sessions ends the least recently used, and says so")
    func maxSessions() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["max_sessions": 2])
        let account = try await world.account()
        let first = try await world.newSession(client)
        world.wait(.seconds(1))
        let second = try await world.newSession(client)
        world.wait(.seconds(1))
        let used = try await world.successor(of: first, as: client)
        world.wait(.seconds(1))
        let third = try await world.newSession(client)
        await #expect(throws: RefreshVerdict.ended) { try await world.refresh(second, as: client) }
        _ = try await world.refresh(used, as: client)
        _ = try await world.refresh(third, as: client)
        let ended = AuditEvent.sessionEnded(
            try await world.family(of: second).authorized.id,
            account: account.id,
            client: client.id,
            reason: .replaced
        )
        #expect(try await world.events.filter { $0 == ended }.count == 1)
    }

    @Test("sessions that are over, and those at other clients, do not count for max_sessions")
    func maxSessionsCountsTheLiving() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["max_sessions": 1])
        let other = try await world.client(policy: ["max_sessions": 1])
        try await world.account()
        let elsewhere = try await world.newSession(other)
        let ended = try await world.newSession(client)
        _ = try await world.server.endSession(try await world.family(of: ended).authorized.id)
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        _ = try await world.refresh(elsewhere, as: other)
        let replaced = try await world.events.filter { event in
            if case .sessionEnded(_, _, _, .replaced) = event { true } else { false }
        }
        #expect(replaced.isEmpty)
    }
}
