import Foundation

/// `martlet serve` on a seeded store, on a core of its own.
struct RunningServer {
    let process: PinnedProcess
    let port: Int
    /// From its start to its first answer.
    let startTime: Duration

    /// Looking more often would take processor time from the server, if it shares the core.
    private static let attemptInterval: TimeInterval = 0.001
    private static let patience: Duration = .seconds(60)

    static func start(
        _ binary: String,
        on folder: SeededFolder,
        core: Int?
    ) throws -> RunningServer {
        let port = try LoopbackClient.freePort()
        let started = ContinuousClock.now
        let process = try PinnedProcess(
            [binary, "serve", "--config", folder.configuration],
            core: core,
            output: folder.log,
            environment: ["MARTLET_LISTEN": "127.0.0.1:\(port)"]
        )
        let client = LoopbackClient(port: port)
        while !client.isHealthy() {
            guard process.process.isRunning, ContinuousClock.now - started < patience else {
                let log = try? String(contentsOfFile: folder.log, encoding: .utf8)
                throw BenchError("the server did not start: \(log ?? "")")
            }
            Thread.sleep(forTimeInterval: attemptInterval)
        }
        return RunningServer(
            process: process,
            port: port,
            startTime: ContinuousClock.now - started
        )
    }
}
