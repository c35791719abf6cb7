import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("martlet key")
struct KeyCommandTests {
    private func states(_ outcome: CommandFolder.Outcome) -> [JSONValue?] {
        outcome.json?.array?.filter { $0["use"] == "signing" && $0["algorithm"] == "ES256" }
            .map { $0["state"] } ?? []
    }

    @Test("the next key is published before it signs, and a rotation appoints it")
    func rotate() async throws {
        let folder = try CommandFolder()
        let before = try await folder.run("key", "list", "--json")
        #expect(states(before) == ["active", "next"])
        #expect(
            before.json?.array?.first?.object?.members.map(\.name) == [
                "use", "kid", "algorithm", "state", "active_from", "published",
            ]
        )
        let rotated = try await folder.run("key", "rotate", "--json")
        #expect(rotated.status == 0)
        #expect(states(rotated) == ["active", "next", "next"])
        let table = try await folder.run("key", "list")
        #expect(table.output.contains("signs tokens (ES256)"))
        #expect(table.output.contains("RS256"))
        #expect(table.output.contains("tags refresh tokens"))
    }

    @Test("after a compromise no key is left, and no session")
    func compromised() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let before = try await running.folder.run("key", "list", "--json")
        let rotated = try await running.folder.run("key", "rotate", "--compromised")
        #expect(rotated.output.hasPrefix("All keys are dropped; this ended 1 live session.\n"))
        let after = try await running.folder.run("key", "list", "--json")
        let old = Set(before.json?.array?.compactMap { $0["kid"]?.string } ?? [])
        let kept = after.json?.array?.compactMap { $0["kid"]?.string }.filter(old.contains)
        #expect(kept == [])
        await #expect(throws: OAuthError.self) { try await running.refresh(token, at: client) }
        await running.close()
    }
}
