import Foundation
import MartletProtocol
import Synchronization
import Testing

@testable import martlet

@Suite("The master key")
struct MasterKeyTests {
    private static let key = [UInt8](0..<32)
    private static let text = Base64URL.encode(key)

    private func load(
        _ folder: ConfigurationFolder,
        environment: [String: String] = [:],
        storeIsEmpty: Bool,
        bytes: [UInt8] = key
    ) throws(ConfigurationError) -> (current: Secret, previous: [Secret]) {
        try MasterKeySource.load(
            try folder.load(environment: environment),
            storeIsEmpty: storeIsEmpty,
            randomBytes: { Array(bytes.prefix($0)) }
        )
    }

    private func refusal(
        _ folder: ConfigurationFolder,
        environment: [String: String] = [:],
        storeIsEmpty: Bool = false
    ) -> String? {
        do throws(ConfigurationError) {
            _ = try load(folder, environment: environment, storeIsEmpty: storeIsEmpty)
            return nil
        } catch {
            return error.sentence
        }
    }

    @Test("beside an empty store a key is made, for its owner only, and read again later")
    func makes() throws {
        let folder = try ConfigurationFolder()
        #expect(try load(folder, storeIsEmpty: true).current == Secret(Self.key))
        let path = "\(folder.path)/martlet.key"
        #expect(try String(contentsOfFile: path, encoding: .utf8) == Self.text + "\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["martlet.key"])
        // Neither an empty store nor a full one replaces it.
        let other = [UInt8](repeating: 9, count: 32)
        #expect(try load(folder, storeIsEmpty: true, bytes: other).current == Secret(Self.key))
        #expect(try load(folder, storeIsEmpty: false, bytes: other).current == Secret(Self.key))
    }

    @Test("beside a store that has keys, a missing file is an error and none is made")
    func missing() throws {
        let folder = try ConfigurationFolder()
        #expect(
            refusal(folder)
                == "the store \(folder.path)/martlet.db has keys sealed under a master key, but"
                + " \(folder.path)/martlet.key is missing: put it back from your backup."
        )
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test("processes that start at once all use the key of the first")
    func race() async throws {
        let folder = try ConfigurationFolder()
        let source = try folder.load()
        let keys = try await withThrowingTaskGroup(of: Secret.self) { group in
            for number in 0..<8 {
                group.addTask {
                    try MasterKeySource.load(source, storeIsEmpty: true) {
                        [UInt8](repeating: UInt8(number), count: $0)
                    }.current
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(keys.count == 8)
        #expect(keys.allSatisfy { $0 == keys.first })
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["martlet.key"])
    }

    @Test(
        "a file that others may open is refused with the command that mends it",
        arguments: [0o604, 0o644, 0o660, 0o601, 0o620]
    )
    func shared(mode: Int) throws {
        let folder = try ConfigurationFolder()
        try folder.write(Self.text + "\n", to: "martlet.key", mode: mode)
        let sentence = try #require(refusal(folder))
        #expect(sentence.hasSuffix("may open it; `chmod 600 \(folder.path)/martlet.key` mends it."))
    }

    @Test(
        "a file that root shares with a group for reading is accepted",
        .enabled(if: geteuid() == 0)
    )
    func mountedSecret() throws {
        let folder = try ConfigurationFolder()
        try folder.write(Self.text, to: "martlet.key", mode: 0o440)
        #expect(try load(folder, storeIsEmpty: false).current == Secret(Self.key))
    }

    @Test(
        "what is not a key is refused without being repeated",
        arguments: [
            "", "\n", "secret", text + "A", text.dropLast() + "", text + "\n\n", " " + text,
            text + "=", "+" + text.dropFirst(), String(repeating: "A", count: 300),
        ]
    )
    func wrongForm(content: String) throws {
        let folder = try ConfigurationFolder("master_key: env:KEY")
        try folder.write(content, to: "martlet.key")
        let environment = ["KEY": content]
        #expect(
            refusal(folder, environment: environment)
                == "KEY does not hold a master key: it must be 32 random bytes as 43 characters of"
                + " base64url."
        )
        try folder.write("{}")
        let sentence = try #require(refusal(folder))
        #expect(
            sentence.hasPrefix("the master key in \(folder.path)/martlet.key cannot be read: it ")
        )
    }

    @Test("a key in the environment is never made")
    func environment() throws {
        let folder = try ConfigurationFolder("master_key: env:KEY")
        #expect(
            try load(folder, environment: ["KEY": Self.text], storeIsEmpty: false).current
                == Secret(Self.key)
        )
        #expect(
            refusal(folder, storeIsEmpty: true)
                == "KEY is not set: it must hold the master key, 32 random bytes as 43 characters"
                + " of base64url."
        )
    }

    @Test("previous keys are read, never made, and differ from the current one")
    func previous() throws {
        let folder = try ConfigurationFolder("previous_master_keys: [file:before.key, env:OLDER]")
        let older = [UInt8](repeating: 7, count: 32)
        let environment = ["OLDER": Base64URL.encode(older)]
        #expect(
            refusal(folder, environment: environment, storeIsEmpty: true)
                == "the previous master key \(folder.path)/before.key is missing: put it back from"
                + " your backup, or take it off previous_master_keys when nothing needs it any more."
        )
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["martlet.yaml"]
        )
        let before = [UInt8](repeating: 8, count: 32)
        try folder.write(Base64URL.encode(before), to: "before.key")
        let keys = try load(folder, environment: environment, storeIsEmpty: true)
        #expect(keys.current == Secret(Self.key))
        #expect(keys.previous == [Secret(before), Secret(older)])
        try folder.write(Self.text, to: "before.key")
        #expect(
            refusal(folder, environment: environment)
                == "previous_master_keys lists the master key itself; take it off the list."
        )
    }

    @Test("a folder that is not there is named, and nothing is made elsewhere")
    func missingFolder() throws {
        let folder = try ConfigurationFolder("master_key: file:keys/martlet.key")
        #expect(
            refusal(folder, storeIsEmpty: true)
                == "the master key \(folder.path)/keys/martlet.key cannot be made:"
                + " No such file or directory."
        )
    }

    @Test("a loaded configuration shows no key, whoever prints it")
    func redacted() throws {
        let folder = try ConfigurationFolder("master_key: env:KEY")
        let configuration = try folder.load(environment: ["KEY": Self.text])
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains(Self.text))
        #expect(!"\(configuration)".contains(Self.text))
    }
}
