import ArgumentParser
import Foundation

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure."
    )

    @Option(help: "A folder that `seed` made.")
    var folder: String

    @Option(help: "The server's program.")
    var server = ".build/release/martlet"

    @Option(help: "Connections.")
    var connections: [Int] = [64]

    @Option(
        help:
            "How many sessions the connections share; as many as there are connections if not said."
    )
    var sessions: Int?

    @Option(help: "Seconds of each load.")
    var seconds = 3

    @Option(help: "How often.")
    var runs = 1

    func run() async throws {
        let folder = SeededFolder(path: self.folder)
        let seeded = try folder.read()
        var pool = try TokenPool(folder, folder.refreshTokens)
        let server = try RunningServer.start(self.server, on: folder, core: 0)
        defer { server.process.stop() }
        print(
            "start \(server.startTime), idle RSS \(try server.process.figures.residentMemory()) KiB"
        )
        for _ in 0..<runs {
            for count in connections {
                let before = try server.process.figures.processorTime()
                let figures = try pool.lend(sessions ?? count) { tokens, rest in
                    try Load(
                        port: server.port,
                        connections: count,
                        seconds: seconds,
                        request: .refresh(seeded.client, tokens: tokens, rest: rest),
                        core: 1,
                        folder: folder
                    ).run()
                }
                let spent = try server.process.figures.processorTime() - before
                print(
                    "\(count) connections: \(Int(figures.perSecond))/s, "
                        + "\(Int(spent / Double(figures.answered) * 10) / 10) us, p50 \(figures.p50) us, "
                        + "p99 \(figures.p99) us, RSS \(try server.process.figures.residentMemory()) KiB"
                )
            }
        }
        try SeededFolder.write(pool.remaining, to: folder.refreshTokens)
    }
}
