import Foundation

/// A load by wrk: so many connections, each with one request on its way at a time.
struct Load {
    /// Where the server listens.
    let port: Int
    let connections: Int
    let seconds: Int
    /// The mean pause of a connection between an answer and its next request, in milliseconds.
    var pause = 0.0
    let request: LoadRequest
    let core: Int?
    /// Where the files for wrk lie.
    let folder: SeededFolder

    static let script = "scripts/lib/load/load.lua"

    /// Puts the load on the server; every request must be answered well.
    ///
    /// - Parameter beside: something to do while it runs.
    func run(beside: () throws -> Void = {}) throws -> LoadFigures {
        let template = folder.file("request.txt")
        try request.text.write(toFile: template, atomically: true, encoding: .utf8)
        let output = folder.file("wrk.txt")
        let command = [
            "wrk", "--threads", "1", "--connections", "\(connections)", "--duration",
            "\(seconds)s", "--timeout", "10s", "--script", Self.script,
            "http://127.0.0.1:\(port)/", "--", "request=\(template)", "pause=\(pause)",
        ]
        let wrk = try PinnedProcess(command + request.arguments, core: core, output: output)
        try beside()
        wrk.process.waitUntilExit()
        let text = try String(contentsOfFile: output, encoding: .utf8)
        guard let line = text.split(separator: "\n").last(where: { $0.hasPrefix(Self.mark) }) else {
            throw BenchError("wrk did not finish: \(text)")
        }
        let figures = try JSONDecoder().decode(
            LoadFigures.self,
            from: Data(line.dropFirst(Self.mark.count).utf8)
        )
        try figures.assertClean()
        return figures
    }

    private static let mark = "martlet-bench "
}

/// What wrk counted.
struct LoadFigures: Codable {
    /// Answers, good or bad.
    let requests: Int
    let microseconds: Int
    let answered: Int
    /// Answers that are not what they should be.
    let failed: Int
    /// Requests for which no token was left.
    let dry: Int
    /// Connections that could not be made, read or written.
    let broken: Int
    let late: Int
    /// Microseconds.
    let p50: Int
    let p99: Int
    /// The first answer that was not what it should be.
    let failure: String

    var perSecond: Double { Double(answered) * 1_000_000 / Double(microseconds) }

    /// A figure of a load in which anything went wrong is worth nothing.
    func assertClean() throws {
        guard failed == 0, dry == 0, broken == 0, late == 0, answered > 0 else {
            throw BenchError(
                "of \(requests) requests \(failed) failed, \(dry) had no token left, \(broken) "
                    + "connections broke and \(late) answers were late: \(failure)"
            )
        }
    }
}
