import Foundation
import MartletProtocol
import MartletTesting
import Testing

@Suite("The examples, used as their page says")
struct ExamplesTests {
    private func text(_ path: String) throws -> String {
        try String(contentsOf: ClientProgram.root.appending(path: path), encoding: .utf8)
    }

    /// What the page tells to keep as `notes.yaml`.
    private func configuration() throws -> String {
        let page = try text("Sources/MartletHummingbird/Documentation.docc/GuardingAnAPI.md")
        let blocks = page.components(separatedBy: "```yaml\n").dropFirst()
        let block = try #require(blocks.first)
        return try #require(block.components(separatedBy: "```").first)
    }

    @Test("the page and README tell the same configuration")
    func sameConfiguration() throws {
        let readme = try text("examples/README.md").split(separator: "\n").map { line in
            line.drop(while: \.isWhitespace)
        }
        let lines = try configuration().split(separator: "\n").map { line in
            line.drop(while: \.isWhitespace)
        }
        #expect(lines.count > 10)
        #expect(readme.firstRange(of: lines) != nil)
    }

    @Test("an app signs in once, uses a guarded API, and is out when its session is ended")
    func wholeStory() async throws {
        let port = try ServerProcess.freePort()
        let address = "http://localhost:\(port)"
        // Where the server is and what it keeps are the test's own.
        let own = ["issuer:", "listen:", "store:", "master_key:"]
        let configuration = try configuration().split(separator: "\n")
            .filter { line in !own.contains { line.hasPrefix($0) } }
            .joined(separator: "\n")
            .replacing("http://localhost:3001", with: address)
        let server = try ServerProcess(configuration: configuration)
        try await server.start()
        defer { server.stop() }
        let folder = ServerProcess.binary.deletingLastPathComponent()
        let environment = ["NOTES_ISSUER": server.issuer, "NOTES_ADDRESS": address]
        let api = try ClientProgram(
            folder.appending(path: "notes-api").path,
            [],
            environment: environment.merging(["NOTES_SECRET": try secret(in: configuration)]) { $1 }
        )
        try await api.start(listeningOn: port)
        defer { api.stop() }

        let seen = try await ClientProgram.play(
            "notes_story.py",
            environment: environment.merging([
                "BINARIES": folder.path, "MARTLET_CONFIG": server.configurationPath,
                "USERNAME": Person.username, "PASSWORD": Person.password,
            ]) { $1 }
        )

        #expect(seen["stranger"]?.integer == 401)
        #expect(seen["servers"]?.strings == [server.issuer], "the challenge leads to the server")
        #expect(seen["before"]?.string?.contains("Run: notes-cli sign-in") == true)
        #expect(seen["pages"]?.strings == ["login", "consent"])
        #expect(seen["signed_in"]?.string?.contains("Signed in as") == true)
        #expect(seen["added"]?.string?.hasPrefix("201") == true)
        #expect(seen["read"]?.string?.contains(#"200 ["Swifts never land."]"#) == true)
        #expect(
            seen["ended"]?.string?.contains("Run: notes-cli sign-in") == true,
            "the API heard of the end long before the access token expired"
        )
        #expect(seen["signed_in_again"]?.string?.contains("Signed in as") == true)
        #expect(seen["signed_out"]?.string == "Signed out.\n")
    }

    private func secret(in configuration: String) throws -> String {
        let line = configuration.split(separator: "\n")
            .map { $0.drop(while: \.isWhitespace) }
            .first { $0.hasPrefix("client_secret: ") }
        return String(try #require(line).dropFirst("client_secret: ".count))
    }
}
