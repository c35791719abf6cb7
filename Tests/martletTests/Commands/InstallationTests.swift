import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("what a command needs to start")
struct InstallationTests {
    @Test("the first command makes a store and its master key, for their owner only")
    func first() async throws {
        let folder = try CommandFolder()
        let first = try await folder.run("client", "list")
        #expect(first.status == 0)
        #expect(first.complaint.contains("Made a new store, "))
        for name in ["martlet.db", "martlet.key"] {
            let attributes = try FileManager.default.attributesOfItem(
                atPath: "\(folder.path)/\(name)"
            )
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        let second = try await folder.run("client", "list")
        #expect(second.complaint.isEmpty)
    }

    @Test("commands that start at once on nothing agree on one store and one key")
    func atOnce() async throws {
        let folder = try CommandFolder()
        let outcomes = try await withThrowingTaskGroup(of: CommandFolder.Outcome.self) { group in
            for _ in 0..<4 { group.addTask { try await folder.run("key", "list", "--json") } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let complaints = outcomes.filter { $0.status != 0 }.map(\.complaint)
        #expect(complaints.isEmpty)
        let last = try await folder.run("key", "list", "--json")
        // Two to sign with ES256 and two with RS256; refresh tokens, client secrets, cookies.
        #expect(last.json?.array?.count == 7)
    }

    @Test("a master key that is missing beside a store is not made again")
    func missingKey() async throws {
        let folder = try CommandFolder()
        try await folder.run("key", "list")
        try folder.remove("martlet.key")
        let outcome = try await folder.run("key", "list")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains("is missing: put it back from your backup."))
        #expect(outcome.complaint.split(separator: "\n").count == 1)
    }

    @Test("another store's master key is refused")
    func foreignKey() async throws {
        let folder = try CommandFolder()
        try await folder.run("key", "list")
        try folder.write(String(repeating: "A", count: 43) + "\n", to: "martlet.key")
        let outcome = try await folder.run("key", "list")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains("are sealed under another master key than the one in"))
        #expect(outcome.complaint.split(separator: "\n").count == 1)
    }

    @Test("the store of a newer version is refused and left as it is")
    func newerSchema() async throws {
        let folder = try CommandFolder()
        try await folder.run("key", "list")
        let path = "\(folder.path)/martlet.db"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        // The schema's number in the header of an SQLite file, big-endian.
        bytes.replaceSubrange(60..<64, with: [0, 0, 3, 0xE8])
        try bytes.write(to: URL(fileURLWithPath: path))
        let outcome = try await folder.run("key", "list")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains("was written by a newer version of Martlet"))
        #expect(outcome.complaint.split(separator: "\n").count == 1)
    }

    @Test("a file that is no store is refused")
    func noStore() async throws {
        let folder = try CommandFolder()
        try folder.write(String(repeating: "no database\n", count: 100), to: "martlet.db")
        let outcome = try await folder.run("user", "list")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.hasSuffix("the file is not an SQLite database.\n"))
    }

    @Test("a key that the configuration does not have is refused with its line")
    func unknownKey() async throws {
        let folder = try CommandFolder("issuer: http://localhost:8080\nisuer: x\n")
        let outcome = try await folder.run("client", "list")
        #expect(outcome.status == 1)
        #expect(outcome.complaint.hasPrefix("martlet.yaml:2: "))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/martlet.db"))
    }

    @Test("a configuration that cannot be read is refused, by flag and by variable")
    func unreadable() async throws {
        let folder = try CommandFolder()
        let flag = try await folder.run("client", "list", "--config", "nowhere.yaml")
        let variable = try await folder.run(
            "client",
            "list",
            environment: ["MARTLET_CONFIG": "nowhere.yaml"]
        )
        for outcome in [flag, variable] {
            #expect(outcome.status == 1)
            #expect(outcome.complaint.hasPrefix("nowhere.yaml cannot be read: No such file"))
        }
    }

    @Test("the configuration is taken from --config, before MARTLET_CONFIG")
    func named() async throws {
        let folder = try CommandFolder()
        try folder.write("store: sqlite:other.db\n", to: "other.yaml")
        let outcome = try await folder.run(
            "client",
            "list",
            "--config",
            "other.yaml",
            environment: ["MARTLET_CONFIG": "nowhere.yaml"]
        )
        #expect(outcome.status == 0)
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/other.db"))
    }

    @Test("every command explains itself")
    func help() async throws {
        let folder = try CommandFolder()
        let commands = [
            "client create", "client list", "client show", "client update",
            "client rotate-secret", "client delete", "user create", "user list", "user show",
            "user set-password", "user disable", "user enable", "user delete", "resource create",
            "resource list", "resource show", "resource update", "resource rotate-secret",
            "resource delete", "session list", "session show", "session revoke", "token explain",
            "key list", "key rotate",
        ]
        for command in commands {
            let words = command.split(separator: " ").map(String.init)
            let outcome = try await folder.run(words + ["--help"])
            #expect(outcome.status == 0)
            #expect(outcome.output.contains("Example"), "\(command)")
            #expect(outcome.output.contains("martlet \(command)"), "\(command)")
            #expect(outcome.output.contains("--config <file>"), "\(command)")
            #expect(outcome.output.contains("--json"), "\(command)")
        }
    }
}
