import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

/// The session behind the cookie.
@Suite("A browser's sign-in")
struct BrowserSignInTests {
    private static func world() async throws -> (TestAuthorizationServer, TestBrowser) {
        let world = try await TestAuthorizationServer()
        try await world.account()
        return (world, try await world.browser())
    }

    private static func isSignedIn(
        _ world: TestAuthorizationServer,
        _ cookie: SignInCookie?
    ) async throws -> Bool {
        try await world.server.signedIn(by: cookie, at: world.now) != nil
    }

    @Test("is over when nobody used it for a day, and used it lasts fourteen days")
    func lifetimes() async throws {
        let (world, browser) = try await Self.world()
        for _ in 0..<14 {
            world.wait(.hours(24) - .microseconds(1))
            #expect(try await Self.isSignedIn(world, browser.cookie))
        }
        world.wait(.seconds(1))
        #expect(try await !Self.isSignedIn(world, browser.cookie))
        let other = try await world.browser()
        world.wait(.hours(24))
        #expect(try await !Self.isSignedIn(world, other.cookie))
    }

    @Test("is proven by the cookie's secret, not by its id")
    func secret() async throws {
        let (world, browser) = try await Self.world()
        let forged = SignInCookie(
            id: browser.cookie.id,
            secret: Secret([UInt8](repeating: 0, count: SignIn.secretLength))
        )
        #expect(try await !Self.isSignedIn(world, forged))
        #expect(try await !Self.isSignedIn(world, nil))
        #expect(SignInCookie(browser.cookie.text) == browser.cookie)
        for text in ["", ".", "a.b", browser.cookie.text + "x", browser.cookie.id.rawValue] {
            #expect(SignInCookie(text) == nil)
        }
        #expect("\(browser.cookie)".contains("<redacted>"))
    }

    @Test("goes on under a new secret when the same person signs in again")
    func again() async throws {
        let (world, browser) = try await Self.world()
        let client = try await world.client(
            grants: [.authorizationCode, .refreshToken],
            scope: "read"
        )
        let token = try await world.newSession(client, in: browser)
        world.wait(.hours(1))
        let person = try await world.server.signedIn(by: browser.cookie, at: world.now)
        let (next, cookie) = try await world.server.signIn(
            try await world.server.account(named: "ada"),
            authentication: .password(at: world.now),
            origin: browser.origin,
            replacing: person,
            at: world.now
        )
        #expect(cookie.id == browser.cookie.id)
        #expect(next.signIn.authentication.time == world.now)
        #expect(try await !Self.isSignedIn(world, browser.cookie))
        #expect(try await Self.isSignedIn(world, cookie))
        _ = try await world.refresh(token, as: client)
    }

    @Test("ends, with its sessions, when somebody else signs in with the browser")
    func somebodyElse() async throws {
        let (world, browser) = try await Self.world()
        try await world.account("eve")
        let client = try await world.client(
            grants: [.authorizationCode, .refreshToken],
            scope: "read"
        )
        let token = try await world.newSession(client, in: browser)
        let person = try await world.server.signedIn(by: browser.cookie, at: world.now)
        let (_, cookie) = try await world.server.signIn(
            try await world.server.account(named: "eve"),
            authentication: .password(at: world.now),
            origin: browser.origin,
            replacing: person,
            at: world.now
        )
        #expect(cookie.id != browser.cookie.id)
        #expect(try await !Self.isSignedIn(world, browser.cookie))
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(token, as: client)
        }
    }

    @Test(
        "is over when the account is, or has another epoch",
        arguments: ["disable", "delete", "password", "everywhere"]
    )
    func account(event: String) async throws {
        let (world, browser) = try await Self.world()
        switch event {
        case "disable":
            try await world.server.disableAccount("ada")
            try await world.server.enableAccount("ada")
        case "delete": try await world.server.deleteAccount("ada")
        case "password":
            try await world.server.setPassword(of: "ada", to: Secret("another password"))
        default: try await world.server.endSessions(ofAccount: "ada")
        }
        #expect(try await !Self.isSignedIn(world, browser.cookie))
    }

    @Test("is written at most once a minute, however often it is used")
    func writes() async throws {
        let (world, browser) = try await Self.world()
        world.wait(.seconds(59))
        _ = try await Self.isSignedIn(world, browser.cookie)
        let entry = try await world.storage.find(SignIn.key(browser.cookie.id))
        let early = try SignIn(try #require(entry))
        #expect(early.lastSeen == world.now - .seconds(59))
        world.wait(.seconds(1))
        _ = try await Self.isSignedIn(world, browser.cookie)
        let later = try await world.storage.find(SignIn.key(browser.cookie.id))
        let noticed = try SignIn(try #require(later))
        #expect(noticed.lastSeen == world.now)
    }

    @Test("has another name at each client, and none tells the sign-in's own")
    func sid() {
        let id = SignInID(rawValue: "AAAAAAAAAAAAAAAAAAAAAA")
        let one = id.sid(at: ClientID(rawValue: "one"))
        let two = id.sid(at: ClientID(rawValue: "two"))
        #expect(one != two && one == id.sid(at: ClientID(rawValue: "one")))
        #expect(!one.contains(id.rawValue))
        #expect(SignInID(rawValue: "B").sid(at: ClientID(rawValue: "one")) != one)
    }

    @Test("a note of what was done counts for its request, its browser and ten minutes")
    func notes() async throws {
        let (world, browser) = try await Self.world()
        let id = browser.cookie.id
        let made = try await world.server.note(.signedIn, for: "a=1", by: id, at: world.now)
        let note = try #require(InteractionNote(made.text))
        #expect(note == made)
        let keys = try await world.keys.cookies
        #expect(note.isGenuine(for: "a=1", of: id, keys: keys, at: world.now))
        #expect(!note.isGenuine(for: "a=2", of: id, keys: keys, at: world.now))
        let other = SignInID(rawValue: "other")
        #expect(!note.isGenuine(for: "a=1", of: other, keys: keys, at: world.now))
        #expect(
            !note.isGenuine(for: "a=1", of: id, keys: keys, at: world.now + .minutes(10))
        )
        let text = made.text.replacing("signed_in", with: "chose_account")
        let forged = try #require(InteractionNote(text))
        #expect(!forged.isGenuine(for: "a=1", of: id, keys: keys, at: world.now))
        for text in ["", "signed_in", "signed_in.x.y", "danced.1.x", "signed_in.1.x.y"] {
            #expect(InteractionNote(text) == nil)
        }
        for seconds in ["9223372036854775807", "-9223372036854775808", "-1", "9223372036854"] {
            let note = InteractionNote("signed_in.\(seconds).x")
            #expect(
                note?.isGenuine(for: "a=1", of: id, keys: keys, at: world.now) ?? false == false
            )
        }
    }

    @Test(
        "a form's token is good for its browser and its purpose alone",
        .covers("RFC 6749 §10.12 csrf", "OIDC Core §3.1.2.3 csrf")
    )
    func formTokens() async throws {
        let (world, _) = try await Self.world()
        let token = try await world.server.formToken(
            for: ["consent", "app"],
            browser: "b",
            at: world.now
        )
        func isGood(_ text: String, _ purpose: [String], _ browser: String) async throws -> Bool {
            try await world.server.isFormToken(text, for: purpose, browser: browser)
        }
        #expect(try await isGood(token, ["consent", "app"], "b"))
        #expect(try await !isGood(token, ["consent", "app"], "c"))
        #expect(try await !isGood(token, ["consent", "other"], "b"))
        #expect(try await !isGood(token, ["consentapp"], "b"))
        #expect(try await !isGood(token, ["app", "consent"], "b"))
        #expect(try await !isGood("", ["consent", "app"], "b"))
        #expect(try await !isGood(token + "A", ["consent", "app"], "b"))
    }
}
