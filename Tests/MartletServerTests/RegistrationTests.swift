import HTTPTypes
import MartletCore
import MartletProtocol
import Testing

@Suite("Registering clients over HTTP")
struct RegistrationTests {
    static let path = "/oauth/register"
    static let metadata: JSONValue = [
        "client_name": "Photos", "redirect_uris": ["https://app.example.com/callback"],
        "id_token_signed_response_alg": "ES256",
    ]

    @Test(
        "where it is off nothing answers, and the metadata says nothing of it",
        arguments: Door.allCases
    )
    func off(door: Door) async throws {
        try await TestServer().test(door) { caller in
            for path in [Self.path, "\(Self.path)/app"] {
                for method in [HTTPRequest.Method.post, .get, .put, .delete] {
                    let answer = try await caller.send(
                        method,
                        path,
                        headers: [.contentType: "application/json"],
                        body: method == .get ? nil : Self.metadata.encoded()
                    )
                    #expect(answer.status == 404)
                }
            }
            let discovered = try await caller.get("/.well-known/openid-configuration").json()
            #expect(discovered["registration_endpoint"] == nil)
        }
    }

    @Test(
        "a client finds the endpoint, registers, reads, changes and deletes itself",
        .covers(
            "RFC 7591 §3.1 request",
            "RFC 7591 §3.2.1 created",
            "RFC 7592 §2.1 read",
            "RFC 7592 §3 response",
            "RFC 7592 §3 not-stored"
        ),
        arguments: Door.allCases
    )
    func life(door: Door) async throws {
        try await TestServer(registration: .open).test(door) { caller in
            let discovered = try await caller.get("/.well-known/openid-configuration").json()
            let endpoint = try #require(discovered["registration_endpoint"]?.string)
            #expect(endpoint == TestServer.issuer + Self.path)
            let made = try await caller.register(Self.metadata)
            #expect(made.status == 201)
            made.expectUncachedJSON()
            let token = try #require(try made.member("registration_access_token"))
            let path = try made.managementPath()
            var changed = try made.json()
            changed["client_name"] = "Pictures"
            for (method, body, name) in [
                (.get, nil, "Photos"), (.put, JSONValue.object(changed), "Pictures"),
                (.get, nil, "Pictures"),
            ] as [(HTTPRequest.Method, JSONValue?, String)] {
                let answer = try await caller.manage(path, method, token: token, body)
                #expect(answer.status == 200)
                answer.expectUncachedJSON()
                #expect(try answer.member("client_name") == name)
                #expect(try answer.member("registration_client_uri")?.hasSuffix(path) == true)
                #expect(try answer.member("registration_access_token") == token)
                #expect(try answer.member("client_secret") == nil)
            }
            let deleted = try await caller.manage(path, .delete, token: token)
            #expect(deleted.status == 204)
            #expect(deleted.body.isEmpty)
            #expect(try await caller.manage(path, .get, token: token).status == 401)
        }
    }

    @Test("who lacks a good token is challenged as RFC 6750 says")
    func challenge() async throws {
        let test = try await TestServer(registration: .token)
        let good = try await test.server.createRegistrationToken(uses: 1, lifetime: .days(1)).text
        try await test.test { caller in
            let none = try await caller.register(Self.metadata)
            #expect(none.status == 401)
            #expect(none.headers[.wwwAuthenticate] == #"Bearer realm="martlet""#)
            let bad = try await caller.register(Self.metadata, token: "mri_x")
            #expect(bad.status == 401)
            #expect(try bad.member("error") == "invalid_token")
            #expect(bad.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
            let token = String(decoding: good.bytes, as: UTF8.self)
            let made = try await caller.register(Self.metadata, token: token)
            #expect(made.status == 201)
            #expect(try await caller.register(Self.metadata, token: token).status == 401)

            let path = try made.managementPath()
            for method in [HTTPRequest.Method.get, .put, .delete] {
                for token in [nil, token, "mra_x", "é"] {
                    let answer = try await caller.manage(path, method, token: token, [:])
                    #expect([400, 401].contains(answer.status))
                    #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer ") == true)
                }
            }
            let unknown = try await caller.manage("\(Self.path)/app", .get, token: token)
            #expect(unknown.status == 401)
        }
    }

    @Test(
        "a body that is no metadata is refused with a code of RFC 7591",
        .covers("RFC 7591 §3.2.2 invalid-redirect-uri", "RFC 7591 §3.2.2 invalid-client-metadata"),
        arguments: [
            ("", "invalid_client_metadata"), ("nonsense", "invalid_client_metadata"),
            ("[]", "invalid_client_metadata"), ("null", "invalid_client_metadata"),
            ("{\"a\":1,\"a\":2}", "invalid_client_metadata"),
            ("{\"redirect_uris\":[\"\u{FFFD}\"]}", "invalid_redirect_uri"),
            ("{\"redirect_uris\":[\"javascript:alert(1)\"]}", "invalid_redirect_uri"),
            ("{}", "invalid_redirect_uri"), ("{\"skip_consent\":true}", "invalid_client_metadata"),
            (String(repeating: "[", count: 10_000), "invalid_client_metadata"),
            ("{\"a\":\"\(String(repeating: "a", count: 16 << 10))\"}", "invalid_client_metadata"),
            (String(repeating: "a", count: 70_000), "invalid_request"),
        ]
    )
    func hostileBody(body: String, code: String) async throws {
        try await TestServer(registration: .open).test { caller in
            try await caller.send(
                .post,
                Self.path,
                headers: [.contentType: "application/json"],
                body: Array(body.utf8)
            ).expectError(code)
        }
    }

    @Test(
        "only JSON is taken for metadata",
        .covers("RFC 7591 §3.1 request"),
        arguments: [
            nil, "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx",
        ]
    )
    func contentType(type: String?) async throws {
        try await TestServer(registration: .open).test { caller in
            var headers: HTTPFields = [:]
            headers[.contentType] = type
            try await caller.send(
                .post,
                Self.path,
                headers: headers,
                body: Self.metadata.encoded()
            ).expectError("invalid_request")
            headers[.contentType] = "Application/JSON ; charset=utf-8"
            let answer = try await caller.send(
                .post,
                Self.path,
                headers: headers,
                body: Self.metadata.encoded()
            )
            #expect(answer.status == 201)
        }
    }

    @Test("what is not answered says what is")
    func methods() async throws {
        try await TestServer(registration: .open).test { caller in
            let collection = try await caller.get(Self.path)
            #expect(collection.status == 405)
            #expect(collection.headers[.allow] == "POST, OPTIONS")
            let one = try await caller.send(.post, "\(Self.path)/x")
            #expect(one.status == 405)
            #expect(one.headers[.allow] == "GET, HEAD, PUT, DELETE, OPTIONS")
            #expect(try await caller.get("\(Self.path)/x/y").status == 404)
        }
    }

    @Test("too many registrations are told when to come back, and the operator hears of it")
    func limited() async throws {
        let test = try await TestServer(registration: .open)
        try await test.test { caller in
            for _ in 0..<20 {
                #expect(try await caller.register(Self.metadata).status == 201)
            }
            let answer = try await caller.register(Self.metadata)
            try answer.expectError("temporarily_unavailable", status: 429)
            #expect(answer.headers[.retryAfter] == "3601")
        }
        #expect(test.log.lines.contains { $0.contains("too many") })
    }

    @Test(
        "a registered client signs in as itself at the token endpoint, and its log tells no token"
    )
    func authenticates() async throws {
        let test = try await TestServer(registration: .open)
        try await test.test { caller in
            let made = try await caller.register(Self.metadata)
            let client = KnownClient(
                id: try #require(try made.member("client_id")),
                secret: try made.member("client_secret"),
                metadata: [:]
            )
            try await caller.submit(["grant_type": "client_credentials"], as: client)
                .expectError("unauthorized_client")
            try await caller.submit(
                ["grant_type": "password", "username": "alice", "password": "x"],
                as: client
            ).expectError("unauthorized_client")
            for name in ["client_secret", "registration_access_token"] {
                let secret = try #require(try made.member(name))
                #expect(!test.log.lines.contains { $0.contains(secret) })
            }
        }
    }
}

extension Caller {
    fileprivate func register(_ metadata: JSONValue, token: String? = nil) async throws -> Answer {
        try await manage(RegistrationTests.path, .post, token: token, metadata)
    }

    fileprivate func manage(
        _ path: String,
        _ method: HTTPRequest.Method,
        token: String?,
        _ body: JSONValue? = nil
    ) async throws -> Answer {
        var headers: HTTPFields = [:]
        headers[.authorization] = token.map { "Bearer \($0)" }
        if body != nil, method != .get { headers[.contentType] = "application/json" }
        return try await send(
            method,
            path,
            headers: headers,
            body: method == .get ? nil : body?.encoded()
        )
    }
}

extension Answer {
    fileprivate func managementPath() throws -> String {
        let uri = try #require(try member("registration_client_uri"))
        #expect(uri.hasPrefix(TestServer.issuer))
        return String(uri.dropFirst(TestServer.issuer.count))
    }
}
