import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Which clients are told that somebody signed out")
struct BackchannelLogoutTests {
    private struct Scene {
        let world: TestAuthorizationServer
        let browser: TestBrowser

        init() async throws {
            world = try await TestAuthorizationServer()
            try await world.account("ada")
            try await world.account("eve")
            browser = try await world.browser("ada")
        }

        func client(
            uri: String? = "https://app.example.com/backchannel",
            needsSession: Bool = false,
            grants: [GrantType] = [.authorizationCode, .refreshToken, .password]
        ) async throws -> TestClient {
            let scope = "openid read offline_access"
            guard let uri else { return try await world.client(grants: grants, scope: scope) }
            return try await world.client(
                grants: grants,
                scope: scope,
                members: [
                    "backchannel_logout_uri": .string(uri),
                    "backchannel_logout_session_required": .bool(needsSession),
                ]
            )
        }

        /// What is to be told of what ended since the last time.
        func told() async throws -> [ClientLogout] {
            var told: [ClientLogout] = []
            for end in world.server.signInEnds.take().ends {
                told += try await world.server.told(of: end)
            }
            return told
        }

        func logout(_ client: TestClient, _ browser: TestBrowser?) -> ClientLogout {
            ClientLogout(
                client: client.id,
                account: AccountID(rawValue: "account-of-ada"),
                signIn: browser?.cookie.id
            )
        }

        func signOut(_ browser: TestBrowser) async throws {
            let person = try await world.server.signedIn(by: browser.cookie, at: world.now)
            _ = try await world.server.signOut(try #require(person).signIn)
        }
    }

    @Test(
        "each client with a session from the browser is told once, whether offline or over",
        .covers("Back-Channel Logout §2.3 remembers")
    )
    func browser() async throws {
        let scene = try await Scene()
        let online = try await scene.client()
        let offline = try await scene.client()
        let over = try await scene.client(needsSession: true)
        let silent = try await scene.client(uri: nil)
        let elsewhere = try await scene.client()
        let other = try await scene.world.browser("ada")
        let eve = try await scene.world.browser("eve")
        _ = try await scene.world.newSession(online, in: scene.browser)
        _ = try await scene.world.newSession(online, in: scene.browser)
        _ = try await scene.world.newSession(offline, in: scene.browser, scope: "offline_access")
        let ended = try await scene.world.newSession(over, in: scene.browser)
        try await scene.world.revoke(ended, as: over)
        _ = try await scene.world.newSession(silent, in: scene.browser)
        _ = try await scene.world.newSession(elsewhere, in: other)
        _ = try await scene.world.newSession(elsewhere, in: eve)
        _ = try await scene.world.newSession(elsewhere, "ada")
        try await scene.signOut(scene.browser)
        let told = try await scene.told()
        #expect(told.count == 3)
        #expect(
            Set(told) == Set([online, offline, over].map { scene.logout($0, scene.browser) })
        )
        #expect(try await scene.told().isEmpty)
    }

    @Test("who signs out twice, or by a stale cookie, makes no second round")
    func twice() async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        _ = try await scene.world.newSession(client, in: scene.browser)
        let person = try await scene.world.server.signedIn(
            by: scene.browser.cookie,
            at: scene.world.now
        )
        let signIn = try #require(person).signIn
        #expect(try await scene.world.server.signOut(signIn))
        #expect(try await !scene.world.server.signOut(signIn))
        #expect(try await scene.told().count == 1)
    }

    @Test("signing in as somebody else signs the first one out, and their clients hear of it")
    func switched() async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        _ = try await scene.world.newSession(client, in: scene.browser)
        let current = try await scene.world.server.signedIn(
            by: scene.browser.cookie,
            at: scene.world.now
        )
        _ = try await scene.world.server.signIn(
            try await scene.world.server.account(named: "eve"),
            authentication: .password(at: scene.world.now),
            origin: scene.browser.origin,
            replacing: current,
            at: scene.world.now
        )
        #expect(try await scene.told() == [scene.logout(client, scene.browser)])
    }

    @Test(
        "ending everything tells of the person, or of each sign-in where a client wants that",
        .covers("Back-Channel Logout §2.2 client-metadata")
    )
    func everywhere() async throws {
        let scene = try await Scene()
        let plain = try await scene.client()
        let strict = try await scene.client(needsSession: true)
        let other = try await scene.world.browser("ada")
        for browser in [scene.browser, other] {
            _ = try await scene.world.newSession(plain, in: browser)
            _ = try await scene.world.newSession(strict, in: browser)
        }
        _ = try await scene.world.newSession(strict)
        try await scene.world.server.disableAccount("ada")
        #expect(
            Set(try await scene.told()) == [
                scene.logout(plain, nil), scene.logout(strict, scene.browser),
                scene.logout(strict, other),
            ]
        )
    }

    @Test(
        "what the operator or the person does to the whole account is told",
        arguments: ["disable", "delete", "password", "sessions", "everywhere"]
    )
    func wholeAccount(event: String) async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        _ = try await scene.world.newSession(client, "ada")
        let server = scene.world.server
        switch event {
        case "disable": try await server.disableAccount("ada")
        case "delete": try await server.deleteAccount("ada")
        case "password": try await server.setPassword(of: "ada", to: Secret("another one"))
        case "sessions": try await server.endSessions(ofAccount: "ada")
        default: try await scene.world.ownAccount(scene.browser).signOutEverywhere()
        }
        #expect(try await scene.told().contains(scene.logout(client, nil)))
    }

    @Test("a session that is ended on the account page tells its client of the sign-in it is from")
    func session() async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        let other = try await scene.client()
        let token = try await scene.world.newSession(client, in: scene.browser)
        _ = try await scene.world.newSession(other, in: scene.browser)
        let own = try await scene.world.ownAccount(scene.browser)
        #expect(try await own.endSession(scene.world.family(of: token).authorized.id))
        #expect(try await scene.told() == [scene.logout(client, scene.browser)])
        let without = try await scene.world.newSession(client)
        #expect(try await own.endSession(scene.world.family(of: without).authorized.id))
        #expect(try await scene.told().isEmpty)
    }

    // MARK: - Tokens and addresses

    @Test(
        "a logout token names the client's own sid and sub, is signed like its ID tokens, and short",
        .covers(
            "Back-Channel Logout §2.4 claims",
            "Back-Channel Logout §2.4 event",
            "Back-Channel Logout §2.4 no-nonce",
            "Back-Channel Logout §2.4 type",
            "Back-Channel Logout §2.4 sid",
            "Back-Channel Logout §2.4 signed",
            "Back-Channel Logout §4 short-lived"
        )
    )
    func token() async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        let code = try await scene.world.code(client, in: scene.browser, scope: "openid")
        let response = try await scene.world.exchange(code, as: client)
        let keys = try await scene.world.keys
        let text = try #require(response.idToken)
        let idToken = try #require(scene.world.server.issuedIDToken(text, keys: keys))
        try await scene.signOut(scene.browser)
        let told = try await scene.told()
        let logout = try #require(told.first)
        let call = try #require(try await scene.world.server.call(for: logout))
        #expect(call.uri == "https://app.example.com/backchannel")
        let payload = try #require(
            scene.world.server.signedPayload(call.token, type: "logout+jwt", keys: keys)
        )
        #expect(try JSONWebSignature.parse(call.token).header.algorithm == .es256)
        let claims = try #require(payload.object)
        #expect(
            Set(claims.members.map(\.name)) == [
                "iss", "sub", "sid", "aud", "iat", "exp", "jti", "events",
            ]
        )
        #expect(claims["iss"]?.string == TestAuthorizationServer.issuer)
        #expect(claims["aud"]?.string == client.id.rawValue)
        #expect(claims["sub"]?.string == idToken.subject)
        #expect(claims["sid"]?.string == idToken.sessionID)
        #expect(claims["iat"]?.integer == scene.world.now.seconds)
        #expect(claims["exp"]?.integer == scene.world.now.seconds + 120)
        #expect(
            claims["events"]
                == ["http://schemas.openid.net/event/backchannel-logout": [:] as JSONValue]
        )
        let again = try #require(try await scene.world.server.call(for: logout))
        #expect(again.token != call.token)
    }

    @Test(
        "a logout token is neither an ID token nor an access token",
        .covers("Back-Channel Logout §4.1 cross-jwt")
    )
    func types() async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        let call = try #require(
            try await scene.world.server.call(for: scene.logout(client, scene.browser))
        )
        let keys = try await scene.world.keys
        #expect(scene.world.server.issuedIDToken(call.token, keys: keys) == nil)
        #expect(scene.world.server.signedAccessToken(call.token, keys: keys) == nil)
    }

    @Test("a client that is gone, or wants it no more, is not called")
    func gone() async throws {
        let scene = try await Scene()
        let client = try await scene.client()
        let logout = scene.logout(client, scene.browser)
        #expect(try await scene.world.server.call(for: logout) != nil)
        _ = try await scene.world.server.updateClient(
            client.id,
            metadata: client.metadata("backchannel_logout_uri", nil)
        )
        #expect(try await scene.world.server.call(for: logout) == nil)
        try await scene.world.server.deleteClient(client.id)
        #expect(try await scene.world.server.call(for: logout) == nil)
    }

    @Test(
        "private addresses are for the operator's clients alone, and where the issuer is on loopback",
        arguments: [
            ("https://login.example.com", ManagedBy.operator, LogoutCall.Reach.internet),
            ("https://login.example.com", .file, .internet),
            ("http://localhost:8080", .operator, .ownNetwork),
            ("http://127.0.0.1:8080/auth", .file, .ownNetwork),
            ("https://[::1]", .operator, .ownNetwork),
            ("http://localhost:8080", .registration, .internet),
            ("https://login.example.com", .registration, .internet),
            ("https://localhost.example.com", .operator, .internet),
        ]
    )
    func reach(issuer: String, owner: ManagedBy, reach: LogoutCall.Reach) throws {
        let client = Client(
            id: ClientID(rawValue: "app"),
            metadata: try ClientMetadata(
                json: ["redirect_uris": ["https://app.example.com/callback"]]
            ),
            secret: nil,
            createdAt: Instant(seconds: 0),
            managedBy: owner
        )
        #expect(LogoutCall.Reach(for: client, issuer: issuer) == reach)
    }

    @Test("what is not taken out in time is dropped, the oldest first")
    func bounded() {
        let ends = SignInEnds()
        for number in 0..<(SignInEnds.capacity + 3) {
            ends.add(.everywhere(AccountID(rawValue: "\(number)")))
        }
        let (taken, dropped) = ends.take()
        #expect(taken.count == SignInEnds.capacity)
        #expect(taken.first == .everywhere(AccountID(rawValue: "3")))
        #expect(dropped == 3)
        #expect(ends.take().ends.isEmpty)
        #expect(ends.take().dropped == 0)
    }
}
