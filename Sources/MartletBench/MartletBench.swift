import ArgumentParser

/// What `scripts/bench` runs: it measures a server beside the limit that its parts set.
@main
struct MartletBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet-bench",
        abstract: "Measure Martlet beside the limit that its parts set.",
        subcommands: [
            RunCommand.self, ReportCommand.self, SeedCommand.self, LoadCommand.self,
            BareCommand.self, PartsCommand.self,
        ],
        defaultSubcommand: RunCommand.self
    )
}

/// Why the bench cannot go on: one sentence for whoever started it.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
