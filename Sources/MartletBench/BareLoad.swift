import Foundation

/// The bare server under the load that the real one gets: what HTTP alone costs.
struct BareLoad {
    private let process: PinnedProcess
    private let port: Int
    private let request: LoadRequest
    private let seconds: Int
    private let cores: Cores
    private let folder: SeededFolder

    private static let attempts = 2000
    private static let attemptInterval: TimeInterval = 0.005

    /// Starts a server that answers what the real one did.
    static func start(
        _ workload: Workload,
        beside load: inout ServerLoad,
        largestLoad connections: Int,
        seconds: Int,
        cores: Cores,
        in folder: SeededFolder
    ) throws -> BareLoad {
        let answer = try load.answer(to: workload, connections: connections)
        let file = folder.file("answer-\(workload.rawValue).txt")
        try (answer.head + answer.body).write(toFile: file, atomically: true, encoding: .utf8)
        let port = try LoopbackClient.freePort()
        let process = try PinnedProcess(
            [try OwnProgram.path(), "bare", "--answer", file, "--port", "\(port)"],
            core: cores.server,
            output: folder.file("bare-\(workload.rawValue).log")
        )
        let bare = BareLoad(
            process: process,
            port: port,
            request: load.request(workload),
            seconds: seconds,
            cores: cores,
            folder: folder
        )
        try bare.awaitStart()
        return bare
    }

    private func awaitStart() throws {
        for _ in 0..<Self.attempts where process.process.isRunning {
            if LoopbackClient(port: port).isHealthy() { return }
            Thread.sleep(forTimeInterval: Self.attemptInterval)
        }
        throw BenchError("the bare server did not start")
    }

    func run(connections: Int) throws -> Sample {
        let before = try process.figures.processorTime()
        let answered = try Load(
            port: port,
            connections: connections,
            seconds: seconds,
            request: request,
            core: cores.load,
            folder: folder
        ).run()
        return Sample(answered, processorTime: try process.figures.processorTime() - before)
    }

    func stop() { process.stop() }
}

/// This very program, to be started again in another part.
enum OwnProgram {
    static func path() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
