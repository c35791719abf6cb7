import HTTPTypes
import MartletCore
import MartletProtocol
import Testing

@testable import MartletServer

@Suite("Scripts of registered single-page clients may read answers, and no others")
struct CrossOriginTests {
    static let origin = "https://spa.example.com"
    static let paths: [(HTTPRequest.Method, String)] = [
        (.post, "/oauth/token"), (.post, "/oauth/revoke"), (.get, "/oauth/userinfo"),
        (.post, "/oauth/userinfo"), (.get, "/oauth/jwks"),
        (.get, "/.well-known/openid-configuration"),
        (.get, "/.well-known/oauth-authorization-server"),
    ]

    private static func metadata(
        _ redirectURIs: [String],
        method: String = "none",
        type: String = "web"
    ) -> JSONValue {
        [
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": .array(redirectURIs.map { .string($0) }),
            "token_endpoint_auth_method": .string(method), "application_type": .string(type),
            "id_token_signed_response_alg": "ES256",
        ]
    }

    /// A server with a single-page client, and some that are none.
    private func world(issuer: String = TestServer.issuer) async throws -> TestServer {
        let test = try await TestServer(issuer: issuer)
        for metadata in [
            Self.metadata([
                "\(Self.origin)/callback", "https://other.example.com:8443/",
                "http://localhost:5173/",
            ]),
            Self.metadata(["https://backend.example.com/cb"], method: "client_secret_basic"),
            Self.metadata(
                ["com.example.app:/cb", "https://native.example.com/cb", "http://127.0.0.1/cb"],
                type: "native"
            ),
        ] {
            _ = try await test.server.createClient(metadata: metadata)
        }
        return test
    }

    private func ask(
        _ caller: Caller,
        _ method: HTTPRequest.Method,
        _ path: String,
        from origins: [String],
        preflightFor asked: String? = nil
    ) async throws -> Answer {
        var headers = HTTPFields()
        for origin in origins { headers.append(.init(name: .origin, value: origin)) }
        headers[.accessControlRequestMethod] = asked
        if asked != nil { headers[.accessControlRequestHeaders] = "authorization" }
        return try await caller.send(method, path, headers: headers)
    }

    private func expectNothing(_ answer: Answer, _ location: SourceLocation = #_sourceLocation) {
        let names = answer.headers.map(\.name.canonicalName)
        #expect(
            !names.contains { $0.hasPrefix("access-control-") },
            "\(names)",
            sourceLocation: location
        )
    }

    @Test(
        "each registered origin may read each endpoint's answers, refusals too",
        .covers("OIDC Core §5.3 cors"),
        arguments: paths
    )
    func readable(method: HTTPRequest.Method, path: String) async throws {
        try await world().test { caller in
            for origin in [
                Self.origin, "https://other.example.com:8443", "http://localhost:5173",
            ] {
                let answer = try await ask(caller, method, path, from: [origin])
                #expect(answer.headers[values: .accessControlAllowOrigin] == [origin])
                #expect(answer.headers[values: .vary] == ["Origin"])
                #expect(answer.headers[.accessControlAllowCredentials] == nil)
                #expect(
                    answer.headers[.accessControlExposeHeaders] == "Retry-After, WWW-Authenticate"
                )
                #expect(answer.headers[.accessControlAllowMethods] == nil)
            }
        }
    }

    @Test(
        "no other origin may, however it is spelt",
        arguments: [
            ["https://evil.example"], ["https://backend.example.com"], ["http://spa.example.com"],
            ["https://native.example.com"], ["http://127.0.0.1"], ["com.example.app:"], ["null"],
            ["*"], [""], ["https://spa.example.com/"], ["https://spa.example.com:443"],
            ["https://SPA.example.com"], ["HTTPS://spa.example.com"],
            ["https://spa.example.com.evil.example"], ["https://xspa.example.com"],
            ["https://spa.example.com:8443"], ["https://other.example.com"],
            ["http://localhost"], ["http://localhost:5174"], ["https://localhost:5173"],
            ["https://spa.example.com, https://evil.example"], ["https://spa.example.\u{212A}om"],
            [origin, "https://evil.example"], ["https://evil.example", origin], [origin, origin],
            ["https://" + String(repeating: "a", count: 10_000)],
        ]
    )
    func unreadable(origins: [String]) async throws {
        try await world().test { caller in
            for (method, path) in Self.paths {
                let answer = try await ask(caller, method, path, from: origins)
                expectNothing(answer)
                #expect(answer.headers[values: .vary] == ["Origin"])
                let asked = try await ask(
                    caller,
                    .options,
                    path,
                    from: origins,
                    preflightFor: "POST"
                )
                #expect(asked.status == 204)
                expectNothing(asked)
                #expect(asked.headers[values: .vary] == ["Origin"])
            }
        }
    }

    @Test("without an origin the answer says what it hangs on, and no more")
    func noOrigin() async throws {
        try await world().test { caller in
            for (method, path) in Self.paths {
                let answer = try await ask(caller, method, path, from: [])
                expectNothing(answer)
                #expect(answer.headers[values: .vary] == ["Origin"])
            }
        }
    }

    @Test(
        "a browser that asks first is told methods and headers, for ten minutes",
        arguments: [Door.router, .socket]
    )
    func preflight(door: Door) async throws {
        try await world().test(door) { caller in
            for (path, methods) in [
                ("/oauth/token", "POST"), ("/oauth/revoke", "POST"),
                ("/oauth/userinfo", "GET, HEAD, POST"), ("/oauth/jwks", "GET, HEAD"),
                ("/.well-known/openid-configuration", "GET, HEAD"),
            ] {
                let answer = try await ask(
                    caller,
                    .options,
                    path,
                    from: [Self.origin],
                    preflightFor: "POST"
                )
                #expect(answer.status == 204)
                #expect(answer.body.isEmpty)
                #expect(answer.headers[values: .accessControlAllowOrigin] == [Self.origin])
                #expect(answer.headers[.accessControlAllowMethods] == methods)
                #expect(answer.headers[.accessControlAllowHeaders] == "Authorization, Content-Type")
                #expect(answer.headers[.accessControlMaxAge] == "600")
                #expect(answer.headers[.accessControlAllowCredentials] == nil)
                #expect(answer.headers[values: .vary] == ["Origin"])
            }
        }
    }

    @Test("other endpoints are nobody's to read")
    func others() async throws {
        try await world().test { caller in
            for (method, path) in [
                (HTTPRequest.Method.post, "/oauth/introspect"), (.get, "/healthz"),
                (.get, "/nowhere"), (.get, "/oauth/jwks/"), (.get, "//oauth/jwks"),
            ] {
                expectNothing(try await ask(caller, method, path, from: [Self.origin]))
                expectNothing(
                    try await ask(
                        caller,
                        .options,
                        path,
                        from: [Self.origin],
                        preflightFor: "POST"
                    )
                )
            }
        }
    }

    @Test("an issuer's path is part of the paths that scripts may read")
    func issuerPath() async throws {
        try await world(issuer: "https://example.com/login").test { caller in
            for path in [
                "/login/oauth/token", "/login/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server/login",
            ] {
                let answer = try await ask(caller, .get, path, from: [Self.origin])
                #expect(answer.headers[.accessControlAllowOrigin] == Self.origin)
            }
        }
    }

    @Test("a client that is made, changed or deleted counts at the next request")
    func atOnce() async throws {
        let test = try await world()
        try await test.test { caller in
            func readable(_ origin: String) async throws -> Bool {
                let answer = try await ask(caller, .get, "/oauth/jwks", from: [origin])
                return answer.headers[.accessControlAllowOrigin] == origin
            }
            #expect(try await !readable("https://late.example.com"))
            let made = try await test.server.createClient(
                metadata: Self.metadata(["https://late.example.com/cb"])
            )
            #expect(try await readable("https://late.example.com"))
            try await test.server.deleteClient(made.client.id)
            #expect(try await !readable("https://late.example.com"))
            #expect(try await readable(Self.origin))
        }
    }

    @Test("a store that cannot tell makes nobody's answer readable")
    func fault() async throws {
        let test = try await world()
        try await test.test { caller in
            test.storage.fail(with: .unavailable("the disk is gone"))
            let answer = try await ask(caller, .get, "/oauth/jwks", from: [Self.origin])
            #expect(answer.status == 503)
            expectNothing(answer)
            #expect(answer.headers[values: .vary] == ["Origin"])
            test.storage.fail(with: nil)
            let again = try await ask(caller, .get, "/oauth/jwks", from: [Self.origin])
            #expect(again.headers[.accessControlAllowOrigin] == Self.origin)
        }
    }
}
