import Foundation

/// A program on one core.
final class PinnedProcess {
    let process = Process()
    let figures: ProcessFigures

    /// Starts it; what it says goes to a file.
    ///
    /// - Parameter core: `nil` leaves the core to the kernel.
    init(
        _ command: [String],
        core: Int?,
        output: String,
        environment: [String: String] = [:]
    ) throws {
        let pinned = core.map { ["taskset", "--cpu-list", "\($0)"] + command } ?? command
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = pinned
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("MARTLET_") }
            .merging(environment) { $1 }
        guard FileManager.default.createFile(atPath: output, contents: nil),
            let file = FileHandle(forWritingAtPath: output)
        else {
            throw BenchError("\(output) cannot be written")
        }
        process.standardOutput = file
        process.standardError = file
        // `env` and `taskset` become the program, so the process stays the same.
        try process.run()
        figures = ProcessFigures(processID: process.processIdentifier)
    }

    deinit {
        if process.isRunning { process.terminate() }
    }

    /// Asks it to stop and waits until it has.
    func stop() {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }
}
