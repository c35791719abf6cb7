import Foundation

/// Where and when it was measured.
struct Machine: Codable {
    let processor: String
    let cores: Int
    let system: String
    let kernel: String
    /// The day, as ISO 8601 has it.
    let date: String

    static func current() -> Machine {
        Machine(
            processor: value(of: "model name", in: "/proc/cpuinfo", separator: ":")
                ?? "unknown processor",
            cores: ProcessInfo.processInfo.processorCount,
            system: value(of: "PRETTY_NAME", in: "/etc/os-release", separator: "=")
                ?? "unknown system",
            // Its version; what comes behind it names somebody's build.
            kernel: String(text(of: "/proc/sys/kernel/osrelease").prefix { $0 != "-" }),
            date: day()
        )
    }

    private static func day() -> String {
        Date().formatted(.iso8601.year().month().day())
    }

    private static func text(of path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func value(
        of name: String,
        in path: String,
        separator: Character
    ) -> String? {
        for line in text(of: path).split(separator: "\n") where line.hasPrefix(name) {
            guard let start = line.firstIndex(of: separator) else { continue }
            return line[line.index(after: start)...]
                .trimmingCharacters(in: CharacterSet(charactersIn: " \"\t"))
        }
        return nil
    }
}
