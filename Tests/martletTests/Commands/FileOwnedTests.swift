import Foundation
import MartletCore
import MartletProtocol
import Testing

@testable import martlet

@Suite("what the configuration file owns")
struct FileOwnedTests {
    static let lists = """
        clients:
          - client_id: testclient
            client_secret: secret
            grant_types: [password, refresh_token]
            allowed_resources: ["https://api.example.com"]
        users:
          - username: test
            password: test
        resources:
          - identifier: https://api.example.com
            scopes: [read]

        """

    private func configuration(of folder: CommandFolder) throws -> Configuration {
        try Configuration.load(file: nil, environment: [:], workingDirectory: folder.path)
    }

    /// Applies the file's lists, as a start of the server does.
    @discardableResult
    private func start(_ folder: CommandFolder) async throws -> FileOwned.Outcome {
        let configuration = try configuration(of: folder)
        let lists = try FileOwned(configuration)
        let installation = try await Installation.open(configuration)
        do {
            let outcome = try await lists.apply(to: installation.server)
            await installation.close()
            return outcome
        } catch {
            await installation.close()
            throw error
        }
    }

    @Test("the lists are applied once; a second start changes nothing")
    func idempotent() async throws {
        let folder = try CommandFolder(Self.lists)
        #expect(try await start(folder) == .init(created: 3))
        let before = try await folder.run("client", "show", "testclient", "--json")
        #expect(before.json?["managed_by"] == "file")
        #expect(before.json?["client_name"] == nil)
        #expect(try await start(folder) == .init())
        try folder.write(
            Self.lists.replacing("scopes: [read]", with: "scopes: [read, write]"),
            to: "martlet.yaml"
        )
        #expect(try await start(folder) == .init(updated: 1))
    }

    @Test("what the reference shows works as pasted")
    func samples() async throws {
        let page = ConfigurationReference.markdown
        let list = try #require(page.between("```yaml\nresources:", "```"))
        #expect(try await start(CommandFolder("resources:" + list)) == .init(created: 3))
        let variable = try #require(page.between("MARTLET_CLIENTS='", "'"))
        let folder = try CommandFolder()
        let configuration = try Configuration.load(
            file: nil,
            environment: ["MARTLET_CLIENTS": variable],
            workingDirectory: folder.path
        )
        #expect(configuration.clients.count == 1)
        _ = try FileOwned(configuration)
    }

    @Test("the commands do not change what the file owns, but end its sessions")
    func owned() async throws {
        let folder = try CommandFolder(Self.lists)
        try await start(folder)
        let refused = [
            ["client", "delete", "testclient"], ["client", "rotate-secret", "testclient"],
            ["user", "disable", "test"], ["user", "delete", "test"],
            ["resource", "delete", "https://api.example.com"],
            ["resource", "update", "https://api.example.com", "--scopes", "all"],
        ]
        for arguments in refused {
            let outcome = try await folder.run(arguments)
            #expect(outcome.status == 1)
            #expect(
                outcome.complaint.hasSuffix(
                    "is owned by the configuration file; change it there.\n"
                )
            )
        }
        #expect(try await folder.run("session", "revoke", "--user", "test").status == 0)
    }

    @Test("what the file no longer lists is the operator's, and becomes the file's again")
    func released() async throws {
        let folder = try CommandFolder(Self.lists)
        try await start(folder)
        try folder.write("", to: "martlet.yaml")
        let outcome = try await start(folder)
        #expect(outcome.released == ["testclient", "test", "https://api.example.com"])
        #expect(try await folder.run("user", "disable", "test").status == 0)
        try folder.write(Self.lists, to: "martlet.yaml")
        #expect(try await start(folder) == .init(updated: 3))
        let user = try await folder.run("user", "show", "test", "--json")
        #expect(user.json?["disabled"] == false)
        #expect(user.json?["managed_by"] == "file")
    }

    @Test("a profile that changes in the file is the user's, and ends nothing")
    func profile() async throws {
        let folder = try CommandFolder(Self.lists)
        try await start(folder)
        let before = try await folder.run("user", "show", "test", "--json")
        #expect(before.json?["profile"] == .object(JSONObject()))
        try folder.write(
            Self.lists.replacing(
                "password: test",
                with: "password: test\n    profile: {name: Tess, birthdate: 1990-02-28}"
            ),
            to: "martlet.yaml"
        )
        let untouched = try await epoch()
        #expect(try await start(folder) == .init(updated: 1))
        #expect(try await start(folder) == .init())
        #expect(try await epoch() == untouched)
        let after = try await folder.run("user", "show", "test", "--json")
        #expect(after.json?["profile"] == ["name": "Tess", "birthdate": "1990-02-28"])

        func epoch() async throws -> Epoch? {
            let installation = try await Installation.open(try configuration(of: folder))
            let epoch = try await installation.server.account(named: "test").epoch
            await installation.close()
            return epoch
        }
    }

    @Test("a password that changes in the file ends the user's sessions")
    func password() async throws {
        let folder = try CommandFolder(Self.lists)
        try await start(folder)
        let configuration = try configuration(of: folder)
        let installation = try await Installation.open(configuration)
        let epoch = try await installation.server.account(named: "test").epoch
        await installation.close()
        try folder.write(
            Self.lists.replacing("password: test", with: "password: other"),
            to: "martlet.yaml"
        )
        #expect(try await start(folder) == .init(updated: 1))
        let again = try await Installation.open(configuration)
        let later = try await again.server.account(named: "test").epoch
        await again.close()
        #expect(later?.value != epoch?.value)
        #expect(later?.reason == .passwordChanged)
    }

    @Test(
        "a mistake in a list is refused with its line, before anything is applied",
        arguments: [
            ("clients: [{grant_types: [password]}]", "client_id is missing here."),
            (
                "clients: [{client_id: a, grant_types: [password]}]",
                "The client “a” needs a client_secret"
            ),
            (
                "clients: [{client_id: a b, client_secret: s, grant_types: [password]}]",
                "A client_id has 1 to 200 visible"
            ),
            (
                "clients: [{client_id: a, client_secret: s, grant_types: [magic]}]",
                "This version has no grant type magic"
            ),
            ("users: [{username: a}]", "password is missing here."),
            ("users: [{username: a, password: 123}]", "password is text: put it into quotation"),
            ("users: [{username: a, password: b, mail: c}]", "there is no “mail” here; known are"),
            (
                "users: [{username: a, password: b}, {username: A, password: c}]",
                "“a” is listed already at martlet.yaml:1"
            ),
            (
                "users: [{username: a, password: b, password_hash: c}]",
                "A user has a password or a password_hash, not both."
            ),
            (
                "users: [{username: a, password_hash: c}]",
                "This is no password hash that Martlet reads"
            ),
            (
                "users: [{username: a, password: b, profile: {locale: 7}}]",
                "locale is a language tag like en-US."
            ),
            ("resources: [{identifier: \"urn:a\"}]", "scopes is a list of scopes"),
            (
                "resources: [{identifier: \"urn:a\", scopes: [b], signing_algorithm: HS256}]",
                "signing_algorithm is one of ES256"
            ),
        ]
    )
    func mistakes(list: String, sentence: String) async throws {
        let folder = try CommandFolder(list)
        let configuration = try configuration(of: folder)
        let error = #expect(throws: ConfigurationError.self) { try FileOwned(configuration) }
        #expect(error?.sentence.hasPrefix("martlet.yaml:1: ") == true)
        #expect(error?.sentence.contains(sentence) == true)
    }

    @Test("a client that names a resource which is nowhere is refused with its line")
    func unknownResource() async throws {
        let folder = try CommandFolder(
            """
            clients:
              - client_id: a
                client_secret: b
                grant_types: [password]
                allowed_resources: ["https://nowhere.example"]
            """
        )
        let error = await #expect(throws: ConfigurationError.self) { try await start(folder) }
        #expect(error?.sentence.hasPrefix("martlet.yaml:2: allowed_resources names") == true)
    }
}

extension String {
    /// What stands between the first occurrences of two texts.
    fileprivate func between(_ start: String, _ end: String) -> String? {
        guard let opening = range(of: start) else { return nil }
        guard let closing = self[opening.upperBound...].range(of: end) else { return nil }
        return String(self[opening.upperBound..<closing.lowerBound])
    }
}
