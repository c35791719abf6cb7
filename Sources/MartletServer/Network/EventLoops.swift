import FoundationEssentials
import NIOCore
import NIOPosix

/// The threads that connections live on.
enum EventLoops {
    /// As many as this process may use cores: more would take turns on them, and each would find
    /// fewer requests waiting at a time. The library's own number heeds the limits of containers,
    /// but not a process that is pinned.
    static let shared = MultiThreadedEventLoopGroup(numberOfThreads: count)

    static let count = max(1, min(System.coreCount, allowedCores() ?? .max))

    /// How many cores the process is allowed to run on, where Linux tells.
    private static func allowedCores() -> Int? {
        FileManager.default.contents(atPath: "/proc/self/status")
            .flatMap { allowedCores(in: String(decoding: $0, as: UTF8.self)) }
    }

    /// The same from the file's text: a mask in hexadecimal digits, with commas between groups.
    static func allowedCores(in status: String) -> Int? {
        let name = "Cpus_allowed:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else {
            return nil
        }
        let digits = line.dropFirst(name.count).compactMap(\.hexDigitValue)
        return digits.isEmpty ? nil : digits.reduce(0) { $0 + $1.nonzeroBitCount }
    }
}
