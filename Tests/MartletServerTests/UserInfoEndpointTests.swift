import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@Suite("The UserInfo endpoint")
struct UserInfoEndpointTests {
    static let path = "/oauth/userinfo"

    /// Registers a client that may tell of people.
    private func client(
        in test: TestServer,
        members: KeyValuePairs<String, JSONValue> = [:]
    ) async throws -> KnownClient {
        var metadata = JSONObject()
        metadata["grant_types"] = ["password", "refresh_token"]
        metadata["scope"] = "openid profile read"
        metadata["id_token_signed_response_alg"] = "ES256"
        for (name, value) in members { metadata[name] = value }
        let made = try await test.server.createClient(metadata: .object(metadata))
        let secret = try #require(made.secret)
        return KnownClient(
            id: made.client.id.rawValue,
            secret: String(decoding: secret.bytes, as: UTF8.self),
            metadata: .object(metadata)
        )
    }

    private func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }

    @Test(
        "it answers GET and POST alike, with JSON that nobody keeps",
        .covers(
            "OIDC Core §5.3 get-and-post",
            "OIDC Core §5.3.2 json",
            "RFC 6750 §2.1 header",
            "RFC 6750 §2.2 form-body",
            "OIDC Core §5.3 bearer"
        ),
        arguments: Door.allCases
    )
    func answers(door: Door) async throws {
        let test = try await TestServer()
        let client = try await client(in: test)
        try await test.test(door) { caller in
            let token = try await caller.signIn(as: client).access
            let got = try await caller.send(.get, Self.path, headers: bearer(token))
            let posted = try await caller.send(.post, Self.path, headers: bearer(token))
            let inForm = try await caller.post(
                Self.path,
                body: "access_token=\(token)",
                as: nil
            )
            for answer in [got, posted, inForm] {
                #expect(answer.status == 200)
                answer.expectUncachedJSON()
                #expect(try answer.member("sub") == "account-of-alice")
                #expect(try answer.member("preferred_username") == TestServer.username)
                #expect(answer.headers[.wwwAuthenticate] == nil)
            }
        }
    }

    @Test("a signed answer is a JWT", .covers("OIDC Core §5.3.2 signed"))
    func signed() async throws {
        let test = try await TestServer()
        let client = try await client(
            in: test,
            members: ["userinfo_signed_response_alg": "ES256"]
        )
        try await test.test { caller in
            let token = try await caller.signIn(as: client).access
            let answer = try await caller.send(.get, Self.path, headers: bearer(token))
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType] == "application/jwt")
            #expect(answer.headers[.cacheControl] == "no-store")
            let signed = try JSONWebSignature.parse(answer.text)
            #expect(try JSONValue(parsing: signed.payload)["aud"] == .string(client.id))
        }
    }

    @Test(
        "who sends no token is told that one is needed, and no error",
        .covers(
            "OIDC Core §5.3 bearer",
            "RFC 6750 §2.3 uri-query",
            "RFC 6750 §3 challenge",
            "RFC 6750 §3 no-error-without-token",
            "OIDC Core §5.3.3 errors"
        )
    )
    func missing() async throws {
        let test = try await TestServer()
        let client = try await client(in: test)
        try await test.test { caller in
            let token = try await caller.signIn(as: client).access
            let answers = [
                try await caller.get(Self.path),
                try await caller.get("\(Self.path)?access_token=\(token)"),
                try await caller.send(.post, Self.path),
                try await caller.post(Self.path, body: "token=x", as: nil),
                try await caller.send(
                    .post,
                    Self.path,
                    headers: [.contentType: "application/json"],
                    body: Array(#"{"access_token":"\#(token)"}"#.utf8)
                ),
                try await caller.post(Self.path, body: "", as: .app),
            ]
            for answer in answers {
                #expect(answer.status == 401)
                #expect(answer.headers[.wwwAuthenticate] == #"Bearer realm="martlet""#)
                #expect(answer.text == "{}")
            }
        }
    }

    @Test(
        "a token that will not do is refused as RFC 6750 says",
        .covers(
            "OIDC Core §5.3.3 errors",
            "RFC 6750 §2 one-method",
            "RFC 6750 §3.1 invalid-request",
            "RFC 6750 §3.1 invalid-token",
            "RFC 6750 §3.1 insufficient-scope"
        )
    )
    func refusals() async throws {
        let test = try await TestServer()
        let client = try await client(in: test)
        try await test.test { caller in
            let tokens = try await caller.signIn(as: client)
            let plain = try await caller.signIn().access
            let nonsense = try await caller.send(.get, Self.path, headers: bearer("a.b.c"))
            expect(nonsense, "invalid_token", status: 401)
            let refresh = try await caller.send(.get, Self.path, headers: bearer(tokens.refresh))
            expect(refresh, "invalid_token", status: 401)
            let scopeless = try await caller.send(.get, Self.path, headers: bearer(plain))
            expect(scopeless, "insufficient_scope", status: 403)
            #expect(scopeless.headers[.wwwAuthenticate]?.hasSuffix(#"scope="openid""#) == true)
            let malformed = try await caller.send(.get, Self.path, headers: bearer("a b"))
            expect(malformed, "invalid_request", status: 400)
            let twice = try await caller.post(
                Self.path,
                body: "access_token=\(tokens.access)",
                as: nil,
                headers: bearer(tokens.access)
            )
            expect(twice, "invalid_request", status: 400)
            test.clock.advance(by: .minutes(10))
            let expired = try await caller.send(.get, Self.path, headers: bearer(tokens.access))
            expect(expired, "invalid_token", status: 401)
        }
    }

    private func expect(
        _ answer: Answer,
        _ code: String,
        status: Int,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(answer.status == status, sourceLocation: location)
        #expect(
            answer.headers[.wwwAuthenticate]?
                .hasPrefix(#"Bearer realm="martlet", error="\#(code)", error_description=""#)
                == true,
            sourceLocation: location
        )
        #expect((try? answer.member("error")) == code, sourceLocation: location)
        answer.expectUncachedJSON(location)
    }

    @Test("a body that is no form, too long or not UTF-8 harms nobody")
    func hostileBodies() async throws {
        let test = try await TestServer()
        let client = try await client(in: test)
        try await test.test { caller in
            let token = try await caller.signIn(as: client).access
            for body in ["access_token=%", "access_token=%FF", String(repeating: "a&", count: 99)] {
                let answer = try await caller.post(Self.path, body: body, as: nil)
                #expect(answer.status == 400)
            }
            let long = String(repeating: "a", count: 70_000)
            #expect(try await caller.post(Self.path, body: long, as: nil).status == 400)
            let answer = try await caller.send(.get, Self.path, headers: bearer(token))
            #expect(answer.status == 200)
        }
    }

    @Test("other methods are refused, with the list of those that will do")
    func methods() async throws {
        try await TestServer().test { caller in
            let answer = try await caller.send(.put, Self.path)
            #expect(answer.status == 405)
            #expect(answer.headers[.allow] == "GET, HEAD, POST, OPTIONS")
        }
    }
}
