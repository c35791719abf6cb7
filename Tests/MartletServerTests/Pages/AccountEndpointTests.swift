import HTTPTypes
import MartletCore
import MartletProtocol
import Testing

@testable import MartletServer

@Suite("The account page")
struct AccountEndpointTests {
    /// Alice's browser, signed in and on her account page.
    private struct Scene {
        let world: TestServer
        let browser: PersonsBrowser
        let page: PersonsBrowser.Shown

        init(_ world: TestServer, _ caller: Caller) async throws {
            self.world = world
            browser = PersonsBrowser(caller)
            page = try await browser.signIn(try await browser.open("/account"))
        }

        /// Sends one of the page's forms.
        func send(
            _ path: PagePath,
            _ fields: [String: String] = [:]
        ) async throws -> PersonsBrowser.Shown {
            let token = try #require(PageForm(page.text)?.fields[PageField.csrf])
            return try await browser.post(
                fields.merging([PageField.csrf: token]) { $1 },
                to: path.rawValue
            )
        }

        func session(of username: String = TestServer.username) async throws -> String {
            let sessions = try await world.server.sessions(ofAccount: username, client: nil)
            return try #require(sessions.first).family.authorized.id.description
        }
    }

    private func test(_ body: @Sendable (Scene, Caller) async throws -> Void) async throws {
        let world = try await TestServer()
        try await world.test { caller in try await body(try await Scene(world, caller), caller) }
    }

    private func isRefused(_ token: String, _ caller: Caller) async throws -> Bool {
        try await caller.refresh(token).status == 400
    }

    @Test("who is not signed in is asked to, and comes back to it")
    func signIn() async throws {
        try await TestServer().test { caller in
            let browser = PersonsBrowser(caller)
            let login = try await browser.open("/account")
            #expect(login.path == "/login?continue=%2Faccount")
            let page = try await browser.signIn(login)
            #expect(page.path == "/account")
            #expect(page.answer.status == 200)
            #expect(page.text.contains(TestServer.username))
            #expect(page.answer.headers[.cacheControl] == "no-store")
        }
    }

    @Test("a session is shown, and ended with its button")
    func endSession() async throws {
        try await test { scene, caller in
            let tokens = try await caller.signIn()
            let id = try await scene.session()
            #expect(try await scene.browser.open("/account").text.contains("value=\"\(id)\""))
            let done = try await scene.send(.endSession, [PageField.session: id])
            #expect(done.text.contains("The session has ended."))
            #expect(!done.text.contains("value=\"\(id)\""))
            #expect(done.path.hasPrefix("/account?notice=sessionEnded."))
            #expect(try await isRefused(tokens.refresh, caller))
            // The button of a page that was open in another tab.
            let again = try await scene.send(.endSession, [PageField.session: id])
            #expect(again.answer.status == 200)
        }
    }

    @Test("another account's session is not ended, whatever a form names")
    func foreignSession() async throws {
        try await test { scene, caller in
            _ = try await scene.world.server.createAccount(
                username: "mallory",
                email: nil,
                password: Secret("pw-of-mallory")
            )
            let answer = try await caller.submit([
                "grant_type": "password", "username": "mallory", "password": "pw-of-mallory",
            ])
            let tokens = try answer.tokens()
            let id = try await scene.session(of: "mallory")
            for name in [id, "", "nonsense", "0000000000001"] {
                let shown = try await scene.send(.endSession, [PageField.session: name])
                #expect(shown.path == "/account")
                #expect(!shown.text.contains("The session has ended."))
            }
            #expect(try await caller.refresh(tokens.refresh).status == 200)
        }
    }

    @Test("consent is withdrawn with its button, and ends what the app holds")
    func withdraw() async throws {
        try await test { scene, caller in
            let tokens = try await caller.signIn()
            #expect(try await scene.browser.open("/account").text.contains("value=\"app\""))
            let done = try await scene.send(.withdrawConsent, [PageField.client: "app"])
            #expect(done.text.contains("Access was withdrawn."))
            #expect(!done.text.contains("value=\"app\""))
            #expect(try await isRefused(tokens.refresh, caller))
            let again = try await scene.send(.withdrawConsent, [PageField.client: "app"])
            #expect(again.path == "/account")
        }
    }

    @Test("the password is changed; this browser goes on, others and all sessions end")
    func changePassword() async throws {
        try await test { scene, caller in
            let tokens = try await caller.signIn()
            let other = try await Scene(scene.world, caller)
            let form = [
                PageField.currentPassword: TestServer.password,
                PageField.nextPassword: "long enough", PageField.repeatedPassword: "long enough",
            ]
            let done = try await scene.send(.changePassword, form)
            #expect(done.text.contains("Your password was changed."))
            #expect(try await scene.browser.open("/account").path == "/account")
            #expect(try await other.browser.open("/account").path.hasPrefix("/login?"))
            #expect(try await isRefused(tokens.refresh, caller))
            let late = try await other.send(.changePassword, form)
            #expect(late.path.hasPrefix("/login?"))
        }
    }

    @Test(
        "a password that will not do is refused with a sentence",
        arguments: [
            ("wrong", "long enough", "long enough", "The current password is not right."),
            (TestServer.password, "short", "short", "it needs at least 8 characters"),
            (
                TestServer.password, "long enough", "long enuogh",
                "entries of the new password differ"
            ),
            (
                TestServer.password, String(repeating: "a", count: 1025),
                String(repeating: "a", count: 1025), "The new password is too long."
            ),
        ]
    )
    func badPassword(current: String, next: String, repeated: String, says: String) async throws {
        try await test { scene, caller in
            let shown = try await scene.send(
                .changePassword,
                [
                    PageField.currentPassword: current, PageField.nextPassword: next,
                    PageField.repeatedPassword: repeated,
                ]
            )
            #expect(shown.text.contains(says))
            // Nothing that was typed comes back.
            #expect(!shown.text.contains(next))
            _ = try await caller.signIn()
        }
    }

    @Test("guessing at the current password is slowed down")
    func guesses() async throws {
        try await test { scene, _ in
            func guess(_ password: String) async throws -> String {
                try await scene.send(
                    .changePassword,
                    [
                        PageField.currentPassword: password,
                        PageField.nextPassword: "long enough",
                        PageField.repeatedPassword: "long enough",
                    ]
                ).text
            }
            for _ in 0..<3 {
                let wrong = try await guess("wrong")
                #expect(wrong.contains("The current password is not right."))
            }
            let right = try await guess(TestServer.password)
            #expect(right.contains("Too many attempts."))
        }
    }

    @Test("signing out ends this browser's sign-in and no other")
    func signOut() async throws {
        try await test { scene, caller in
            let other = try await Scene(scene.world, caller)
            let out = try await scene.send(.signOut)
            #expect(out.text.contains("You are signed out"))
            #expect(try await scene.browser.open("/account").path.hasPrefix("/login?"))
            #expect(try await other.browser.open("/account").path == "/account")
        }
    }

    @Test("signing out everywhere ends all browsers and sessions")
    func signOutEverywhere() async throws {
        try await test { scene, caller in
            let tokens = try await caller.signIn()
            let other = try await Scene(scene.world, caller)
            let out = try await scene.send(.signOutEverywhere)
            #expect(out.text.contains("You are signed out"))
            #expect(try await scene.browser.open("/account").path.hasPrefix("/login?"))
            #expect(try await other.browser.open("/account").path.hasPrefix("/login?"))
            #expect(try await isRefused(tokens.refresh, caller))
        }
    }

    @Test(
        "a form without this page's token does nothing and says so",
        .covers("RFC 6749 §10.12 csrf"),
        arguments: AccountEndpoint.Act.allCases
    )
    func forged(act: AccountEndpoint.Act) async throws {
        try await test { scene, caller in
            let tokens = try await caller.signIn()
            let stranger = try await Scene(scene.world, caller)
            let foreign = try #require(PageForm(stranger.page.text)?.fields[PageField.csrf])
            for token in [nil, "", "x", foreign] {
                var fields = [
                    PageField.session: try await scene.session(), PageField.client: "app",
                    PageField.currentPassword: TestServer.password,
                    PageField.nextPassword: "long enough",
                    PageField.repeatedPassword: "long enough",
                ]
                fields[PageField.csrf] = token
                let shown = try await scene.browser.post(fields, to: act.path.rawValue)
                #expect(shown.text.contains("This page was open for too long."))
            }
            #expect(try await scene.browser.open("/account").path == "/account")
            #expect(try await caller.refresh(tokens.refresh).status == 200)
            _ = try await caller.signIn()
        }
    }

    @Test(
        "a form's address opened anew leads to the page, or to the sign-in",
        arguments: AccountEndpoint.Act.allCases
    )
    func addresses(act: AccountEndpoint.Act) async throws {
        try await test { scene, caller in
            #expect(try await scene.browser.open(act.path.rawValue).path == "/account")
            let nobody = PersonsBrowser(caller)
            #expect(
                try await nobody.open(act.path.rawValue).path == "/login?continue=%2Faccount"
            )
            let sent = try await nobody.post([:], to: act.path.rawValue)
            #expect(sent.path == "/login?continue=%2Faccount")
        }
    }

    @Test("a link of somebody else's does not make the page say that something was done")
    func forgedNotice() async throws {
        try await test { scene, _ in
            let links = ["passwordChanged", "passwordChanged.x", "nonsense.x", ".", "a.b.c"]
            for link in links {
                let shown = try await scene.browser.open("/account?notice=\(link)")
                #expect(!shown.text.contains("Your password was changed."))
            }
        }
    }

    @Test("a place in a list that is none shows the list from its beginning")
    func nowhere() async throws {
        try await test { scene, caller in
            _ = try await caller.signIn()
            let id = try await scene.session()
            let shown = try await scene.browser.open("/account?sessions=x&apps=&history=-7")
            #expect(shown.answer.status == 200)
            #expect(shown.text.contains("value=\"\(id)\""))
            let far = try await scene.browser.open("/account?history=99999999999999999999")
            #expect(far.answer.status == 200)
        }
    }

    @Test("who has a password from the configuration file is not offered to change it")
    func ownedByFile() async throws {
        try await test { scene, _ in
            #expect(scene.page.text.contains(PagePath.changePassword.rawValue))
            let hash = try await scene.world.server.account(named: TestServer.username).value
                .password
            _ = try await scene.world.server.apply(
                FileOwnedAccount(
                    username: TestServer.username,
                    email: nil,
                    password: .hashed(hash),
                    access: .open
                )
            )
            let shown = try await scene.browser.open("/account")
            #expect(!shown.text.contains(PagePath.changePassword.rawValue))
            #expect(shown.text.contains("An administrator sets your password."))
        }
    }
}
