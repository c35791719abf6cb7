import HTTPTypes
import MartletCore
import MartletProtocol
import Testing

@testable import MartletServer

@Suite("An app signs a person in, over HTTP")
struct AuthorizationFlowTests {
    static let callback = "https://web.example.com/callback?tenant=a"
    /// RFC 7636, appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    private func client(
        of test: TestServer,
        method: ClientAuthenticationMethod = .clientSecretBasic,
        resources: [String] = []
    ) async throws -> KnownClient {
        let metadata: JSONValue = [
            "client_name": "Web", "redirect_uris": [.string(Self.callback)],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": .string(method.rawValue),
            "id_token_signed_response_alg": "ES256",
            "scope": "openid profile offline_access read write",
            "allowed_resources": .array(resources.map { .string($0) }),
        ]
        let made = try await test.server.createClient(metadata: metadata)
        return KnownClient(
            id: made.client.id.rawValue,
            secret: made.secret.map { String(decoding: $0.bytes, as: UTF8.self) },
            metadata: metadata
        )
    }

    private func request(
        _ client: KnownClient,
        _ more: [(String, String)] = [],
        scope: String = "openid read"
    ) -> String {
        Form.encode(
            [
                ("response_type", "code"), ("client_id", client.id),
                ("redirect_uri", Self.callback), ("scope", scope), ("state", "s&1"),
                ("nonce", "n-1"), ("code_challenge", Self.challenge),
                ("code_challenge_method", "S256"),
            ] + more
        )
    }

    /// Signs in and allows what is asked.
    ///
    /// - Returns: Where the browser is sent in the end.
    private func allow(
        _ client: KnownClient,
        _ caller: Caller,
        _ more: [(String, String)] = [],
        action: String = "allow"
    ) async throws -> String {
        let browser = PersonsBrowser(caller)
        let login = try await browser.open("/oauth/authorize?\(request(client, more))")
        let consent = try await browser.signIn(login)
        #expect(consent.path.hasPrefix("/consent?continue="))
        let end = try await browser.submit(consent, ["action": action])
        #expect(end.answer.status == 303)
        return try #require(end.answer.headers[.location])
    }

    /// The parameters that a redirect to the app carries.
    private func parameters(of location: String) throws -> FormParameters {
        let query = try #require(location.firstIndex(of: "?"))
        return try FormParameters(parsing: Array(location[location.index(after: query)...].utf8))
    }

    private func exchange(
        _ code: String,
        _ caller: Caller,
        as client: KnownClient?,
        naming id: String? = nil,
        _ more: [(String, String)] = []
    ) async throws -> Answer {
        try await caller.post(
            body: Form.encode(
                [
                    ("grant_type", "authorization_code"), ("code", code),
                    ("redirect_uri", Self.callback), ("code_verifier", Self.verifier),
                ] + (id.map { [("client_id", $0)] } ?? []) + more
            ),
            as: client
        )
    }

    @Test(
        "a request comes with GET or with POST, and leads to the sign-in",
        .covers("RFC 6749 §3.1 get-and-post", "OIDC Core §3.1.2.1 get-and-post"),
        arguments: Door.allCases
    )
    func methods(door: Door) async throws {
        let test = try await TestServer()
        let client = try await client(of: test)
        try await test.test(door) { caller in
            let got = try await PersonsBrowser(caller)
                .open("/oauth/authorize?\(request(client))")
            let fields = try FormParameters(parsing: Array(request(client).utf8))
            var form: [String: String] = [:]
            for name in [
                "response_type", "client_id", "redirect_uri", "scope", "state", "nonce",
                "code_challenge", "code_challenge_method",
            ] { form[name] = try fields.one(name) }
            let posted = try await PersonsBrowser(caller).post(form, to: "/oauth/authorize")
            for page in [got, posted] {
                #expect(page.path.hasPrefix("/login?continue="))
                #expect(page.text.contains("Web"))
            }
        }
    }

    @Test(
        "the answer stands in the query of the app's address, beside what was there",
        .covers(
            "RFC 6749 §4.1.2 in-query",
            "RFC 6749 §3.1.2 absolute-uri",
            "RFC 9207 §2 in-response",
            "RFC 8252 §8.10 per-client-uri"
        )
    )
    func query() async throws {
        let test = try await TestServer()
        let client = try await client(of: test)
        try await test.test { caller in
            let location = try await allow(client, caller)
            #expect(location.hasPrefix(Self.callback + "&"))
            let answer = try parameters(of: location)
            #expect(try answer.one("state") == "s&1")
            #expect(try answer.one("iss") == TestServer.issuer)
            #expect(try answer.one("tenant") == "a")
            let tokens = try await exchange(
                try #require(try answer.one("code")),
                caller,
                as: client
            )
            #expect(tokens.status == 200)
            tokens.expectUncachedJSON()
        }
    }

    @Test(
        "a person who says no sends the app access_denied, and the app learns nothing",
        .covers("RFC 6749 §4.1.2.1 access-denied", "RFC 9207 §2 in-errors")
    )
    func denied() async throws {
        let test = try await TestServer()
        let client = try await client(of: test)
        try await test.test { caller in
            let answer = try parameters(of: await allow(client, caller, action: "deny"))
            #expect(try answer.one("error") == "access_denied")
            #expect(try answer.one("state") == "s&1")
            #expect(try answer.one("iss") == TestServer.issuer)
            #expect(try answer.one("code") == nil)
        }
    }

    @Test("login_hint fills in the name", .covers("OIDC Core §3.1.2.1 login-hint"))
    func loginHint() async throws {
        let test = try await TestServer()
        let client = try await client(of: test)
        try await test.test { caller in
            let path = "/oauth/authorize?" + request(client, [("login_hint", "al\"ice")])
            let login = try await PersonsBrowser(caller).open(path)
            #expect(PageForm(login.text)?.fields["username"] == "al\"ice")
        }
    }

    @Test(
        "a code is exchanged for who names itself, and proves itself where it has a secret",
        .covers("RFC 6749 §3.2.1 public-names-itself", "RFC 6749 §4.1.3 authenticates")
    )
    func authentication() async throws {
        let test = try await TestServer()
        let web = try await client(of: test)
        let spa = try await client(of: test, method: .none)
        try await test.test { caller in
            let first = try parameters(of: await allow(web, caller)).one("code")
            let code = try #require(first)
            try await exchange(code, caller, as: nil, naming: web.id)
                .expectError("invalid_client", status: 401)
            #expect(try await exchange(code, caller, as: web).status == 200)
            let second = try #require(try parameters(of: await allow(spa, caller)).one("code"))
            try await exchange(second, caller, as: nil).expectError("invalid_client", status: 401)
            let answer = try await exchange(second, caller, as: nil, naming: spa.id)
            #expect(answer.status == 200)
        }
    }

    @Test(
        "an ID token's header says its type, its algorithm and its key, and carries none",
        .covers("OIDC Core §2 no-key-headers")
    )
    func idTokenHeader() async throws {
        let test = try await TestServer()
        let client = try await client(of: test)
        try await test.test { caller in
            let code = try #require(try parameters(of: await allow(client, caller)).one("code"))
            let answer = try await exchange(code, caller, as: client)
            let token = try #require(try answer.member("id_token"))
            let head = try #require(token.split(separator: ".").first)
            let header = try JSONValue(parsing: try #require(Base64URL.decode(String(head))))
            let names = try #require(header.object).members.map(\.name)
            #expect(Set(names) == ["typ", "alg", "kid"])
        }
    }

    @Test(
        "several APIs may be asked for; each token is for one of them, and for no other",
        .covers(
            "RFC 8707 §2 several",
            "RFC 8707 §2.1 bound",
            "RFC 8707 §2.2 at-exchange",
            "RFC 8707 §2.2 subset"
        )
    )
    func resources() async throws {
        let test = try await TestServer()
        let names = ["orders", "stock", "wages"].map { "https://\($0).example.com" }
        for name in names {
            _ = try await test.server.createResource(
                name,
                .init(scope: Scope("read write"))
            )
        }
        let client = try await client(of: test, resources: names)
        try await test.test { caller in
            let asked = names.prefix(2).map { ("resource", $0) }
            let location = try await allow(client, caller, asked)
            let code = try #require(try parameters(of: location).one("code"))
            let first = try await exchange(code, caller, as: client, [("resource", names[0])])
            #expect(first.status == 200, "\(first.text)")
            let tokens = try first.tokens()
            #expect(try audience(of: tokens.access) == [names[0], TestServer.issuer])
            try await caller.submit(
                [
                    "grant_type": "refresh_token", "refresh_token": tokens.refresh,
                    "resource": names[2],
                ],
                as: client
            ).expectError("invalid_target")
            let second = try await caller.submit(
                [
                    "grant_type": "refresh_token", "refresh_token": tokens.refresh,
                    "resource": names[1],
                ],
                as: client
            ).tokens()
            #expect(try audience(of: second.access) == [names[1], TestServer.issuer])
        }
    }

    private func audience(of token: String) throws -> [String] {
        let payload = try JSONValue(parsing: JSONWebSignature.parse(token).payload)
        return payload["aud"]?.strings ?? [payload["aud"]?.string ?? ""]
    }

    @Test(
        "the metadata tells relying parties what there is, and what is not",
        .covers(
            "RFC 9207 §3 announced",
            "OIDC Discovery §3 required-members",
            "OIDC Discovery §3 request-uri",
            "OIDC Discovery §3 claims-parameter",
            "OIDC Discovery §3 scopes",
            "OIDC Core §15.2 dynamic"
        )
    )
    func metadata() async throws {
        try await TestServer().test { caller in
            let json = try await caller.get("/.well-known/openid-configuration").json()
            for name in [
                "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint",
                "jwks_uri",
            ] { #expect(json[name]?.string?.hasPrefix(TestServer.issuer) == true) }
            #expect(json["response_types_supported"] == ["code"])
            #expect(json["response_modes_supported"] == ["query", "fragment", "form_post"])
            #expect(json["code_challenge_methods_supported"] == ["S256"])
            #expect(json["authorization_response_iss_parameter_supported"] == true)
            #expect(json["request_parameter_supported"] == false)
            #expect(json["request_uri_parameter_supported"] == false)
            #expect(json["claims_parameter_supported"] == true)
            #expect(json["subject_types_supported"]?.strings?.isEmpty == false)
            #expect(
                json["id_token_signing_alg_values_supported"]?.strings?.contains("RS256") == true
            )
            #expect(json["scopes_supported"]?.strings?.contains("openid") == true)
        }
    }
}
