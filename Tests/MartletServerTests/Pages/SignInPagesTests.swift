import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol
import Testing

@testable import MartletServer

/// Signing in, choosing an account and consenting, as a browser does it and as somebody else's page
/// would have it done.
@Suite("The pages on the way to an app")
struct SignInPagesTests {
    private static let callback = "https://web.example.com/callback"

    private static func world(
        _ more: [(String, String)] = [],
        members: KeyValuePairs<String, JSONValue> = [:],
        _ body: @escaping @Sendable (TestServer, Caller, String) async throws -> Void
    ) async throws {
        let test = try await TestServer()
        var metadata = JSONObject()
        metadata["client_name"] = "Web"
        metadata["redirect_uris"] = [.string(callback)]
        metadata["grant_types"] = ["authorization_code", "refresh_token"]
        metadata["id_token_signed_response_alg"] = "ES256"
        metadata["scope"] = "openid profile read offline_access"
        for (name, value) in members { metadata[name] = value }
        let made = try await test.server.createClient(metadata: .object(metadata))
        let request = Form.encode(
            [
                ("response_type", "code"), ("client_id", made.client.id.rawValue),
                ("redirect_uri", callback), ("scope", "openid read"), ("state", "s"),
                ("nonce", "n"), ("code_challenge", AuthorizationFlowTests.challenge),
                ("code_challenge_method", "S256"),
            ] + more
        )
        try await test.test { try await body(test, $0, "/oauth/authorize?" + request) }
    }

    /// Where the app's answer goes; the test fails if the browser is not on its way there.
    private static func answer(
        _ shown: PersonsBrowser.Shown,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> FormParameters {
        let target = try #require(
            shown.answer.headers[.location],
            "\(shown.path): \(shown.text)",
            sourceLocation: location
        )
        try #require(target.hasPrefix(callback), sourceLocation: location)
        let query = target.dropFirst(callback.utf8.count + 1)
        return try FormParameters(parsing: Array(query.utf8))
    }

    @Test(
        "a sign-in that this browser was given no form for signs nobody in",
        .covers("RFC 6749 §10.12 csrf", "OIDC Core §3.1.2.3 csrf")
    )
    func forgedSignIn() async throws {
        try await Self.world { _, caller, path in
            let fields = [
                "username": TestServer.username, "password": TestServer.password,
                "continue": path, "action": "sign_in",
            ]
            let bare = PersonsBrowser(caller)
            let first = try await bare.post(fields, to: "/login")
            #expect(first.path == "/login" && first.isPage)
            // Another browser's form.
            let other = PersonsBrowser(caller)
            let shown = try await other.open(path)
            let token = try #require(PageForm(shown.text)?.fields["csrf"])
            let second = try await bare.post(fields.merging(["csrf": token]) { $1 }, to: "/login")
            #expect(second.path == "/login" && second.isPage)
            #expect(
                second.answer.headers[values: .setCookie].allSatisfy {
                    !$0.hasPrefix("__Host-martlet=")
                }
            )
            // The page that was shown instead works.
            let done = try await bare.signIn(second)
            #expect(done.path.hasPrefix("/consent?"))
        }
    }

    @Test("a consent counts for the person, the app and the scope that the page showed")
    func forgedConsent() async throws {
        try await Self.world { _, caller, path in
            let browser = PersonsBrowser(caller)
            let consent = try await browser.signIn(try await browser.open(path))
            let form = try #require(PageForm(consent.text))
            let wider = path.replacing("openid+read", with: "openid+read+profile")
            try #require(wider != path)
            for change in [
                ["continue": wider], ["csrf": ""], ["csrf": "AAAA"],
                ["csrf": String(form.fields["csrf"]?.reversed() ?? [])],
            ] {
                let fields = form.fields.merging(change) { $1 }
                    .merging(["action": "allow"]) { $1 }
                let shown = try await browser.post(fields, to: "/consent")
                #expect(shown.isPage && shown.answer.headers[.location] == nil)
            }
            // A link is no answer either.
            let link = Form.encode([
                ("continue", path), ("action", "allow"), ("csrf", form.fields["csrf"] ?? ""),
            ])
            let linked = try await browser.open("/consent?" + link)
            #expect(linked.isPage)
            let allowed = try await browser.submit(consent, ["action": "allow"])
            #expect(try Self.answer(allowed).one("code") != nil)
        }
    }

    @Test(
        "no link leads on to anywhere but our own pages",
        .covers("RFC 6749 §10.15 open-redirector"),
        arguments: [
            "https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com",
            "/oauth/authorize@evil.example.com", "javascript:alert(1)", "/account\r\nX: y",
            "/oauth/token", "/login?continue=/login", "", "\u{E4}", "/device#x",
        ]
    )
    func continuations(target: String) async throws {
        try await Self.world { _, caller, _ in
            let browser = PersonsBrowser(caller)
            let login = try await browser.open("/login?\(Form.encode([("continue", target)]))")
            let done = try await browser.signIn(login)
            #expect(done.path == "/account" && done.isPage)
        }
    }

    @Test("once signed in and allowed, the next request is answered without a page")
    func remembered() async throws {
        try await Self.world { _, caller, path in
            let browser = PersonsBrowser(caller)
            let consent = try await browser.signIn(try await browser.open(path))
            _ = try Self.answer(try await browser.submit(consent, ["action": "allow"]))
            let again = try await browser.open(path)
            #expect(try Self.answer(again).one("code") != nil)
            let silent = try await browser.open(path + "&prompt=none")
            #expect(try Self.answer(silent).one("code") != nil)
            let stranger = try await PersonsBrowser(caller).open(path + "&prompt=none")
            #expect(try Self.answer(stranger).one("error") == "login_required")
            // More than was allowed is asked for, with what is new marked as such.
            let wider = path.replacing("openid+read", with: "openid+read+profile")
            let asked = try await browser.open(wider)
            #expect(asked.path.hasPrefix("/consent?"))
            #expect(asked.text.contains("New"))
        }
    }

    @Test("prompt=login asks for the password once, and a link cannot say that it was given")
    func again() async throws {
        try await Self.world([("prompt", "login")], members: ["skip_consent": true]) {
            _,
            caller,
            path in
            let browser = PersonsBrowser(caller)
            let first = try await browser.signIn(try await browser.open(path))
            #expect(try Self.answer(first).one("code") != nil)
            let second = try await browser.open(path)
            #expect(second.path.hasPrefix("/login?"))
            #expect(second.text.contains(TestServer.username))
            let forged = try await browser.open(
                path + "&interaction=signed_in.1767225600.AAAAAAAAAAAAAAAAAAAAAAA"
            )
            #expect(forged.path.hasPrefix("/login?"))
            let done = try await browser.submit(
                second,
                ["password": TestServer.password, "action": "sign_in"]
            )
            #expect(try Self.answer(done).one("code") != nil)
        }
    }

    @Test("prompt=select_account offers who is signed in, and somebody else")
    func selectAccount() async throws {
        try await Self.world(
            [("prompt", "select_account")],
            members: ["skip_consent": true]
        ) { _, caller, path in
            let browser = PersonsBrowser(caller)
            _ = try await browser.signIn(try await browser.open("/login?continue=/account"))
            let choice = try await browser.open(path)
            #expect(choice.path.hasPrefix("/select-account?"))
            let other = try await browser.submit(choice, ["action": "other"])
            #expect(other.path.hasPrefix("/login?switch=1"))
            let same = try await browser.submit(choice, ["action": "continue"])
            #expect(try Self.answer(same).one("code") != nil)
        }
    }

    @Test("a person who would rather not is sent back with access_denied")
    func cancelled() async throws {
        try await Self.world { _, caller, path in
            let browser = PersonsBrowser(caller)
            let login = try await browser.open(path)
            let back = try await browser.submit(login, ["action": "cancel"])
            #expect(try Self.answer(back).one("error") == "access_denied")
        }
    }

    @Test("a wrong password is told in one sentence, whoever does not exist")
    func wrongPassword() async throws {
        try await Self.world { _, caller, path in
            var texts: Set<String> = []
            for name in [TestServer.username, "nobody"] {
                let browser = PersonsBrowser(caller)
                let login = try await browser.open(path)
                let shown = try await browser.submit(
                    login,
                    ["username": name, "password": "wrong", "action": "sign_in"]
                )
                #expect(shown.isPage)
                #expect(!shown.text.contains("wrong\""))
                let tokens = PageForm(shown.text)?.fields["csrf"] ?? ""
                texts.insert(
                    shown.text.replacing(name, with: "…").replacing(tokens, with: "…")
                )
            }
            #expect(texts.count == 1)
        }
    }

    @Test("an answer in the fragment or in a form goes there, and to nowhere else")
    func modes() async throws {
        try await Self.world(members: ["skip_consent": true]) { _, caller, path in
            let browser = PersonsBrowser(caller)
            let fragment = try await browser.signIn(
                try await browser.open(path + "&response_mode=fragment")
            )
            let target = try #require(fragment.answer.headers[.location])
            #expect(target.hasPrefix(Self.callback + "#code=mac_"))
            let form = try await browser.open(path + "&response_mode=form_post")
            #expect(form.answer.status == 200 && form.isPage)
            let shown = try #require(PageForm(form.text))
            #expect(shown.action == Self.callback)
            #expect(shown.fields["code"]?.hasPrefix("mac_") == true)
            #expect(shown.fields["state"] == "s" && shown.fields["iss"] == TestServer.issuer)
            let policy = try #require(form.answer.headers[.contentSecurityPolicy])
            #expect(policy.contains("form-action 'self' https://web.example.com;"))
            #expect(policy.contains("frame-ancestors 'none'"))
        }
    }

    @Test(
        "what came from outside is escaped where a page repeats it",
        .covers("RFC 6749 §10.14 sanitized", "RFC 6749 §10.13 clickjacking")
    )
    func escaped() async throws {
        let hostile = #""><script>alert(1)</script>"#
        try await Self.world([("login_hint", hostile), ("ui_locales", hostile)]) {
            _,
            caller,
            path in
            let browser = PersonsBrowser(caller)
            let login = try await browser.open(path + "&" + Form.encode([("x", hostile)]))
            #expect(login.isPage && !login.text.contains("<script>"))
            #expect(login.answer.headers[.contentSecurityPolicy]?.contains("script-src") == false)
            #expect(
                login.answer.headers[.contentSecurityPolicy]?.contains("frame-ancestors 'none'")
                    == true
            )
            let problem = try await browser.open(
                "/oauth/authorize?" + Form.encode([("client_id", hostile)])
            )
            #expect(problem.answer.status == 400 && !problem.text.contains("alert(1)"))
        }
    }

    @Test("cookies are for this host alone, for no script, and not for other sites' forms")
    func cookies() async throws {
        try await Self.world { _, caller, path in
            let page = try await caller.get("/login?continue=/account")
            let browser = page.headers[values: .setCookie]
            #expect(browser.count == 1)
            for cookie in browser {
                #expect(cookie.hasPrefix("__Host-martlet-browser="))
                for attribute in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
                    #expect(cookie.contains(attribute))
                }
                #expect(!cookie.contains("Domain"))
            }
        }
    }

    @Test("a cookie is read byte by byte: what only looks like a semicolon divides nothing")
    func tossedCookies() async throws {
        try await Self.world { test, caller, _ in
            let cookies = BrowserCookies(issuer: TestServer.issuer)
            let browser = KnownBrowser(in: test.server.surroundings).text
            let name = "__Host-martlet-browser="
            for (header, isOurs) in [
                ("a=b; \(name)\(browser)", true), ("\(name)\(browser);a=b", true),
                ("x=1\u{37E}\(name)\(browser)", false),
                ("\(name)\(browser); \(name)\(browser)", false),
                ("x\(name)\(browser)", false), ("\(name)\(browser)\u{37E}", false),
            ] {
                let request = Request(
                    head: .init(
                        method: .get,
                        scheme: nil,
                        authority: nil,
                        path: "/",
                        headerFields: [.cookie: header]
                    ),
                    body: .init(buffer: .init())
                )
                #expect((cookies.browser(in: request) != nil) == isOurs, "\(header)")
            }
            let answer = try await caller.send(
                .get,
                "/account",
                headers: [.cookie: "x=1\u{37E}__Host-martlet=a.b"]
            )
            #expect(answer.status == 303)
        }
    }

    @Test("a note with a number that no clock tells changes nothing")
    func absurdNote() async throws {
        try await Self.world(members: ["skip_consent": true]) { _, caller, path in
            let browser = PersonsBrowser(caller)
            _ = try await browser.signIn(try await browser.open("/login?continue=/account"))
            for seconds in ["9223372036854775807", "-9223372036854775808"] {
                let shown = try await browser.open(path + "&interaction=signed_in.\(seconds).x")
                #expect(try Self.answer(shown).one("code") != nil)
            }
        }
    }

    @Test("a request that is longer than any client's is refused on a page")
    func tooLong() async throws {
        try await Self.world { _, caller, path in
            let long = path + "&x=" + String(repeating: "a", count: 17_000)
            let shown = try await PersonsBrowser(caller).open(long)
            #expect(shown.answer.status == 400 && shown.isPage)
        }
    }
}
