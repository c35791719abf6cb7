import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What people see and do on their own account page")
struct OwnAccountTests {
    private struct Scene {
        let world: TestAuthorizationServer
        let client: TestClient
        let browser: TestBrowser

        init(loginAttempts: Int = 10) async throws {
            world = try await TestAuthorizationServer(loginAttempts: loginAttempts)
            client = try await world.client(
                grants: [.password, .refreshToken, .authorizationCode],
                scope: "read write offline_access"
            )
            try await world.account("ada")
            try await world.account("eve")
            browser = try await world.browser("ada", userAgent: "Firefox")
        }

        func own() async throws -> OwnAccount { try await world.ownAccount(browser) }

        func overview(_ position: OwnAccount.Position = .init()) async throws -> OwnAccount.Overview
        {
            try await own().overview(from: position, at: world.now)
        }

        func change(
            _ current: String = TestAuthorizationServer.password,
            to next: String = "long enough",
            repeated: String? = nil
        ) async throws -> OwnAccount.PasswordChange {
            try await own().changePassword(
                .init(
                    current: Secret(current),
                    next: Secret(next),
                    repeated: Secret(repeated ?? next)
                ),
                from: browser.origin,
                at: world.now
            )
        }
    }

    // MARK: - Sessions

    @Test("the living sessions are shown with app, origin, first and last use and their end")
    func sessions() async throws {
        let scene = try await Scene()
        let world = scene.world
        let start = world.now
        let token = try await world.newSession(
            scene.client,
            in: scene.browser,
            scope: "read offline_access"
        )
        world.wait(.hours(1))
        _ = try await world.refresh(token, as: scene.client)
        let elsewhere = try await world.newSession(scene.client)
        _ = try await world.newSession(scene.client, "eve")
        let shown = try await scene.overview().sessions
        #expect(shown.count == 2)
        let session = try #require(shown.last)
        #expect(session.id == (try await world.family(of: token).authorized.id))
        #expect(session.app == scene.client.id.rawValue)
        #expect(session.origin == scene.browser.origin)
        #expect(session.startedAt == start)
        #expect(session.lastUsedAt == world.now)
        #expect(session.end == world.now + .days(15))
        #expect(session.isThisBrowser)
        #expect(shown.first?.id == (try await world.family(of: elsewhere).authorized.id))
        #expect(shown.first?.isThisBrowser == false)
    }

    @Test("sessions that are over are not shown")
    func over() async throws {
        let scene = try await Scene()
        let token = try await scene.world.newSession(scene.client)
        try await scene.world.revoke(token, as: scene.client)
        #expect(try await scene.overview().sessions.isEmpty)
    }

    @Test("a session without refresh token is shown as long as its access token lives")
    func withoutRefreshToken() async throws {
        let scene = try await Scene()
        let world = scene.world
        let client = try await world.client(grants: [.authorizationCode])
        let code = try await world.code(client, in: scene.browser)
        #expect(try await world.exchange(code, as: client).refresh == nil)
        let shown = try await scene.overview().sessions
        #expect(shown.map(\.end) == [world.now + .minutes(10)])
        world.wait(.minutes(10))
        #expect(try await scene.overview().sessions.isEmpty)
    }

    @Test("a long list of sessions is leafed through, each session once")
    func pages() async throws {
        let scene = try await Scene()
        let world = scene.world
        for index in 0..<120 {
            // Every second one is over.
            let token = try await world.newSession(scene.client, in: scene.browser)
            if index.isMultiple(of: 2) { try await world.revoke(token, as: scene.client) }
        }
        let first = try await scene.overview()
        #expect(first.sessions.count == OwnAccount.longestList)
        let next = try #require(first.nextSessions)
        let second = try await scene.overview(.init(sessions: next))
        #expect(second.sessions.count == 10)
        #expect(second.nextSessions == nil)
        #expect(Set((first.sessions + second.sessions).map(\.id)).count == 60)
    }

    @Test("a session is ended by its owner, and told so in the history")
    func endSession() async throws {
        let scene = try await Scene()
        let token = try await scene.world.newSession(scene.client)
        let id = try await scene.world.family(of: token).authorized.id
        #expect(try await scene.own().endSession(id))
        #expect(try await scene.own().endSession(id))
        await #expect(throws: RefreshVerdict.ended) {
            try await scene.world.refresh(token, as: scene.client)
        }
        let overview = try await scene.overview()
        #expect(overview.sessions.isEmpty)
        let kinds = overview.history.map(\.kind)
        #expect(
            kinds.filter {
                $0 == .sessionEnded(app: scene.client.id.rawValue, .revokedByUser)
            }.count == 1
        )
    }

    @Test("nobody ends another account's session")
    func foreignSession() async throws {
        let scene = try await Scene()
        let token = try await scene.world.newSession(scene.client, "eve")
        let family = try await scene.world.family(of: token)
        #expect(try await scene.own().endSession(family.authorized.id) == false)
        let nowhere = try #require(FamilyID("0000000000001"))
        #expect(try await scene.own().endSession(nowhere) == false)
        _ = try await scene.world.refresh(token, as: scene.client)
    }

    // MARK: - Apps

    @Test("the apps that hold consent are shown, and withdrawing ends what they hold")
    func apps() async throws {
        let scene = try await Scene()
        let world = scene.world
        let start = world.now
        let token = try await world.newSession(scene.client, in: scene.browser)
        let neighbour = try await world.newSession(scene.client, "eve")
        let app = try #require(try await scene.overview().apps.first)
        #expect(app.client == scene.client.id)
        #expect(app.scope.description == "read")
        #expect(app.since == start)
        #expect(try await scene.own().withdrawConsent(from: scene.client.id))
        #expect(try await scene.own().withdrawConsent(from: scene.client.id) == false)
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(token, as: scene.client)
        }
        let overview = try await scene.overview()
        #expect(overview.apps.isEmpty)
        #expect(overview.sessions.isEmpty)
        #expect(overview.history.first?.kind == .consentWithdrawn(app: app.name))
        _ = try await world.refresh(neighbour, as: scene.client)
    }

    @Test("an app that was deleted is not shown any more, but in the history")
    func deletedApp() async throws {
        let scene = try await Scene()
        _ = try await scene.world.newSession(scene.client, in: scene.browser)
        try await scene.world.server.deleteClient(scene.client.id)
        let overview = try await scene.overview()
        #expect(overview.apps.isEmpty)
        #expect(overview.sessions.isEmpty)
        let kinds = overview.history.map(\.kind)
        #expect(kinds.contains(.sessionMade(app: scene.client.id.rawValue)))
    }

    // MARK: - History

    @Test("the history tells what happened to the account, where from, the newest first")
    func history() async throws {
        let scene = try await Scene()
        let world = scene.world
        let token = try await world.newSession(scene.client, in: scene.browser)
        let name = scene.client.id.rawValue
        let second = try #require(
            try await world.refresh(token, as: scene.client, from: "198.51.100.9").refresh
        )
        _ = try? await world.refresh(token, as: scene.client)
        _ = try? await world.refresh(second.token, as: scene.client)
        let history = try await scene.overview().history
        #expect(
            history.map(\.kind) == [
                .sessionEnded(app: name, .reuse), .reuseDetected(app: name),
                .newAddress(app: name), .sessionMade(app: name), .consentGiven(app: name),
                .signedIn,
            ]
        )
        #expect(history[2].origin?.address == "198.51.100.9")
        #expect(history.last?.origin == scene.browser.origin)
    }

    @Test("a long history is leafed through, and has an end")
    func longHistory() async throws {
        let scene = try await Scene()
        for _ in 0..<70 { _ = try await scene.world.browser("ada") }
        let first = try await scene.overview()
        #expect(first.history.count == 50)
        #expect(first.nextHistoryPage == 1)
        let second = try await scene.overview(.init(historyPage: 1))
        #expect(second.history.count == 21)
        #expect(second.nextHistoryPage == nil)
        #expect(OwnAccount.Position(historyPage: .max).historyPage == 19)
        #expect(OwnAccount.Position(historyPage: -1).historyPage == 0)
    }

    // MARK: - The password

    @Test("the password is changed; this browser goes on with another cookie, all else ends")
    func changePassword() async throws {
        let scene = try await Scene()
        let world = scene.world
        let other = try await world.browser("ada")
        let token = try await world.newSession(scene.client, in: scene.browser)
        guard case .changed(let person, let cookie) = try await scene.change() else {
            Issue.record("it was not changed")
            return
        }
        #expect(try await world.isSignedIn(cookie))
        #expect(person.signIn.authentication.time == world.now)
        #expect(try await world.isSignedIn(scene.browser.cookie) == false)
        #expect(try await world.isSignedIn(other.cookie) == false)
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(token, as: scene.client)
        }
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(scene.client) }
        _ = try await world.signIn(scene.client, password: "long enough")
    }

    @Test("a next password that is too short, too long or mistyped changes nothing")
    func refusals() async throws {
        let scene = try await Scene()
        let before = try await scene.world.server.account(named: "ada").version
        guard case .tooShort = try await scene.change(to: "1234567"),
            case .tooLong = try await scene.change(to: String(repeating: "a", count: 1025)),
            case .differs = try await scene.change(repeated: "long enouhg"),
            case .wrongCurrent = try await scene.change("wrong")
        else {
            Issue.record("another refusal, or none")
            return
        }
        #expect(try await scene.world.server.account(named: "ada").version == before)
    }

    @Test("guesses at the current password are limited, apart from strangers' guesses")
    func limited() async throws {
        let scene = try await Scene(loginAttempts: 2)
        for stranger in 0..<20 {
            await #expect(throws: PasswordGrant.wrong) {
                try await scene.world.signIn(
                    scene.client,
                    password: "guess",
                    from: "198.51.100.\(stranger)"
                )
            }
        }
        for _ in 0..<2 {
            guard case .wrongCurrent = try await scene.change("guess") else {
                Issue.record("it was not judged")
                return
            }
        }
        guard case .tooManyAttempts = try await scene.change() else {
            Issue.record("it was not limited")
            return
        }
        scene.world.wait(.minutes(15))
        guard case .changed = try await scene.change() else {
            Issue.record("it was not changed")
            return
        }
    }

    @Test("a password that stands in the configuration file is not changed here")
    func ownedByFile() async throws {
        let scene = try await Scene()
        let hash = try await scene.world.server.account(named: "ada").value.password
        _ = try await scene.world.server.apply(
            FileOwnedAccount(username: "ada", email: nil, password: .hashed(hash), access: .open)
        )
        #expect(try await scene.own().choosesPassword == false)
        guard case .ownedByFile = try await scene.change() else {
            Issue.record("it was changed")
            return
        }
    }

    @Test("of two changes at the same moment one wins, and the other does not undo it")
    func overtaken() async throws {
        let scene = try await Scene()
        let other = scene.world.otherProcess
        scene.world.storage.beforeNext(.save) {
            try? await other.setPassword(of: "ada", to: Secret("the operator's"))
        }
        guard case .overtaken = try await scene.change() else {
            Issue.record("it was changed")
            return
        }
        _ = try await scene.world.signIn(scene.client, password: "the operator's")
    }

    // MARK: - Everywhere

    @Test("signing out everywhere ends every browser and session of the account, and no others")
    func signOutEverywhere() async throws {
        let scene = try await Scene()
        let world = scene.world
        let other = try await world.browser("ada")
        let eve = try await world.browser("eve")
        let token = try await world.newSession(
            scene.client,
            in: scene.browser,
            scope: "read offline_access"
        )
        let neighbour = try await world.newSession(scene.client, "eve")
        let own = try await scene.own()
        let process = world.otherProcess
        world.storage.beforeNext(.save) {
            _ = try? await process.updateAccount(
                "ada",
                .init(email: .set("ada@example.com"), profile: nil)
            )
        }
        try await own.signOutEverywhere()
        #expect(try await world.isSignedIn(scene.browser.cookie) == false)
        #expect(try await world.isSignedIn(other.cookie) == false)
        #expect(try await world.isSignedIn(eve.cookie))
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(token, as: scene.client)
        }
        _ = try await world.refresh(neighbour, as: scene.client)
        #expect(try await world.server.account(named: "ada").value.email == "ada@example.com")
    }
}
