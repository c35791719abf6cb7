import ArgumentParser
import Foundation

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put refreshes on a seeded store's server, for whoever works on its speed.",
        discussion: """
            Example: MartletBench seed --folder few --families 2000 --live 2000
                     MartletBench load --folder few --connections 64 --seconds 5
            """
    )

    @Option(help: "A folder that `seed` made.")
    var folder: String

    @Option(help: "The server's program.")
    var server = ".build/release/martlet"

    @Option(help: "Connections; several are tried in turn.")
    var connections: [Int] = [64]

    @Option(help: "Sessions that the connections share; by default one for each connection.")
    var sessions: Int?

    @Option(help: "Seconds of each load.")
    var seconds = 3

    @Option(help: "How often.")
    var runs = 1

    func run() async throws {
        let folder = SeededFolder(path: self.folder)
        let cores = try Cores(.apart)
        let server = try RunningServer.start(self.server, on: folder, core: cores.server)
        defer { server.process.stop() }
        var load = try ServerLoad(server, folder, seconds: seconds, cores: cores)
        for _ in 0..<runs {
            for count in connections {
                let sample = try load.refresh(connections: count, sessions: sessions ?? count)
                let memory = try server.process.figures.residentMemory()
                print(
                    "\(count) connections: \(Shown.count(sample.perSecond))/s, "
                        + "\(Shown.tenths(sample.processorTime)) us of processor time each, "
                        + "p50 \(Shown.hundredths(sample.p50)) ms, "
                        + "p99 \(Shown.hundredths(sample.p99)) ms, "
                        + "\(Shown.count(Double(memory))) KiB"
                )
            }
        }
        try load.keepTokens()
    }
}
