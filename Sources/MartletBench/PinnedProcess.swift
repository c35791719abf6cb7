import Foundation

/// A program on one core, which ends with whoever started it, however that ends.
///
/// It holds one end of a pipe whose other end is ours: the kernel closes that even after a
/// `kill -9`, and a shell beside the program, which waits for it, then asks the program to stop.
/// (The kernel's own signal for the death of a parent means the thread, not the process.)
final class PinnedProcess {
    let process = Process()
    let figures: ProcessFigures
    private let lifeline = Pipe()

    /// Becomes the program that its arguments name; the copy of it in the background waits for the
    /// end of the pipe, and holds nothing else: Foundation knows the end of a process by a descriptor
    /// that the last of its heirs closes.
    private static let shell = #"""
        exec 3<&0
        (for fd in /proc/self/fd/*; do
            fd="${fd##*/}"
            if ((fd > 3)); then eval "exec $fd<&-"; fi
        done
        read -r _ <&3; kill "$$") 2>/dev/null &
        exec 3<&-
        exec "$@" </dev/null
        """#

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
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.shell, "sh"] + pinned
        process.standardInput = lifeline
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
        // The shell and `taskset` become the program, so the process stays the same.
        try Self.withoutBlockedSignals { [process] in try process.run() }
        figures = ProcessFigures(processID: process.processIdentifier)
    }

    /// A program inherits which signals are held back from it, and the runtime's threads hold back
    /// most, the one that asks to stop included.
    private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    deinit {
        cutLifeline()
    }

    /// Asks it to stop and waits until it has.
    func stop() {
        cutLifeline()
        process.waitUntilExit()
    }

    /// What the kernel does when this process ends.
    private func cutLifeline() {
        try? lifeline.fileHandleForWriting.close()
    }
}
