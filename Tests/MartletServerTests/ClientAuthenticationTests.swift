import Foundation
import HTTPTypes
import MartletProtocol
import Testing

@Suite("Clients authenticate in one way (RFC 6749 §2.3)")
struct ClientAuthenticationTests {
    static let body = "grant_type=client_credentials"

    private func basic(_ pair: String) -> String {
        "Basic " + Data(pair.utf8).base64EncodedString()
    }

    @Test(
        "with Basic, both parts form-encoded, or in the body",
        .covers("RFC 6749 §2.3.1 basic", "RFC 6749 §2.3.1 body", "OIDC Core §9 basic-and-post"),
        arguments: Door.allCases
    )
    func ways(door: Door) async throws {
        let inBody = Form.encode([
            ("grant_type", "client_credentials"), ("client_id", KnownClient.odd.id),
            ("client_secret", try #require(KnownClient.odd.secret)),
        ])
        let lowercase = "basic" + KnownClient.odd.basic.dropFirst(5)
        try await TestServer().test(door) { caller in
            let headerOnly = try await caller.post(body: Self.body, as: .odd)
            let bodyOnly = try await caller.post(body: inBody, as: nil)
            let anyCase = try await caller.post(
                body: Self.body,
                as: nil,
                headers: [.authorization: lowercase]
            )
            let named = try await caller.post(body: Self.body + "&client_id=app", as: .app)
            #expect([headerOnly, bodyOnly, anyCase, named].map(\.status) == [200, 200, 200, 200])
        }
    }

    @Test("a public client names itself and needs no secret", .covers("OIDC Core §9 none"))
    func publicClient() async throws {
        let tokens = try await TestServer().test { caller in
            let tokens = try await caller.signIn(as: .spa)
            return try await caller.refresh(tokens.refresh, as: .spa).tokens()
        }
        #expect(tokens.refresh.hasPrefix("mrt_"))
    }

    @Test(
        "two ways at once, or two names, are invalid_request",
        .covers("RFC 6749 §2.3 one-method")
    )
    func twoWays() async throws {
        let both = Self.body + "&client_id=app&client_secret=secret-of-app-51"
        try await TestServer().test { caller in
            try await caller.post(body: both, as: .app).expectError("invalid_request")
            try await caller.post(body: Self.body + "&client_secret=x", as: .app)
                .expectError("invalid_request")
            try await caller.post(body: Self.body + "&client_id=other", as: .app)
                .expectError("invalid_request")
        }
    }

    @Test(
        "whatever does not authenticate gets 401 and a challenge, on every endpoint",
        .covers(
            "RFC 6749 §5.2 invalid-client",
            "RFC 6749 §3.2.1 authenticates",
            "RFC 7662 §2.3 unauthenticated",
            "RFC 7009 §2.2.1 errors"
        ),
        arguments: ["/oauth/token", "/oauth/revoke", "/oauth/introspect"]
    )
    func refused(path: String) async throws {
        let form = Self.body + "&token=x"
        let headers = [
            basic("app:wrong"), basic("app:"), basic("nobody:secret-of-app-51"), basic("app"),
            basic(":secret-of-app-51"), basic("%:x"), basic("spa:x"), "Basic", "Basic ", "Basic !",
            "Basic YXBwOg", "Bearer x", "Digest x", "", KnownClient.app.basic + ", Basic x",
        ]
        let bodies = [
            "", "&client_id=nobody", "&client_id=app", "&client_id=app&client_secret=wrong",
            "&client_id=spa&client_secret=x", "&client_id=&client_secret=secret-of-app-51",
            "&client_secret=secret-of-app-51",
        ]
        try await TestServer().test { caller in
            for header in headers {
                let answer = try await caller.post(
                    path,
                    body: form,
                    headers: [.authorization: header]
                )
                try answer.expectError("invalid_client", status: 401)
            }
            for body in bodies {
                let answer = try await caller.post(path, body: form + body, as: nil)
                try answer.expectError("invalid_client", status: 401)
            }
        }
    }

    @Test(
        "credentials in the address are not looked at",
        .covers("RFC 6749 §2.3.1 not-in-uri")
    )
    func inAddress() async throws {
        try await TestServer().test { caller in
            try await caller.post(
                "/oauth/token?client_id=app&client_secret=secret-of-app-51",
                body: Self.body,
                as: nil
            ).expectError("invalid_client", status: 401)
        }
    }

    @Test("an unknown client and a wrong secret are told the same")
    func sameSentence() async throws {
        try await TestServer().test { caller in
            let unknown = try await caller.post(
                body: Self.body,
                headers: [.authorization: basic("nobody:x")]
            )
            let wrong = try await caller.post(
                body: Self.body,
                headers: [.authorization: basic("app:x")]
            )
            #expect(unknown.body == wrong.body)
        }
    }
}
