import MartletCore
import MartletProtocol
import Testing

@Suite("martlet consent")
struct ConsentCommandTests {
    @Test("what a user allowed is listed and taken back, beside a running server")
    func life() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let list = try await running.folder.run("consent", "list", "--user", "ANN", "--json")
        #expect(list.json?.array?.count == 1)
        #expect(list.json?.array?.first?["client_id"]?.string == client.rawValue)
        #expect(list.json?.array?.first?["username"] == "ann")
        let table = try await running.folder.run("consent", "list")
        #expect(table.output.hasPrefix("USER"))
        let revoked = try await running.folder.run(
            "consent",
            "revoke",
            "--user",
            "ann",
            "--client",
            client.rawValue
        )
        #expect(revoked.status == 0)
        #expect(revoked.output.hasSuffix("its one live session is over.\n"))
        let error = await #expect(throws: OAuthError.self) {
            try await running.refresh(token, at: client)
        }
        #expect(error?.code == .invalidGrant)
        let again = try await running.folder.run(
            "consent",
            "revoke",
            "--user",
            "ann",
            "--client",
            client.rawValue
        )
        #expect(again.status == 1)
        #expect(again.complaint.contains("has given no consent to the client"))
        let nobody = try await running.folder.run(
            "consent",
            "revoke",
            "--user",
            "ann",
            "--client",
            "nope"
        )
        #expect(nobody.status == 1)
        #expect(nobody.complaint == "There is no client “nope”.\n")
        let none = try await running.folder.run("consent", "list")
        #expect(none.output == "There are no such consents.\n")
        await running.close()
    }

    @Test("a consent is taken back of one user and one client")
    func usage() async throws {
        let folder = try CommandFolder()
        #expect(try await folder.run("consent", "revoke", "--user", "ann").status == 64)
        #expect(try await folder.run("consent", "list", "--user", "bob").status == 1)
    }
}
