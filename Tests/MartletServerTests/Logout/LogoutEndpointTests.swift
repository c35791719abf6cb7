import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import MartletServer

@Suite("Signing out with a browser")
struct LogoutEndpointTests {
    @Test(
        "with the sign-in's own ID token the browser is signed out and goes back with the state",
        .covers(
            "RP-Initiated Logout §2 get-and-post",
            "RP-Initiated Logout §2 hint-issuer",
            "RP-Initiated Logout §3 state"
        ),
        arguments: [
            "https://login.example.com", "https://example.com/login", "http://localhost:3000",
        ]
    )
    func hinted(issuer: String) async throws {
        let scene = try await LogoutScene(issuer: issuer)
        try await scene.test.test { caller in
            let answer = try await scene.get(
                caller,
                [
                    "id_token_hint": try await scene.idToken(caller),
                    "post_logout_redirect_uri": LogoutScene.out, "state": "a b&c=\u{E9}",
                ]
            )
            #expect(answer.status == 303)
            #expect(answer.headers[.location] == LogoutScene.out + "?state=a%20b%26c%3D%C3%A9")
            #expect(answer.headers[.cacheControl] == "no-store")
            let removal = answer.headers[values: .setCookie].first { $0.contains("martlet=;") }
            #expect(removal?.contains("Max-Age=0") == true)
            #expect(try await !scene.isSignedIn)
            // The second time there is nobody, and no error.
            let again = try await scene.get(
                caller,
                ["client_id": scene.client.id, "post_logout_redirect_uri": LogoutScene.out]
            )
            #expect(again.headers[.location] == LogoutScene.out)
        }
    }

    @Test(
        "without an ID token a page asks, names who and for whom, and its button signs out",
        .covers("RP-Initiated Logout §2 asks", "RP-Initiated Logout §2 signs-out"),
        arguments: ["https://login.example.com", "https://example.com/login"]
    )
    func asked(issuer: String) async throws {
        let scene = try await LogoutScene(issuer: issuer)
        try await scene.test.test { caller in
            let page = try await scene.get(
                caller,
                [
                    "client_id": scene.client.id, "post_logout_redirect_uri": LogoutScene.out,
                    "state": "s",
                ]
            )
            #expect(page.status == 200)
            #expect(page.text.contains(TestServer.username))
            #expect(page.text.contains("The App"))
            let policy = page.headers[.contentSecurityPolicy] ?? ""
            #expect(policy.contains("frame-ancestors 'none'"))
            #expect(policy.contains("form-action 'self' https://app.example.com"))
            #expect(try await scene.isSignedIn)
            let answer = try await scene.submit(caller, page)
            #expect(answer.status == 303)
            #expect(answer.headers[.location] == LogoutScene.out + "?state=s")
            #expect(try await !scene.isSignedIn)
        }
    }

    @Test(
        "without any parameter the person ends on a page of ours, in their language",
        .covers("RP-Initiated Logout §2 ui-locales")
    )
    func bare() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let page = try await scene.get(caller, ["ui_locales": "de"])
            #expect(page.headers[.contentLanguage] == "de")
            let answer = try await scene.submit(caller, page)
            #expect(answer.status == 200)
            #expect(answer.headers[.location] == nil)
            #expect(answer.headers[.contentLanguage] == "de")
            #expect(try await !scene.isSignedIn)
        }
    }

    @Test("the other button leaves the person signed in, on the account page")
    func stays() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let page = try await scene.get(caller, [:])
            let answer = try await scene.submit(caller, page, action: "stay")
            #expect(answer.status == 303)
            #expect(answer.headers[.location] == "/account")
            #expect(try await scene.isSignedIn)
        }
    }

    @Test(
        "a form that was not given to this browser for this question signs nobody out",
        .covers("RP-Initiated Logout §6 csrf"),
        arguments: [
            (["csrf": ""], nil), (["csrf": "AAAAAAAAAAAAAAAAAAAAAAA"], nil),
            (["action": "allow"], nil), ([:], "BBBBBBBBBBBBBBBBBBBBBA"),
            (["continue": "/oauth/logout?client_id=app"], nil),
        ] as [([String: String], String?)]
    )
    func forged(changes: [String: String], browser: String?) async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let page = try await scene.get(caller, ["client_id": scene.client.id])
            let answer = try await scene.submit(
                caller,
                page,
                changing: changes,
                browser: browser ?? LogoutScene.browserID
            )
            // The question, once more.
            #expect(answer.status == 200)
            #expect(answer.text.contains("sign_out"))
            if changes["csrf"] != nil {
                #expect(answer.text.contains("This page was open for too long."))
            }
            #expect(try await scene.isSignedIn)
        }
    }

    @Test("a page that was open while somebody else signed in asks again")
    func otherPerson() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let page = try await scene.get(caller, [:])
            let old = try #require(
                try await scene.test.server.signedIn(by: scene.cookie, at: scene.test.clock.now)
            )
            try await scene.test.server.signOut(old.signIn)
            let other = try await LogoutScene.signIn(at: scene.test)
            let html = try HTMLReader(page.text)
            let fields = html.all("input").map { ($0["name"] ?? "", $0["value"] ?? "") }
            let answer = try await caller.send(
                .post,
                "/logout",
                headers: [
                    .contentType: Form.contentType,
                    .cookie:
                        "__Host-martlet-browser=AAAAAAAAAAAAAAAAAAAAAA; "
                        + "__Host-martlet=\(other.text)",
                ],
                body: Array(Form.encode(fields + [("action", "sign_out")]).utf8)
            )
            #expect(answer.status == 200)
            let now = scene.test.clock.now
            #expect(try await scene.test.server.signedIn(by: other, at: now) != nil)
        }
    }

    @Test(
        "a form from another site, which comes without cookies, is asked for again as a link",
        .covers("RP-Initiated Logout §2 get-and-post")
    )
    func posted() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let hint = try await scene.idToken(caller)
            let form = LogoutScene.query([
                "id_token_hint": hint, "post_logout_redirect_uri": LogoutScene.out, "state": "a b",
            ])
            let answer = try await caller.send(
                .post,
                "/oauth/logout",
                headers: [.contentType: Form.contentType],
                body: Array(form.utf8)
            )
            #expect(answer.status == 303)
            #expect(answer.headers[values: .setCookie].isEmpty)
            let location = try #require(answer.headers[.location])
            #expect(location.hasPrefix("/oauth/logout?"))
            #expect(try await scene.isSignedIn)
            let second = try await caller.send(.get, location, headers: scene.headers())
            #expect(second.headers[.location] == LogoutScene.out + "?state=a%20b")
            #expect(try await !scene.isSignedIn)
        }
    }

    @Test(
        "nobody is sent to an address that its client did not register",
        .covers("RP-Initiated Logout §3 registered", "RP-Initiated Logout §4 errors"),
        arguments: [
            "https://evil.example/", "https://app.example.com.evil.example/out",
            "https://app.example.com/out/", "https://app.example.com/out?x",
            "https://app.example.com@evil.example/out", "//evil.example/out", "/account",
            "javascript:alert(1)", "http://127.0.0.1.evil.example/out", "data:text/html,x",
        ]
    )
    func openRedirect(uri: String) async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let hint = try await scene.idToken(caller)
            for signedIn in [true, false] {
                let named = try await scene.get(
                    caller,
                    [
                        "client_id": scene.client.id, "id_token_hint": hint,
                        "post_logout_redirect_uri": uri,
                    ],
                    signedIn: signedIn
                )
                #expect(named.status == 400)
                #expect(named.headers[.location] == nil)
                #expect(!named.text.contains("evil"))
            }
            #expect(try await scene.isSignedIn)
            let unnamed = try await scene.get(
                caller,
                ["post_logout_redirect_uri": uri],
                signedIn: false
            )
            #expect(unnamed.status == 200)
            #expect(unnamed.headers[.location] == nil)
        }
    }

    @Test("the page's form leads nowhere but to what a request would lead to")
    func continuation() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            for way in [
                "https://evil.example/", "//evil.example", "/oauth/logout", "/account", "",
                "/oauth/logout?post_logout_redirect_uri=https://evil.example/",
            ] {
                let page = try await scene.get(caller, [:])
                let answer = try await scene.submit(
                    caller,
                    page,
                    action: "x",
                    changing: ["continue": way]
                )
                #expect(answer.status == 200)
                #expect(answer.headers[.location] == nil)
            }
            let opened = try await caller.get("/logout?continue=https://evil.example/")
            #expect(opened.headers[.location] == "/oauth/logout?")
        }
    }

    @Test(
        "who is not signed in goes on quietly, and no cookie is touched",
        .covers("RP-Initiated Logout §4 errors")
    )
    func nobody() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let answer = try await scene.get(
                caller,
                ["client_id": scene.client.id, "post_logout_redirect_uri": LogoutScene.out],
                signedIn: false
            )
            #expect(answer.status == 303)
            #expect(answer.headers[.location] == LogoutScene.out)
            #expect(answer.headers[values: .setCookie].isEmpty)
            let bare = try await scene.get(caller, [:], signedIn: false)
            #expect(bare.status == 200)
        }
    }

    @Test("a client that registered itself gets a link on our page, not a redirect, from strangers")
    func selfRegistered() async throws {
        let scene = try await LogoutScene(managedBy: .registration)
        try await scene.test.test { caller in
            let answer = try await scene.get(
                caller,
                [
                    "client_id": scene.client.id, "post_logout_redirect_uri": LogoutScene.out,
                    "state": "s",
                ],
                signedIn: false
            )
            #expect(answer.status == 200)
            #expect(answer.headers[.location] == nil)
            let links = try HTMLReader(answer.text).all("a").compactMap { $0["href"] }
            #expect(links.contains(LogoutScene.out + "?state=s"))
        }
    }

    @Test("a request that is longer than any client makes is refused on a page")
    func long() async throws {
        let scene = try await LogoutScene()
        try await scene.test.test { caller in
            let long = String(repeating: "x", count: 20_000)
            let form = LogoutScene.query(["state": long])
            for answer in [
                try await scene.get(caller, ["state": long]),
                try await caller.send(
                    .post,
                    "/oauth/logout",
                    headers: [.contentType: Form.contentType],
                    body: Array(form.utf8)
                ),
            ] {
                #expect(answer.status == 400 || answer.status == 303)
                #expect(answer.headers[.location]?.hasPrefix("/oauth/logout?") != false)
            }
            #expect(try await scene.isSignedIn)
        }
    }

    @Test(
        "the metadata names the endpoint and says that clients can be told",
        .covers("RP-Initiated Logout §2.1 announced", "Back-Channel Logout §2.1 announced")
    )
    func metadata() async throws {
        let answer = try await TestServer().test { caller in
            try await caller.get("/.well-known/openid-configuration")
        }
        let json = try answer.json()
        #expect(json["end_session_endpoint"]?.string == "https://login.example.com/oauth/logout")
        #expect(json["backchannel_logout_supported"]?.bool == true)
        #expect(json["backchannel_logout_session_supported"]?.bool == true)
    }
}
