import Foundation
import MartletProtocol
import MartletTesting

/// A folder with a configuration, in which tests run the built `martlet`; it goes with the test.
final class CommandFolder: Sendable {
    let path: String

    /// - Parameter configuration: what `martlet.yaml` holds.
    init(_ configuration: String = "issuer: http://localhost:8080\n") throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "martlet-commands-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
        try write(configuration, to: "martlet.yaml")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func write(_ text: String, to name: String, mode: Int = 0o600) throws {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }

    /// What a command did.
    struct Outcome {
        let status: Int32
        let output: String
        let complaint: String

        /// What it printed, read as JSON.
        var json: JSONValue? { try? JSONValue(parsing: Array(output.utf8)) }

        /// The names of the members that it printed, in their order.
        var members: [String] { json?.object?.members.map(\.name) ?? [] }
    }

    /// Runs a command as a process of its own and waits for its end.
    @discardableResult
    func run(
        _ arguments: String...,
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> Outcome {
        try await run(arguments, input: input, environment: environment)
    }

    func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> Outcome {
        let id = UUID().uuidString
        let names = ["in", "out", "err"].map { "\(path)/\(id).\($0)" }
        try Data(input.utf8).write(to: URL(fileURLWithPath: names[0]))
        for name in names[1...] { try Data().write(to: URL(fileURLWithPath: name)) }
        let process = Process()
        process.executableURL = ServerProcess.binary
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: path)
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("MARTLET_") }
            .merging(environment) { $1 }
        // Files, since a pipe that nobody empties holds the process.
        process.standardInput = FileHandle(forReadingAtPath: names[0])
        process.standardOutput = FileHandle(forWritingAtPath: names[1])
        process.standardError = FileHandle(forWritingAtPath: names[2])
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        let texts = try names.map {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self)
        }
        for name in names { try FileManager.default.removeItem(atPath: name) }
        return Outcome(status: status, output: texts[1], complaint: texts[2])
    }
}
