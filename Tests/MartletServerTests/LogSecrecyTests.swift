import HTTPTypes
import MartletCore
import MartletProtocol
import Testing

@Suite("No token, secret or password reaches the log")
struct LogSecrecyTests {
    @Test("at the lowest level, over a socket, whatever becomes of the request")
    func secrecy() async throws {
        let test = try await TestServer()
        let tokens = try await test.test(.socket) { caller in
            let first = try await caller.signIn()
            let second = try await caller.refresh(first.refresh).tokens()
            let public_ = try await caller.signIn(as: .spa)
            _ = try await caller.introspect(second.access)
            _ = try await caller.refresh(second.refresh, as: .other)
            _ = try await caller.refresh(first.refresh)
            _ = try await caller.refresh(second.refresh)
            _ = try await caller.submit(["token": public_.refresh], to: "/oauth/revoke", as: .spa)
            for _ in 0..<4 {
                _ = try await caller.submit(
                    ["grant_type": "password", "username": "alice", "password": "wrong-pw-88"]
                )
            }
            _ = try await caller.post(
                body: "grant_type=client_credentials&client_secret=wrong-secret-89&client_id=app",
                as: nil
            )
            _ = try await caller.get("/oauth/token?refresh_token=\(first.refresh)")
            _ = try await caller.get("/nowhere?access_token=\(first.access)")
            _ = try await caller.post(body: "refresh_token=\(first.refresh)&x=%")
            test.storage.fail(with: .unavailable("the disk is full"))
            _ = try await caller.refresh(first.refresh)
            _ = try await caller.post(body: "grant_type=client_credentials")
            test.storage.fail(with: nil)
            return [first, second, public_]
        }
        let lines = test.log.lines
        #expect(lines.count > 5, "the log was not recorded")
        #expect(lines.contains { $0.contains("used twice") })
        #expect(
            lines.contains { $0.contains("sign-ins are slowed down") && $0.contains("127.0.0.1") }
        )
        let secrets =
            tokens.flatMap { [$0.access, $0.refresh] } + KnownClient.all.compactMap(\.secret)
            + KnownClient.all.map { String($0.basic.dropFirst(6)) }
            + [TestServer.password, "wrong-pw-88", "wrong-secret-89", "mrt_", "eyJ", "alice"]
        for secret in secrets {
            #expect(!lines.contains { $0.contains(secret) })
        }
    }
}
