import Foundation

/// What the kernel tells of a process.
struct ProcessFigures {
    let processID: Int32

    /// Microseconds of processor time so far, its own and the kernel's for it.
    func processorTime() throws -> Double {
        let text = try read("stat")
        // The second field is the name in parentheses, which may hold anything.
        guard let end = text.lastIndex(of: ")") else { throw unreadable }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { throw unreadable }
        return (user + system) * 1_000_000 / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory now, in KiB.
    func residentMemory() throws -> Int { try kibibytes("VmRSS:") }

    /// The most resident memory that it ever had, in KiB.
    func largestMemory() throws -> Int { try kibibytes("VmHWM:") }

    private func kibibytes(_ name: String) throws -> Int {
        for line in try read("status").split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count > 1, let value = Int(words[1]) { return value }
        }
        throw unreadable
    }

    private func read(_ name: String) throws -> String {
        try String(contentsOfFile: "/proc/\(processID)/\(name)", encoding: .utf8)
    }

    private var unreadable: BenchError {
        BenchError("the kernel does not tell about process \(processID)")
    }
}
