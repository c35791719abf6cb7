import Foundation
import MartletProtocol
import MartletTesting

/// A program that nobody here wrote, or a script that drives one, run as a process of its own.
///
/// What it prints goes into a file: a pipe that nobody empties would hold it up.
final class ClientProgram {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// How long an app may take until it listens: an interpreter's start on a busy machine.
    static let startAttempts = 400
    static let startInterval: TimeInterval = 0.05

    /// The folder with the scripts and the Apache configuration.
    static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "clients")
    /// Where the browser's pictures go, for a person to look at.
    static var pictures: URL { root.appending(path: ".build/screenshots") }
    static let root = scripts.deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private let process = Process()
    private let folder: URL

    init(_ program: String, _ arguments: [String], environment: [String: String]) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-interop-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw Failure(description: "\(program) is missing: run scripts/setup --test")
        }
        // A child inherits the signals that the starting thread blocks, and Dispatch's threads block
        // all of them: without `env` it could not be asked to stop.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["--default-signal=TERM", program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = try file("output")
        process.standardError = try file("errors")
    }

    /// A script of ``scripts``, run by the interpreter that `scripts/setup --test` made.
    static func python(_ script: String, environment: [String: String]) throws -> ClientProgram {
        try ClientProgram(
            root.appending(path: ".build/tools/python/bin/python3").path,
            ["-B", scripts.appending(path: script).path],
            environment: environment
        )
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a script that tells a story, to its end.
    ///
    /// - Returns: The JSON object that it printed.
    static func play(_ script: String, environment: [String: String]) async throws -> JSONValue {
        let program = try python(script, environment: environment)
        try await program.run()
        return try JSONValue(parsing: Array(program.printed("output").utf8))
    }

    /// Runs the program to its end.
    private func run() async throws {
        let _: Void = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        guard process.terminationStatus == 0 else { throw Failure(description: log) }
    }

    /// Starts a program that listens, and returns once it does.
    func start(listeningOn port: Int) async throws {
        try process.run()
        for _ in 0..<Self.startAttempts {
            if ServerProcess.isListening(on: port) { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .seconds(Self.startInterval))
        }
        throw Failure(description: "the app does not listen: \(log)")
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    /// What it printed, for a failing test.
    var log: String { printed("errors") + printed("output") }

    private func file(_ name: String) throws -> FileHandle {
        let path = folder.appending(path: name)
        _ = FileManager.default.createFile(atPath: path.path, contents: nil)
        return try FileHandle(forWritingTo: path)
    }

    private func printed(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }
}
