import HTTPTypes
import Testing

@testable import MartletServer

@Suite("Browsers are told to come by TLS only")
struct StrictTransportSecurityTests {
    @Test(
        "an https issuer's host is for TLS only, localhost excepted",
        arguments: [
            ("https://login.example.com", true), ("https://example.com/login", true),
            ("https://example.com:8443", true), ("https://192.0.2.1", true),
            ("https://localhost.example.com", true), ("https://notlocalhost", true),
            ("https://localhost", false), ("https://localhost:8443", false),
            ("https://localhost/login", false), ("https://app.localhost", false),
            ("http://localhost:8080", false), ("http://127.0.0.1/https://", false),
        ]
    )
    func issuers(issuer: String, isToldSo: Bool) async throws {
        #expect((StrictTransportSecurity(issuer: issuer) != nil) == isToldSo)
    }

    @Test("every answer says so, refusals too", arguments: Door.allCases)
    func everyAnswer(door: Door) async throws {
        try await TestServer().test(door) { caller in
            let answers = [
                try await caller.get("/healthz"), try await caller.get("/nowhere"),
                try await caller.get("/oauth/token"), try await caller.send(.head, "/oauth/jwks"),
                try await caller.send(.options, "/oauth/token"), try await caller.post(body: ""),
                try await caller.post(body: "grant_type=client_credentials"),
            ]
            #expect(Set(answers.map(\.status)) == [200, 204, 400, 404, 405])
            for answer in answers {
                #expect(answer.headers[values: .strictTransportSecurity] == ["max-age=31536000"])
            }
        }
    }

    @Test("an http issuer's answers say nothing of it")
    func plain() async throws {
        let answer = try await TestServer(issuer: "http://localhost:3000")
            .test { try await $0.get("/healthz") }
        #expect(!answer.headers.contains(.strictTransportSecurity))
    }
}
