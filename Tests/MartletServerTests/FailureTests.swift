import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletProtocol
import Testing

@Suite("What goes wrong inside stays inside")
struct FailureTests {
    private struct Mishap: Error, CustomStringConvertible {
        let description = "detail-that-must-not-leave"
    }

    static let detail = "detail-of-the-store"

    /// One request to each endpoint that needs the store.
    private func all(_ caller: Caller, _ tokens: Tokens) async throws -> [Answer] {
        [
            try await caller.refresh(tokens.refresh),
            try await caller.post(body: "grant_type=client_credentials"),
            try await caller.submit(
                [
                    "grant_type": "password", "username": "alice",
                    "password": TestServer.password,
                ]
            ),
            try await caller.introspect(tokens.access),
            try await caller.submit(["token": tokens.refresh], to: "/oauth/revoke"),
            try await caller.get("/oauth/jwks"),
            try await caller.get("/.well-known/openid-configuration"),
        ]
    }

    @Test(
        "a store that cannot be used now is 503, with the time to try again",
        .covers("RFC 7009 §2.2.1 unavailable"),
        arguments: [
            (StorageError.unavailable(detail), "5"), (.overloaded, "1"),
        ]
    )
    func unavailable(error: StorageError, seconds: String) async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let tokens = try await caller.signIn()
            test.storage.fail(with: error)
            for answer in try await all(caller, tokens) {
                try answer.expectError("temporarily_unavailable", status: 503)
                #expect(answer.headers[.retryAfter] == seconds)
                #expect(!answer.text.contains(Self.detail))
            }
            test.storage.fail(with: nil)
            #expect(try await caller.refresh(tokens.refresh).status == 200)
        }
    }

    @Test(
        "a damaged store is 500 without detail; the log has it",
        arguments: [StorageError.corrupt(detail), .conflict]
    )
    func damaged(error: StorageError) async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let tokens = try await caller.signIn()
            test.storage.fail(with: error)
            for answer in try await all(caller, tokens) {
                try answer.expectError("server_error", status: 500)
                #expect(!answer.text.contains(Self.detail))
                #expect(!answer.headers.contains(.retryAfter))
            }
        }
        #expect(test.log.lines.contains { $0.hasPrefix("error the store failed") })
    }

    @Test("an error that nobody expected is 500 without detail, and the connection goes on")
    func unexpected() async throws {
        let test = try await TestServer()
        let app = test.app { router in
            router.get("/mishap") { _, _ -> Response in throw Mishap() }
        }
        try await app.test(.live) { client in
            let caller = Caller(client: client)
            let answer = try await caller.get("/mishap")
            try answer.expectError("server_error", status: 500)
            #expect(!answer.text.contains("detail"))
            #expect(try await caller.signIn().refresh.hasPrefix("mrt_"))
        }
        #expect(test.log.lines.contains { $0.hasPrefix("error unexpected error") })
        #expect(!test.log.lines.contains { $0.contains("detail-that-must-not-leave") })
    }
}
