import HTTPTypes
import MartletProtocol
import Testing

@Suite("A malformed form gets one plain sentence, and the connection survives")
struct MalformedRequestTests {
    static let endpoints = ["/oauth/token", "/oauth/revoke", "/oauth/introspect"]

    /// Sends a bad request and then, through the same door, a good one.
    private func refused(
        _ door: Door,
        _ code: String = "invalid_request",
        _ location: SourceLocation = #_sourceLocation,
        _ bad: @Sendable (Caller) async throws -> Answer
    ) async throws {
        try await TestServer().test(door) { caller in
            try await bad(caller).expectError(code, location)
            #expect(try await caller.signIn().refresh.hasPrefix("mrt_"), sourceLocation: location)
        }
    }

    @Test(
        "another content type, or none",
        arguments: Door.allCases,
        [
            nil, "", ";", "application/json", "text/plain", "multipart/form-data; boundary=x",
            "application/x-www-form-urlencodedx", "*/*",
            "application/x-www-form-urlencoded, application/x-www-form-urlencoded",
        ]
    )
    func contentType(door: Door, type: String?) async throws {
        try await refused(door) { caller in
            var headers: HTTPFields = [.authorization: KnownClient.app.basic]
            headers[.contentType] = type
            return try await caller.send(
                .post,
                "/oauth/token",
                headers: headers,
                body: Array("grant_type=client_credentials".utf8)
            )
        }
    }

    @Test(
        "the form's type may be written in any case and carry parameters",
        arguments: [
            "application/x-www-form-urlencoded; charset=UTF-8",
            "APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded ;x",
        ]
    )
    func contentTypeParameters(type: String) async throws {
        let answer = try await TestServer().test { caller in
            try await caller.post(
                body: "grant_type=client_credentials",
                headers: [.contentType: type]
            )
        }
        #expect(answer.status == 200)
    }

    @Test("a body of 64 KiB is read and one byte more is refused", arguments: Door.allCases)
    func length(door: Door) async throws {
        let start = "grant_type=client_credentials&x="
        let longest = start + String(repeating: "x", count: 65_536 - start.utf8.count)
        let answer = try await TestServer().test(door) { try await $0.post(body: longest) }
        #expect(answer.status == 200)
        try await refused(door) { try await $0.post(body: longest + "x") }
        try await refused(door) { caller in
            try await caller.post(body: String(repeating: "x", count: 500_000))
        }
    }

    @Test(
        "bytes that are no form",
        .covers("RFC 6749 §B form-encoding"),
        arguments: Door.allCases,
        [
            "grant_type=%", "grant_type=%4", "grant_type=%zz", "grant_type=%u1234", "%=1",
            "grant_type=client_credentials&x=%C3", "x=%FF", "%ED%A0%80=1", "x=%C0%80",
        ]
    )
    func bytes(door: Door, body: String) async throws {
        try await refused(door) { try await $0.post(body: body) }
    }

    @Test("raw bytes that are not UTF-8", arguments: Door.allCases)
    func notUTF8(door: Door) async throws {
        try await refused(door) { caller in
            try await caller.send(
                .post,
                "/oauth/token",
                headers: [.contentType: Form.contentType],
                body: Array("grant_type=password&username=".utf8) + [0xFF, 0xFE, 0x00]
            )
        }
    }

    @Test("more parameters than any request needs")
    func count() async throws {
        try await refused(.router) { caller in
            let many = String(repeating: "a=1&", count: 65)
            return try await caller.post(body: many + "grant_type=client_credentials")
        }
    }

    @Test(
        "a parameter that is sent twice, even when it is empty",
        .covers("RFC 6749 §3.2 once"),
        arguments: [
            ("/oauth/token", "grant_type=password&grant_type=password"),
            ("/oauth/token", "grant_type=&grant_type=password"),
            ("/oauth/token", "grant_type=client_credentials&scope=read&scope=read"),
            ("/oauth/token", "grant_type=client_credentials&client_id=app&client_id=app"),
            ("/oauth/token", "grant_type=client_credentials&client_secret=&client_secret="),
            ("/oauth/token", "grant_type=password&username=a&username=a&password=x"),
            ("/oauth/token", "grant_type=password&username=a&password=x&password=x"),
            ("/oauth/token", "grant_type=refresh_token&refresh_token=x&refresh_token=x"),
            ("/oauth/revoke", "token=x&token=x"),
            ("/oauth/revoke", "token=x&token_type_hint=&token_type_hint="),
            ("/oauth/introspect", "token=x&token=x"),
            ("/oauth/introspect", "token=x&token_type_hint=a&token_type_hint=b"),
        ]
    )
    func repeated(path: String, body: String) async throws {
        try await refused(.router) { try await $0.post(path, body: body) }
    }

    @Test(
        "a second resource is invalid_target: one access token has one audience",
        .covers("RFC 8707 §2.2 one-audience")
    )
    func repeatedResource() async throws {
        let twice = "&resource=https://a.example&resource=https://b.example"
        try await refused(.router, "invalid_target") { caller in
            try await caller.post(body: "grant_type=client_credentials" + twice)
        }
        try await TestServer().test { caller in
            let token = try await caller.signIn().refresh
            try await caller.post(body: "grant_type=refresh_token&refresh_token=\(token)\(twice)")
                .expectError("invalid_target")
            let next = try await caller.refresh(token)
            #expect(next.status == 200, "the refused request used the token up")
        }
    }

    @Test(
        "every endpoint that takes a form is as strict",
        .covers(
            "RFC 7009 §2.1 token-required",
            "RFC 7662 §2.1 token-required",
            "RFC 7009 §2.2.1 errors"
        ),
        arguments: endpoints
    )
    func everywhere(path: String) async throws {
        try await TestServer().test { caller in
            try await caller.post(path, body: "").expectError("invalid_request")
            try await caller.post(path, body: "%").expectError("invalid_request")
            try await caller.send(.post, path).expectError("invalid_request")
            try await caller.post(path, body: String(repeating: "x", count: 65_537))
                .expectError("invalid_request")
        }
    }
}

extension Answer {
    func expectError(_ code: String, _ location: SourceLocation) throws {
        try expectError(code, status: 400, location)
    }
}
