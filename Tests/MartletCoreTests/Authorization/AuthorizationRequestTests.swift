import MartletProtocol
import Testing

@testable import MartletCore

/// What the authorization endpoint makes of a request's parameters.
@Suite("An authorization request is read strictly")
struct AuthorizationRequestTests {
    /// The answer to a request of a signed-in person who allows everything, with these parameters
    /// changed, added or, with `nil`, taken away.
    private static func answer(
        _ changes: [(String, String?)] = [],
        repeated: [(String, String)] = [],
        client members: KeyValuePairs<String, JSONValue> = [:],
        method: ClientAuthenticationMethod = .clientSecretBasic,
        isSignedIn: Bool = true
    ) async throws -> (AuthorizationAnswer, TestAuthorizationServer) {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let client = try await world.client(
            grants: [.authorizationCode, .refreshToken],
            method: method,
            scope: "openid profile read offline_access",
            members: members
        )
        var parameters = [
            ("response_type", "code"), ("client_id", client.id.rawValue),
            ("scope", "openid read"), ("redirect_uri", TestAuthorizationServer.callback),
            ("state", "s &=+ü"), ("nonce", "n"),
            ("code_challenge", TestAuthorizationServer.challenge),
            ("code_challenge_method", "S256"),
        ]
        for (name, value) in changes {
            parameters.removeAll { $0.0 == name }
            if let value { parameters.append((name, value)) }
        }
        let text = (parameters + repeated).map {
            "\(TestAuthorizationServer.encoded($0.0))=\(TestAuthorizationServer.encoded($0.1))"
        }.joined(separator: "&")
        let browser = isSignedIn ? try await world.browser() : nil
        let form = try FormParameters(parsing: Array(text.utf8))
        let asked = form.all("scope").first.flatMap { Scope($0) }
        let left = asked?.intersection(try Scope(valid: "openid profile read offline_access"))
        let answer = try await world.server.authorize(
            AuthorizationVisit(
                parameters: form,
                query: text,
                cookie: browser?.cookie,
                notes: [],
                answer: left.map { ConsentAnswer(scope: $0, isAllowed: true) },
                origin: Origin(address: TestAuthorizationServer.home, userAgent: "browser"),
                arrived: world.now
            )
        )
        return (answer, world)
    }

    private static func response(
        _ changes: [(String, String?)] = [],
        repeated: [(String, String)] = [],
        client members: KeyValuePairs<String, JSONValue> = [:],
        method: ClientAuthenticationMethod = .clientSecretBasic
    ) async throws -> [String: String] {
        let (answer, _) = try await answer(
            changes,
            repeated: repeated,
            client: members,
            method: method
        )
        guard case .respond(let response) = answer else {
            throw AdministrationError("no way back to the client: \(answer)")
        }
        return Dictionary(uniqueKeysWithValues: response.parameters.map { ($0.name, $0.value) })
    }

    @Test(
        "the answer has the code, the state as it came, and the issuer",
        .covers(
            "RFC 6749 §4.1.1 response-type-code",
            "RFC 6749 §4.1.2 state",
            "RFC 9207 §2 in-response",
            "RFC 9207 §2 same-issuer",
            "RFC 6749 §10.10 entropy"
        )
    )
    func success() async throws {
        let response = try await Self.response()
        #expect(Set(response.keys) == ["code", "state", "iss"])
        #expect(response["state"] == "s &=+ü")
        #expect(response["iss"] == TestAuthorizationServer.issuer)
        let code = try #require(response["code"])
        #expect(code.hasPrefix("mac_") && code.utf8.count == 4 + 43)
    }

    @Test(
        "what is wrong with a request goes back to the client, with its state and the issuer",
        .covers(
            "RFC 6749 §4.1.2.1 invalid-request",
            "RFC 6749 §4.1.2.1 error-state",
            "RFC 6749 §4.1.2.1 invalid-scope",
            "RFC 6749 §3.1.1 response-type",
            "RFC 9207 §2 in-errors",
            "RFC 7636 §4.4.1 required",
            "RFC 7636 §4.4.1 unsupported-method",
            "RFC 7636 §4.3 challenge-in-request",
            "OIDC Core §3.1.2.1 none-alone",
            "OIDC Core §6.1 request-object",
            "OIDC Core §6.2 request-uri",
            "OIDC Core §3.1.2.2 validated"
        ),
        arguments: [
            ("response_type", nil, "invalid_request"),
            ("response_type", "token", "unsupported_response_type"),
            ("response_type", "code id_token", "unsupported_response_type"),
            ("response_mode", "web_message", "invalid_request"),
            ("scope", "nothing else", "invalid_scope"), ("scope", "\"", "invalid_scope"),
            ("code_challenge", nil, "invalid_request"),
            ("code_challenge", "short", "invalid_request"),
            ("code_challenge_method", nil, "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("prompt", "none login", "invalid_request"), ("prompt", "dance", "invalid_request"),
            ("max_age", "-1", "invalid_request"), ("max_age", "soon", "invalid_request"),
            ("request", "e30.e30.", "request_not_supported"),
            ("request_uri", "https://app.example.com/r", "request_uri_not_supported"),
            ("registration", "{}", "registration_not_supported"),
            ("resource", "https://other.example.com/", "invalid_target"),
            ("claims", "[", "invalid_request"),
            ("id_token_hint", "e30.e30.e30", "invalid_request"),
            ("nonce", String(repeating: "n", count: 2000), "invalid_request"),
        ] as [(String, String?, String)]
    )
    func refused(name: String, value: String?, code: String) async throws {
        let response = try await Self.response([(name, value)])
        #expect(response["error"] == code)
        #expect(response["error_description"]?.hasSuffix(".") == true)
        #expect(response["state"] == "s &=+ü")
        #expect(response["iss"] == TestAuthorizationServer.issuer)
        #expect(response["code"] == nil)
    }

    @Test(
        "a parameter that comes twice is an error",
        .covers("RFC 6749 §3.1 once"),
        arguments: ["response_type", "scope", "state", "nonce", "prompt", "code_challenge"]
    )
    func twice(name: String) async throws {
        let response = try await Self.response(repeated: [(name, "x"), (name, "x")])
        #expect(response["error"] == "invalid_request")
    }

    @Test(
        "unknown parameters are ignored, empty ones are absent, unsupported wishes are no error",
        .covers(
            "RFC 6749 §3.1 parameters",
            "OIDC Core §3.1.2.2 unknown-ignored",
            "OIDC Core §3.1.2.1 display",
            "OIDC Core §3.1.2.1 acr-values",
            "OIDC Core §3.1.2.1 ui-locales",
            "OIDC Core §15.1 mandatory-parameters",
            "OIDC Core §5.5.1 essential"
        )
    )
    func ignored() async throws {
        let response = try await Self.response([
            ("display", "popup"), ("acr_values", "urn:example:gold"), ("ui_locales", "xx de"),
            ("claims_locales", "fr"), ("colour", "blue"), ("request", ""), ("prompt", ""),
            ("claims", #"{"id_token":{"birthdate":{"essential":true}}}"#),
        ])
        #expect(response["code"] != nil)
    }

    @Test(
        "nothing is sent to where it is not proven that the request came from",
        .covers(
            "RFC 6749 §3.1.2.4 no-redirect",
            "RFC 6749 §3.1.2.3 compared",
            "RFC 6749 §10.15 open-redirector"
        ),
        arguments: [
            [("client_id", nil)], [("client_id", "nobody")],
            [("redirect_uri", "https://evil.example.com/callback")],
            [("redirect_uri", "https://app.example.com/callback/")],
            [("redirect_uri", "https://app.example.com/callback?x=1")],
            [("redirect_uri", "https://app.example.com/callback#x")],
            [("redirect_uri", "https://app.example.com/Callback")],
            [("redirect_uri", "https://app.example.com:443/callback")],
            [("redirect_uri", "javascript:alert(1)")],
        ] as [[(String, String?)]]
    )
    func unproven(changes: [(String, String?)]) async throws {
        let (answer, _) = try await Self.answer(changes)
        guard case .problem = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(
        "a client or redirect URI that is named twice proves nothing",
        arguments: ["client_id", "redirect_uri"]
    )
    func sourceTwice(name: String) async throws {
        let (answer, _) = try await Self.answer(
            repeated: [(name, "https://app.example.com/callback")]
        )
        guard case .problem = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test(
        "a client that does not sign people in gets a page, for it has no redirect URI",
        .covers("RFC 6749 §4.1.2.1 unauthorized-client")
    )
    func wrongGrant() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let client = try await world.client(grants: [.password])
        let answer = try await world.authorize(client, in: world.browser(), scope: "read")
        guard case .problem(let error) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(error.code == .unauthorizedClient)
    }

    @Test(
        "the redirect URI may be left out where there is only one, but not with openid",
        .covers("RFC 6749 §3.1.2.3 required-if-several")
    )
    func redirectLeftOut() async throws {
        let plain = try await Self.response([("redirect_uri", nil), ("scope", "read")])
        #expect(plain["code"] != nil)
        let openID = try await Self.response([("redirect_uri", nil)])
        #expect(openID["error"] == "invalid_request")
        let (several, _) = try await Self.answer(
            [("redirect_uri", nil), ("scope", "read")],
            client: ["redirect_uris": ["https://a.example.com/1", "https://a.example.com/2"]]
        )
        guard case .problem = several else {
            Issue.record("\(several)")
            return
        }
    }

    @Test(
        "a confidential client may be allowed to do without PKCE, with a nonce in its place",
        .covers("RFC 7636 §7.2 public-clients", "RFC 8252 §6 pkce")
    )
    func withoutChallenge() async throws {
        let without =
            [("code_challenge", nil), ("code_challenge_method", nil)] as [(String, String?)]
        let allowed = try await Self.response(without, client: ["require_pkce": false])
        #expect(allowed["code"] != nil)
        let noNonce = try await Self.response(
            without + [("nonce", nil)],
            client: ["require_pkce": false]
        )
        #expect(noNonce["error"] == "invalid_request")
        let isPublic = try await Self.response(without, method: .none)
        #expect(isPublic["error"] == "invalid_request")
    }

    @Test("scopes that the client may not ask for are left out, and offline_access with them")
    func scope() async throws {
        let (answer, world) = try await Self.answer([
            ("scope", "openid read admin"), ("prompt", "none"),
        ])
        guard case .respond = answer else {
            Issue.record("\(answer)")
            return
        }
        let consents = try await world.storage.all(Consent.self).0
        #expect(consents.first?.value.scope.description == "openid read")
    }

    @Test(
        "a client that registered itself is sent nothing before the person has signed in",
        .covers("RFC 6749 §10.15 open-redirector")
    )
    func selfRegisteredErrors() async throws {
        let world = try await TestAuthorizationServer()
        let made = try await world.client(
            grants: [.authorizationCode],
            method: .none,
            scope: "openid"
        )
        let stored = try await world.server.client(made.id)
        var client = stored.value
        client.managedBy = .registration
        try await world.storage.save([.update(stored, to: client)], events: [])
        let denied = try await world.authorize(made, in: nil, scope: "unknown")
        guard case .problem = denied else {
            Issue.record("\(denied)")
            return
        }
        let silent = try await world.authorize(made, in: nil, scope: "openid", prompt: "none")
        guard case .respond = silent else {
            Issue.record("\(silent)")
            return
        }
    }
}
