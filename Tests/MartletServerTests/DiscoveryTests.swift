import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletProtocol
import MartletServer
import Testing

@Suite("What anybody may read: keys, metadata, health")
struct DiscoveryTests {
    @Test(
        "the JWKS holds public members only and may be cached for less than a key waits",
        .covers("OIDC Core §10.1 keys")
    )
    func keys() async throws {
        let answer = try await TestServer().test { try await $0.get("/oauth/jwks") }
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.headers[.cacheControl] == "public, max-age=600")
        guard case .array(let keys) = try answer.json()["keys"] else {
            Issue.record("no keys: \(answer.text)")
            return
        }
        #expect(keys.count == 2)
        for key in keys {
            let names = try #require(key.object).members.map(\.name)
            #expect(Set(names) == ["kty", "crv", "x", "y", "use", "alg", "kid"])
        }
    }

    @Test(
        "both metadata documents are one and the same, under an issuer with a path too",
        .covers(
            "RFC 8414 §3 well-known",
            "RFC 8414 §3.1 get",
            "RFC 8414 §3.2 response",
            "RFC 8414 §3.3 same-issuer",
            "OIDC Discovery §4 path",
            "OIDC Discovery §4.2 response"
        ),
        arguments: [
            ("https://login.example.com", ""), ("https://example.com/login", "/login"),
            ("https://example.com/a/b", "/a/b"), ("http://localhost:3000", ""),
        ]
    )
    func metadata(issuer: String, path: String) async throws {
        try await TestServer(issuer: issuer).test { caller in
            let oauth = try await caller.get("/.well-known/oauth-authorization-server\(path)")
            let openID = try await caller.get("\(path)/.well-known/openid-configuration")
            #expect(oauth.status == 200)
            #expect(oauth.headers[.contentType] == "application/json")
            #expect(oauth.headers[.cacheControl] == "public, max-age=600")
            #expect(oauth.body == openID.body)
            let json = try oauth.json()
            #expect(json["issuer"] == .string(issuer))
            #expect(json["token_endpoint"] == .string("\(issuer)/oauth/token"))
            let keySet = try await caller.get("\(path)/oauth/jwks")
            #expect(keySet.status == 200)
            let token = try await caller.post(
                "\(path)/oauth/token",
                body: "grant_type=client_credentials"
            )
            #expect(token.status == 200)
        }
    }

    @Test(
        "the metadata announces only what answers",
        .covers(
            "RFC 8414 §2 only-what-is-there",
            "RFC 8414 §2 endpoints",
            "RFC 8414 §2 response-types",
            "RFC 8414 §2 optional-members",
            "RFC 8414 §3.2 no-empty-members",
            "RFC 7009 §2 announced",
            "OIDC Discovery §3 userinfo"
        )
    )
    func announced() async throws {
        try await TestServer().test { caller in
            let json = try await caller.get("/.well-known/openid-configuration").json()
            #expect(
                json.members.map(\.name) == [
                    "issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint",
                    "introspection_endpoint", "ended_sessions_endpoint", "userinfo_endpoint",
                    "device_authorization_endpoint", "end_session_endpoint", "jwks_uri",
                    "grant_types_supported", "response_types_supported",
                    "response_modes_supported", "code_challenge_methods_supported",
                    "authorization_response_iss_parameter_supported", "prompt_values_supported",
                    "request_parameter_supported", "request_uri_parameter_supported",
                    "ui_locales_supported", "backchannel_logout_supported",
                    "backchannel_logout_session_supported",
                    "scopes_supported", "token_endpoint_auth_methods_supported",
                    "revocation_endpoint_auth_methods_supported",
                    "introspection_endpoint_auth_methods_supported",
                    "subject_types_supported", "id_token_signing_alg_values_supported",
                    "userinfo_signing_alg_values_supported", "acr_values_supported",
                    "claim_types_supported", "claims_supported", "claims_parameter_supported",
                ]
            )
            #expect(
                json["grant_types_supported"] == [
                    "refresh_token", "client_credentials", "authorization_code",
                    "urn:ietf:params:oauth:grant-type:device_code", "password",
                ]
            )
            #expect(json["response_types_supported"] == ["code"])
            #expect(json["code_challenge_methods_supported"] == ["S256"])
            #expect(json["authorization_response_iss_parameter_supported"] == true)
            #expect(
                json["introspection_endpoint_auth_methods_supported"]
                    == ["client_secret_basic", "client_secret_post"]
            )
            for member in json.members where member.name.hasSuffix("_endpoint") {
                let path = try #require(member.value.string).dropFirst(TestServer.issuer.count)
                #expect(try await caller.get(String(path)).status != 404)
            }
        }
    }

    @Test(
        "the metadata says what clients are told of the people who sign in",
        .covers(
            "OIDC Discovery §3 rs256",
            "OIDC Discovery §3 userinfo",
            "OIDC Discovery §3 scopes",
            "OIDC Discovery §3 claims",
            "OIDC Discovery §3 claims-parameter"
        )
    )
    func people() async throws {
        let test = try await TestServer()
        let scope: Scope = Scope(tokens: ["read", "email"]) ?? .none
        _ = try await test.server.createResource(
            TestServer.api,
            .init(scope: scope, idleLifetime: nil, absoluteLifetime: nil)
        )
        let json = try await test.test { caller in
            try await caller.get("/.well-known/openid-configuration").json()
        }
        #expect(json["userinfo_endpoint"] == .string(TestServer.issuer + "/oauth/userinfo"))
        #expect(json["subject_types_supported"] == ["public", "pairwise"])
        for name in ["id_token", "userinfo"] {
            #expect(
                json["\(name)_signing_alg_values_supported"]
                    == ["ES256", "RS256", "PS256", "EdDSA"]
            )
        }
        #expect(
            json["scopes_supported"]
                == ["openid", "profile", "email", "address", "phone", "offline_access", "read"]
        )
        let claims = try #require(json["claims_supported"]?.strings)
        #expect(
            Set(["sub", "iss", "auth_time", "acr", "email", "given_name"]).isSubset(of: claims)
        )
        #expect(json["claims_parameter_supported"] == true)
        #expect(json["acr_values_supported"] == ["urn:martlet:acr:password"])
    }

    @Test(
        "the issuer comes from the configuration, whatever Host or a proxy's headers say",
        .covers("RFC 8414 §3.3 same-issuer", "OIDC Discovery §4.3 same-issuer")
    )
    func host() async throws {
        let answer = try await TestServer().test(.socket) { caller in
            var headers: HTTPFields = [:]
            for name in ["X-Forwarded-Host", "Forwarded", "X-Forwarded-Proto", "X-Original-URL"] {
                headers.append(.init(name: try #require(.init(name)), value: "evil.example"))
            }
            return try await caller.send(
                .get,
                "/.well-known/openid-configuration",
                headers: headers
            )
        }
        #expect(answer.status == 200)
        #expect(!answer.text.contains("evil"))
        #expect(try answer.member("issuer") == TestServer.issuer)
    }

    @Test("healthz answers always, readyz while the store can be read")
    func health() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            #expect(try await caller.get("/healthz").status == 200)
            #expect(try await caller.get("/readyz").status == 200)
            await test.storage.close()
            #expect(try await caller.get("/healthz").status == 200)
            let answer = try await caller.get("/readyz")
            #expect(answer.status == 503)
            #expect(answer.headers[.cacheControl] == "no-store")
        }
    }

    @Test(
        "another method gets 405 and the Allow header",
        .covers("RFC 6749 §3.2 post-only", "RFC 7009 §2.1 post", "RFC 7662 §2.1 post"),
        arguments: Door.allCases,
        [
            (HTTPRequest.Method.get, "/oauth/token", "POST, OPTIONS"),
            (.put, "/oauth/token", "POST, OPTIONS"), (.head, "/oauth/token", "POST, OPTIONS"),
            (.delete, "/oauth/revoke", "POST, OPTIONS"),
            (.get, "/oauth/introspect?token=x", "POST, OPTIONS"),
            (.post, "/oauth/jwks", "GET, HEAD, OPTIONS"),
            (.patch, "/.well-known/openid-configuration", "GET, HEAD, OPTIONS"),
            (.trace, "/healthz", "GET, HEAD, OPTIONS"),
        ]
    )
    func methods(door: Door, asked: (HTTPRequest.Method, String, String)) async throws {
        try await TestServer().test(door) { caller in
            let answer = try await caller.send(asked.0, asked.1)
            #expect(answer.status == 405)
            #expect(answer.headers[.allow] == asked.2)
            if asked.0 != .head { #expect(try answer.member("error") == "method_not_allowed") }
            let options = try await caller.send(.options, asked.1)
            #expect(options.status == 204)
            #expect(options.headers[.allow] == asked.2)
            #expect(options.body.isEmpty)
        }
    }

    @Test("HEAD answers as GET does, without the body", arguments: Door.allCases)
    func head(door: Door) async throws {
        try await TestServer().test(door) { caller in
            for path in ["/oauth/jwks", "/.well-known/openid-configuration", "/healthz"] {
                let get = try await caller.get(path)
                let head = try await caller.send(.head, path)
                #expect(head.status == 200)
                #expect(head.body.isEmpty)
                #expect(head.headers[.contentType] == get.headers[.contentType])
                #expect(head.headers[.contentLength] == String(get.body.count))
                #expect(try await caller.get(path).body == get.body)
            }
            let nowhere = try await caller.send(.head, "/nowhere")
            #expect(nowhere.status == 404)
            #expect(nowhere.body.isEmpty)
            #expect(try await caller.get("/healthz").status == 200)
        }
    }

    @Test(
        "whoever looks at the issuer's own address is led to the account page",
        arguments: [
            ("https://example.com", "/", "/account"),
            ("https://example.com/auth", "/auth/", "/auth/account"),
            ("https://example.com/auth", "/auth", "/auth/account"),
        ]
    )
    func front(issuer: String, path: String, account: String) async throws {
        try await TestServer(issuer: issuer).test { caller in
            let answer = try await caller.get(path)
            #expect(answer.status == 303)
            #expect(answer.headers[.location] == account)
        }
    }

    @Test("who brings a front page of their own finds its place free, as the demo does")
    func ownFrontPage() async throws {
        let test = try await TestServer()
        let app = ServerApplication.make(
            for: test.server,
            listening: .init(host: "127.0.0.1", port: 0),
            logger: test.log.logger,
            metrics: test.metrics,
            front: .callers
        ) { router in
            router.get("/") { _, _ in "a page of one's own" }
        }
        try await app.test(.router) { client in
            let answer = try await Caller(client: client).get("/")
            #expect(answer.status == 200 && answer.text == "a page of one's own")
        }
        let usual = try await test.test { try await $0.get("/") }
        #expect(usual.status == 303)
    }

    @Test(
        "a path that nothing answers gets 404 as JSON",
        arguments: [
            "/nowhere", "/oauth", "/oauth/token/x", "/admin", "/metrics",
            "/oauth/register", "/%2e%2e/etc/passwd", "/oauth%2Ftoken", "/nowhere?x=%", "*",
            "/.well-known/", "/\u{E9}",
        ]
    )
    func notFound(path: String) async throws {
        let answer = try await TestServer().test { try await $0.get(path) }
        #expect(answer.status == 404)
        #expect(try answer.member("error") == "not_found")
        answer.expectUncachedJSON()
    }

    @Test("every answer forbids sniffing, framing and referrers, and does not name the server")
    func hardening() async throws {
        try await TestServer().test(.socket) { caller in
            let answers = [
                try await caller.get("/healthz"), try await caller.get("/nowhere"),
                try await caller.get("/oauth/jwks"), try await caller.get("/oauth/token"),
                try await caller.post(body: "grant_type=client_credentials"),
                try await caller.post(body: ""),
            ]
            for answer in answers {
                #expect(answer.headers[.xContentTypeOptions] == "nosniff")
                #expect(answer.headers[.referrerPolicy] == "no-referrer")
                #expect(
                    answer.headers[.contentSecurityPolicy]
                        == "default-src 'none'; frame-ancestors 'none'"
                )
                #expect(!answer.headers.contains(.server))
            }
        }
    }
}
