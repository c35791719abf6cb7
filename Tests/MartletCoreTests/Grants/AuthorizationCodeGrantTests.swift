import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

/// From a code to a session: once, by the right client, with what only it knows.
@Suite("An authorization code is exchanged")
struct AuthorizationCodeGrantTests {
    private static func world() async throws -> (TestAuthorizationServer, TestClient, TestBrowser) {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let client = try await world.client(
            grants: [.authorizationCode, .refreshToken],
            scope: "openid read offline_access"
        )
        return (world, client, try await world.browser())
    }

    private static func expectRefused(
        _ code: OAuthError.Code = .invalidGrant,
        _ location: SourceLocation = #_sourceLocation,
        _ work: () async throws -> TokenResponse
    ) async throws {
        do {
            _ = try await work()
            Issue.record("it was answered", sourceLocation: location)
        } catch let error as OAuthError {
            #expect(error.code == code, sourceLocation: location)
        }
    }

    @Test(
        "it brings an access token, a refresh token and, with openid, an ID token",
        .covers(
            "RFC 6749 §4.1.4 response",
            "RFC 7636 §4.6 verified",
            "RFC 7636 §4.4 bound",
            "RFC 7636 §4.2 s256",
            "OIDC Core §3.1.2.1 openid"
        )
    )
    func exchange() async throws {
        let (world, client, browser) = try await Self.world()
        let code = try await world.code(client, in: browser, scope: "openid read")
        let answer = try await world.exchange(code, as: client)
        #expect(answer.scope.description == "openid read")
        #expect(answer.refresh != nil)
        #expect(answer.idToken != nil)
        let plain = try await world.code(client, in: browser, scope: "read")
        #expect(try await world.exchange(plain, as: client).idToken == nil)
    }

    @Test(
        "the second use is refused, and ends the session that came from the first",
        .covers(
            "RFC 6749 §4.1.2 once",
            "RFC 6749 §4.1.2 second-use-revokes",
            "OIDC Core §3.1.3.2 code-checks"
        ),
        arguments: [Duration.zero, .seconds(61), .days(10)]
    )
    func twice(after wait: Duration) async throws {
        let (world, client, browser) = try await Self.world()
        let code = try await world.code(client, in: browser, scope: "read offline_access")
        let first = try await world.exchange(code, as: client)
        let refresh = try #require(first.refresh).token
        world.wait(wait)
        try await Self.expectRefused { try await world.exchange(code, as: client) }
        do {
            _ = try await world.refresh(refresh, as: client)
            Issue.record("the session goes on")
        } catch let error as OAuthError {
            #expect(error == RefreshVerdict.ended)
        }
        #expect(
            try await world.events.contains { event in
                if case .sessionEnded(_, _, _, .codeReuse) = event { true } else { false }
            }
        )
        // Once more changes nothing, and writes nothing.
        let count = try await world.events.count
        try await Self.expectRefused { try await world.exchange(code, as: client) }
        #expect(try await world.events.count == count)
    }

    @Test("of twenty that exchange one code at once one is answered, and the session ends")
    func race() async throws {
        let (world, client, browser) = try await Self.world()
        let code = try await world.code(client, in: browser)
        let answers = await withTaskGroup(of: TokenResponse?.self) { group in
            for _ in 0..<20 {
                group.addTask { try? await world.exchange(code, as: client) }
            }
            return await group.reduce(into: [TokenResponse?]()) { $0.append($1) }
        }
        #expect(answers.compactMap(\.self).count == 1)
        let families = try await world.storage.list(of: .all, before: nil, limit: 10)
        #expect(families.count == 1)
        #expect(families.first?.family?.state.ended?.reason == .codeReuse)
    }

    @Test(
        "a code is good for sixty seconds, to the microsecond",
        .covers("RFC 6749 §4.1.2 short-lived", "RFC 6749 §4.1.3 valid-code")
    )
    func expires() async throws {
        for (wait, isGood) in [
            (Duration.seconds(60) - .microseconds(1), true), (.seconds(60), false),
        ] {
            let (world, client, browser) = try await Self.world()
            let code = try await world.code(client, in: browser)
            world.wait(wait)
            let answer = try? await world.exchange(code, as: client)
            #expect((answer != nil) == isGood)
        }
    }

    @Test(
        "another client, another verifier, another redirect URI or none of them is refused",
        .covers(
            "RFC 6749 §4.1.2 bound",
            "RFC 6749 §4.1.3 own-code",
            "RFC 6749 §4.1.3 same-redirect-uri",
            "RFC 6749 §10.6 redirect-uri-twice",
            "RFC 7636 §4.6 missing-verifier",
            "RFC 7636 §4.1 verifier-syntax",
            "OIDC Core §16.11 token-substitution"
        )
    )
    func mixedUp() async throws {
        let (world, client, browser) = try await Self.world()
        let other = try await world.client(grants: [.authorizationCode], scope: "read")
        let code = try await world.code(client, in: browser)
        let right =
            [
                ("grant_type", "authorization_code"), ("code", code),
                ("redirect_uri", TestAuthorizationServer.callback),
                ("code_verifier", TestAuthorizationServer.verifier),
            ] as [(String, String?)]
        func with(_ name: String, _ value: String?) -> [(String, String?)] {
            right.filter { $0.0 != name } + [(name, value)]
        }
        let wrong = [
            with("code", code + "x"), with("code", String(code.dropLast())),
            with("code_verifier", nil), with("code_verifier", "short"),
            with("code_verifier", String(repeating: "a", count: 43)),
            with("code_verifier", TestAuthorizationServer.verifier + "ü"),
            with("redirect_uri", "https://app.example.com/other"),
        ]
        for parameters in wrong {
            try await Self.expectRefused {
                try await world.server.token(world.request(parameters, as: client))
            }
        }
        try await Self.expectRefused { try await world.exchange(code, as: other) }
        try await Self.expectRefused(.invalidClient) {
            try await world.server.token(
                world.request(right, as: client.with(secret: "not the secret"))
            )
        }
        // None of this used it up: only who knows everything can.
        _ = try await world.exchange(code, as: client)
    }

    @Test("with a verifier the redirect URI may be left out, as OAuth 2.1 does")
    func withoutRedirect() async throws {
        let (world, client, browser) = try await Self.world()
        let code = try await world.code(client, in: browser)
        let answer = try await world.server.token(
            world.request(
                [
                    ("grant_type", "authorization_code"), ("code", code),
                    ("code_verifier", TestAuthorizationServer.verifier),
                ],
                as: client
            )
        )
        #expect(answer.refresh != nil)
    }

    @Test(
        "a verifier for a code that was asked for without a challenge is refused",
        .covers("RFC 7636 §7.2 no-downgrade", "RFC 7636 §5 without-challenge")
    )
    func downgrade() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let client = try await world.client(
            grants: [.authorizationCode],
            scope: "openid",
            members: ["require_pkce": false]
        )
        let browser = try await world.browser()
        func code() async throws -> String {
            let query = [
                ("response_type", "code"), ("client_id", client.id.rawValue),
                ("scope", "openid"), ("redirect_uri", TestAuthorizationServer.callback),
                ("nonce", "n"),
            ].map { "\($0)=\(TestAuthorizationServer.encoded($1))" }.joined(separator: "&")
            let answer = try await world.server.authorize(
                AuthorizationVisit(
                    parameters: try FormParameters(parsing: Array(query.utf8)),
                    query: query,
                    cookie: browser.cookie,
                    notes: [],
                    answer: ConsentAnswer(scope: try Scope(valid: "openid"), isAllowed: true),
                    origin: browser.origin,
                    arrived: world.now
                )
            )
            guard case .respond(let response) = answer else { return "" }
            return response.parameters.first { $0.name == "code" }?.value ?? ""
        }
        let first = try await code()
        try await Self.expectRefused { try await world.exchange(first, as: client) }
        let parameters =
            [
                ("grant_type", "authorization_code"), ("code", first),
                ("redirect_uri", TestAuthorizationServer.callback),
            ] as [(String, String?)]
        let answer = try await world.server.token(world.request(parameters, as: client))
        #expect(answer.idToken != nil)
        let second = try await code()
        try await Self.expectRefused {
            try await world.server.token(
                world.request(
                    [("grant_type", "authorization_code"), ("code", second)],
                    as: client
                )
            )
        }
    }

    @Test(
        "without offline_access the session ends when the person signs out; with it, it goes on",
        .covers(
            "OIDC Core §11 refresh-token",
            "Back-Channel Logout §2.7 refresh-tokens",
            "Back-Channel Logout §2.7 offline-stays"
        )
    )
    func signOut() async throws {
        let (world, client, browser) = try await Self.world()
        let bound = try await world.newSession(client, in: browser, scope: "read")
        let offline = try await world.newSession(
            client,
            in: browser,
            scope: "read offline_access"
        )
        let person = try #require(
            try await world.server.signedIn(by: browser.cookie, at: world.now)
        )
        #expect(try await world.server.signOut(person.signIn))
        #expect(try await !world.server.signOut(person.signIn))
        do {
            _ = try await world.refresh(bound, as: client)
            Issue.record("the session goes on")
        } catch let error as OAuthError {
            #expect(error == RefreshVerdict.ended)
        }
        _ = try await world.refresh(offline, as: client)
        #expect(try await world.server.signedIn(by: browser.cookie, at: world.now) == nil)
    }

    @Test("a session that ends with the browser's lives no longer than it, used or not")
    func boundLifetime() async throws {
        let (world, client, browser) = try await Self.world()
        var token = try await world.newSession(client, in: browser, scope: "read")
        // Used every twelve hours it outlives a day, and ends with the sign-in after fourteen.
        for _ in 0..<27 {
            world.wait(.hours(12))
            token = try #require(try await world.refresh(token, as: client).refresh).token
        }
        world.wait(.hours(12))
        await #expect(throws: RefreshVerdict.expired) {
            try await world.refresh(token, as: client)
        }
        let idle = try await world.newSession(
            client,
            in: world.browser(),
            scope: "read"
        )
        world.wait(.hours(24))
        await #expect(throws: RefreshVerdict.expired) {
            try await world.refresh(idle, as: client)
        }
    }

    @Test("a silent login takes the place of what the same browser had, and of nothing else")
    func silentLogin() async throws {
        let (world, client, browser) = try await Self.world()
        let first = try await world.newSession(client, in: browser, scope: "read")
        let offline = try await world.newSession(
            client,
            in: browser,
            scope: "read offline_access"
        )
        let elsewhere = try await world.newSession(client, in: world.browser(), scope: "read")
        let answer = try await world.authorize(
            client,
            in: browser,
            scope: "read",
            prompt: "none",
            allows: nil
        )
        guard case .respond(let response) = answer,
            let code = response.parameters.first(where: { $0.name == "code" })?.value
        else {
            Issue.record("\(answer)")
            return
        }
        let second = try await world.exchange(code, as: client)
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(first, as: client)
        }
        for token in [try #require(second.refresh).token, offline, elsewhere] {
            _ = try await world.refresh(token, as: client)
        }
    }

    @Test(
        "a refreshed ID token keeps issuer, subject and auth_time, and has no nonce",
        .covers(
            "OIDC Core §12.2 id-token",
            "OIDC Core §12.2 auth-time",
            "OIDC Core §12.2 nonce"
        )
    )
    func refreshedIDToken() async throws {
        let (world, client, browser) = try await Self.world()
        let code = try await world.code(client, in: browser, scope: "openid read")
        let first = try await world.exchange(code, as: client)
        world.wait(.minutes(30))
        let second = try await world.refresh(try #require(first.refresh).token, as: client)
        let keys = try await world.keys
        let firstText = try #require(first.idToken)
        let secondText = try #require(second.idToken)
        let one = try #require(world.server.issuedIDToken(firstText, keys: keys))
        let two = try #require(world.server.issuedIDToken(secondText, keys: keys))
        #expect(one.subject == two.subject && one.issuer == two.issuer)
        #expect(one.audience == two.audience && two.audience == [client.id.rawValue])
        #expect(one.authenticationTime == two.authenticationTime)
        #expect(one.sessionID == two.sessionID && one.sessionID != nil)
        #expect(two.issuedAt == world.now.seconds && two.nonce == nil)
    }
}
