import Foundation

@testable import martlet

/// A folder of its own for one test, with a configuration in it; it goes with the test.
final class ConfigurationFolder {
    let path: String

    init(_ text: String? = nil) throws {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("martlet-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
        if let text { try write(text) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ text: String, to name: String = "martlet.yaml", mode: Int = 0o600) throws {
        try write(bytes: Array(text.utf8), to: name)
        let file = "\(path)/\(name)"
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    func write(bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }

    func load(
        file: String? = nil,
        environment: [String: String] = [:],
        flags: [ConfigurationFlag] = []
    ) throws(ConfigurationError) -> Configuration {
        try Configuration.load(
            file: file,
            environment: environment,
            workingDirectory: path,
            flags: flags
        )
    }

    /// The sentence with which the configuration is refused, or nil if it is not.
    func refusal(environment: [String: String] = [:]) -> String? {
        do throws(ConfigurationError) {
            _ = try load(environment: environment)
            return nil
        } catch {
            return error.sentence
        }
    }
}
