import Foundation
import MartletCore
import MartletProtocol
import Testing

@testable import martlet

@Suite("martlet doctor")
struct DoctorCommandTests {
    /// The grades of what was found about a subject.
    private func grades(_ outcome: CommandFolder.Outcome, _ subject: String) -> [String] {
        outcome.json?["findings"]?.array?
            .filter { $0["subject"]?.string == subject }
            .compactMap { $0["grade"]?.string } ?? []
    }

    private func sentences(_ outcome: CommandFolder.Outcome, _ subject: String) -> String {
        (outcome.json?["findings"]?.array ?? [])
            .filter { $0["subject"]?.string == subject }
            .compactMap { $0["sentence"]?.string }
            .joined(separator: "\n")
    }

    private func doctor(_ folder: CommandFolder) async throws -> CommandFolder.Outcome {
        try await folder.run("doctor", "--json")
    }

    @Test("a healthy installation has no problem, and advice where it is due")
    func healthy() async throws {
        let running = try await RunningServer(CommandFolder())
        let outcome = try await doctor(running.folder)
        #expect(outcome.status == 0, "\(outcome.output)")
        #expect(outcome.json?["healthy"] == true)
        #expect(grades(outcome, "configuration") == ["ok"])
        #expect(grades(outcome, "issuer") == ["advice"])
        #expect(grades(outcome, "store") == ["ok", "ok", "ok"])
        #expect(grades(outcome, "master_key") == ["ok", "advice"])
        #expect(grades(outcome, "clock") == ["ok"])
        #expect(!grades(outcome, "keys").isEmpty)
        let told = try await running.folder.run("doctor")
        #expect(told.output.contains("Problems: 0."))
        await running.close()
    }

    @Test("it makes nothing")
    func makesNothing() async throws {
        let folder = try CommandFolder()
        let outcome = try await doctor(folder)
        #expect(outcome.status == 0)
        #expect(grades(outcome, "store") == ["advice"])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names == ["martlet.yaml"])
    }

    @Test("a mistake in the configuration is told with its line")
    func configuration() async throws {
        let folder = try CommandFolder("issuer: http://localhost:8080\nisuer: x\n")
        let outcome = try await doctor(folder)
        #expect(outcome.status == 1)
        #expect(sentences(outcome, "configuration").contains("martlet.yaml:2"))
    }

    @Test("files that others may open are a problem")
    func permissions() async throws {
        let running = try await RunningServer(CommandFolder())
        let path = "\(running.folder.path)/martlet.db"
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let outcome = try await doctor(running.folder)
        #expect(outcome.status == 1)
        #expect(sentences(outcome, "store").contains("chmod 600"))
        await running.close()
    }

    @Test("a master key that is gone, open to all, or another one is a problem")
    func masterKey() async throws {
        let running = try await RunningServer(CommandFolder())
        let key = "\(running.folder.path)/martlet.key"
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        var outcome = try await doctor(running.folder)
        #expect(outcome.status == 1)
        #expect(sentences(outcome, "master_key").contains("chmod 600"))
        let other = Base64URL.encode([UInt8](repeating: 9, count: 32)) + "\n"
        try running.folder.write(other, to: "martlet.key")
        outcome = try await doctor(running.folder)
        #expect(grades(outcome, "master_key") == ["problem"])
        #expect(sentences(outcome, "master_key").contains("previous_master_keys"))
        try running.folder.remove("martlet.key")
        outcome = try await doctor(running.folder)
        #expect(sentences(outcome, "master_key").contains("missing"))
        #expect(!FileManager.default.fileExists(atPath: key))
        await running.close()
    }

    @Test("a damaged file, and one that is no store, are problems")
    func damaged() async throws {
        let folder = try CommandFolder()
        try folder.write(
            "no database at all, but long enough for a header of one",
            to: "martlet.db"
        )
        #expect(try await doctor(folder).status == 1)
        let running = try await RunningServer(CommandFolder())
        for number in 1...200 {
            try await running.server.storage.save(
                [],
                events: [.clientCreated(ClientID(rawValue: "client number \(number)"))]
            )
        }
        await running.close()
        let path = "\(running.folder.path)/martlet.db"
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        let end = try file.seekToEnd()
        try file.seek(toOffset: end / 2 / 1024 * 1024)
        try file.write(contentsOf: Data(repeating: 0xFF, count: 4096))
        try file.close()
        let outcome = try await doctor(running.folder)
        #expect(outcome.status == 1)
        #expect(grades(outcome, "store").contains("problem"))
    }

    @Test("a copy, and a store that was moved, are problems that name the command")
    func conditions() async throws {
        let running = try await RunningServer(CommandFolder())
        try await running.folder.run("backup", "copy.db")
        await running.close()
        let copy = try await running.folder.run(
            ["doctor", "--json"],
            environment: ["MARTLET_STORE": "sqlite:copy.db"]
        )
        #expect(copy.status == 1)
        #expect(sentences(copy, "store").contains("martlet recover"))
        try await running.folder.run("move", "--to", "sqlite:new.db")
        let sealed = try await doctor(running.folder)
        #expect(sealed.status == 1)
        #expect(sentences(sealed, "store").contains("new.db"))
    }

    @Test("a clock behind what the store holds is a problem")
    func clock() async throws {
        let running = try await RunningServer(CommandFolder(), behind: .hours(-2))
        _ = try await running.server.createAccount(
            username: "ann",
            email: nil,
            password: Secret("open-sesame")
        )
        let outcome = try await doctor(running.folder)
        #expect(outcome.status == 1)
        #expect(grades(outcome, "clock") == ["problem"])
        await running.close()
    }

    @Test("a proxy that nobody named, and TLS files that are not there, are told")
    func network() async throws {
        let behind = try CommandFolder("issuer: https://login.example.com\n")
        #expect(grades(try await doctor(behind), "trusted_proxies") == ["advice"])
        let named = try CommandFolder(
            "issuer: https://login.example.com\ntrusted_proxies: [10.0.0.1]\n"
        )
        #expect(grades(try await doctor(named), "trusted_proxies") == ["ok"])
        let secure = try CommandFolder(
            """
            issuer: https://login.example.com
            tls: {certificate: none.pem, key: none.key}

            """
        )
        let outcome = try await doctor(secure)
        #expect(outcome.status == 1)
        #expect(grades(outcome, "tls") == ["problem"])
    }
}
