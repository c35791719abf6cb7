import MartletProtocol
import Testing

@testable import MartletCore

@Suite("The end session endpoint's story")
struct LogoutStoryTests {
    private static let out = "https://app.example.com/out?from=martlet"

    private struct Scene {
        let world: TestAuthorizationServer
        let client: TestClient
        let browser: TestBrowser

        init(redirects: [JSONValue] = [.string(out), "http://127.0.0.1/out"]) async throws {
            world = try await TestAuthorizationServer()
            client = try await world.client(
                grants: [.authorizationCode, .refreshToken],
                scope: "openid read offline_access",
                members: ["post_logout_redirect_uris": .array(redirects)]
            )
            try await world.account("ada")
            try await world.account("eve")
            browser = try await world.browser("ada")
        }

        /// The tokens of a session from the browser.
        func tokens(
            _ scope: String = "openid read",
            in other: TestBrowser? = nil
        ) async throws -> TokenResponse {
            let code = try await world.code(client, in: other ?? browser, scope: scope)
            return try await world.exchange(code, as: client)
        }

        func logOut(
            _ parameters: KeyValuePairs<String, String>,
            in other: TestBrowser? = nil,
            answer: LogoutDecision.Answer? = nil
        ) async throws -> LogoutAnswer {
            let form = parameters.map {
                "\(TestAuthorizationServer.encoded($0))=\(TestAuthorizationServer.encoded($1))"
            }
            return try await world.server.logOut(
                LogoutVisit(
                    parameters: FormParameters(parsing: Array(form.joined(separator: "&").utf8)),
                    cookie: (other ?? browser).cookie,
                    answer: answer,
                    arrived: world.now
                )
            )
        }
    }

    @Test(
        "signing out ends the sign-in and what ends with it; offline_access goes on",
        .covers(
            "RP-Initiated Logout §2 signs-out",
            "Back-Channel Logout §2.7 refresh-tokens",
            "Back-Channel Logout §2.7 offline-stays"
        )
    )
    func ends() async throws {
        let scene = try await Scene()
        let online = try await scene.tokens()
        let offline = try await scene.tokens("openid read offline_access")
        let hint = try #require(online.idToken)
        let answer = try await scene.logOut(["id_token_hint": hint])
        guard case .signedOut(.page(back: nil), let client?) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(client.id == scene.client.id)
        #expect(try await !scene.world.isSignedIn(scene.browser.cookie))
        await #expect(throws: OAuthError.self) {
            try await scene.world.refresh(try #require(online.refresh).token, as: scene.client)
        }
        _ = try await scene.world.refresh(try #require(offline.refresh).token, as: scene.client)
        #expect(
            try await scene.world.events.contains {
                if case .signedOut = $0 { true } else { false }
            }
        )
    }

    @Test(
        "a hint that expired still counts, as long as its sign-in does",
        .covers("RP-Initiated Logout §2 expired-hint")
    )
    func expired() async throws {
        let scene = try await Scene()
        let hint = try #require(try await scene.tokens().idToken)
        scene.world.wait(IDTokenMint.lifetime + .hours(2))
        guard case .signedOut = try await scene.logOut(["id_token_hint": hint]) else {
            Issue.record("asked")
            return
        }
    }

    @Test(
        "a sign-in that nobody used for long can still be signed out, after the same question"
    )
    func idle() async throws {
        let scene = try await Scene()
        scene.world.wait(.days(2))
        #expect(try await !scene.world.isSignedIn(scene.browser.cookie))
        guard case .ask(_, let person) = try await scene.logOut([:]) else {
            Issue.record("not asked")
            return
        }
        #expect(person.account.value.username == "ada")
        _ = try await scene.logOut([:], answer: .signOut)
        #expect(try await scene.world.storage.find(SignIn.key(scene.browser.cookie.id)) == nil)
    }

    @Test("the ID token of another browser's sign-in brings the question")
    func otherBrowser() async throws {
        let scene = try await Scene()
        let other = try await scene.world.browser("ada")
        let eve = try await scene.world.browser("eve")
        let hint = try #require(try await scene.tokens().idToken)
        for browser in [other, eve] {
            guard case .ask = try await scene.logOut(["id_token_hint": hint], in: browser) else {
                Issue.record("not asked")
                return
            }
            #expect(try await scene.world.isSignedIn(browser.cookie))
        }
    }

    @Test("a cookie with another secret signs nobody out")
    func guessed() async throws {
        let scene = try await Scene()
        let hint = try #require(try await scene.tokens().idToken)
        let guess = TestBrowser(
            cookie: SignInCookie(
                id: scene.browser.cookie.id,
                secret: Secret([UInt8](repeating: 1, count: SignIn.secretLength))
            ),
            origin: scene.browser.origin
        )
        guard case .signedOut = try await scene.logOut(["id_token_hint": hint], in: guess) else {
            Issue.record("somebody")
            return
        }
        #expect(try await scene.world.isSignedIn(scene.browser.cookie))
    }

    @Test("the person's no leaves everything as it is")
    func stays() async throws {
        let scene = try await Scene()
        guard case .stay = try await scene.logOut([:], answer: .stay) else {
            Issue.record("did not stay")
            return
        }
        #expect(try await scene.world.isSignedIn(scene.browser.cookie))
    }

    @Test(
        "a registered address is where the person goes, with the state; a loopback port is free",
        .covers(
            "RP-Initiated Logout §3 registered",
            "RP-Initiated Logout §3 state",
            "RP-Initiated Logout §3.1 client-metadata"
        ),
        arguments: [out, "http://127.0.0.1/out", "http://127.0.0.1:49152/out"]
    )
    func registered(uri: String) async throws {
        let scene = try await Scene()
        let answer = try await scene.logOut(
            [
                "client_id": scene.client.id.rawValue, "post_logout_redirect_uri": uri,
                "state": "a b&c",
            ],
            answer: .signOut
        )
        guard case .signedOut(.redirect(let redirect), _) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(redirect == LogoutRedirect(uri: uri, state: "a b&c"))
    }

    @Test(
        "an address that is not registered byte for byte refuses the request",
        .covers("RP-Initiated Logout §3 registered", "RP-Initiated Logout §4 errors"),
        arguments: [
            "https://app.example.com/out", "https://app.example.com/out?from=martlet&",
            "https://APP.example.com/out?from=martlet", "https://app.example.com/callback",
            "https://app.example.com:443/out?from=martlet", "https://evil.example/",
            "https://app.example.com/out?from=martlet#", "//evil.example", "javascript:alert(1)",
            "http://127.0.0.1:1/out/../in", "http://localhost/out", "", " ",
        ]
    )
    func unregistered(uri: String) async throws {
        let scene = try await Scene()
        let hint = try #require(try await scene.tokens().idToken)
        let answer = try await scene.logOut([
            "id_token_hint": hint, "post_logout_redirect_uri": uri,
        ])
        guard case .problem(let error) = answer else {
            // An empty parameter is as good as none (RFC 6749 §3.1).
            guard uri.isEmpty, case .signedOut(.page(back: nil), _) = answer else {
                Issue.record("\(answer)")
                return
            }
            return
        }
        #expect(error.code == .invalidRequest)
        #expect(try await scene.world.isSignedIn(scene.browser.cookie))
    }

    @Test(
        "an address without anything that says whose it is leads nowhere",
        .covers("RP-Initiated Logout §3 unproven")
    )
    func unproven() async throws {
        let scene = try await Scene()
        let made = try #require(try await scene.tokens().idToken)
        for hint in ["", "x", String(made.dropLast(4)) + "AAAA"] {
            let answer = try await scene.logOut(
                ["post_logout_redirect_uri": Self.out, "id_token_hint": hint],
                answer: .signOut
            )
            guard case .signedOut(.page(back: nil), nil) = answer else {
                Issue.record("\(answer)")
                return
            }
        }
    }

    @Test("an access token is no hint", .covers("RP-Initiated Logout §2 hint-issuer"))
    func accessToken() async throws {
        let scene = try await Scene()
        let token = try await scene.tokens().accessToken
        guard case .ask(let request, _) = try await scene.logOut(["id_token_hint": token]) else {
            Issue.record("not asked")
            return
        }
        #expect(request.client == nil)
    }

    @Test(
        "a client_id that is unknown, or not the hint's, refuses the request",
        .covers("RP-Initiated Logout §2 client-id", "RP-Initiated Logout §4 errors")
    )
    func wrongClient() async throws {
        let scene = try await Scene()
        let other = try await scene.world.client()
        let hint = try #require(try await scene.tokens().idToken)
        let unknown = try await scene.logOut(["client_id": "nobody"])
        let foreign = try await scene.logOut([
            "client_id": other.id.rawValue, "id_token_hint": hint,
        ])
        guard case .problem(let first) = unknown, case .problem(let second) = foreign else {
            Issue.record("no problem")
            return
        }
        #expect(first.code == .invalidClient)
        #expect(second.code == .invalidRequest)
        #expect(try await scene.world.isSignedIn(scene.browser.cookie))
        // The hint's own client may be named beside it.
        let answer = try await scene.logOut([
            "client_id": scene.client.id.rawValue, "id_token_hint": hint,
        ])
        guard case .signedOut = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test("a parameter twice, or longer than any client needs, refuses the request")
    func malformed() async throws {
        let scene = try await Scene()
        let long = String(repeating: "x", count: 17 * 1024)
        let requests: [KeyValuePairs<String, String>] = [
            ["state": "1", "state": "2"], ["state": String(long.prefix(5000))],
            ["id_token_hint": long],
        ]
        for parameters in requests {
            guard case .problem(let error) = try await scene.logOut(parameters) else {
                Issue.record("no problem")
                return
            }
            #expect(error.code == .invalidRequest)
        }
    }
}
