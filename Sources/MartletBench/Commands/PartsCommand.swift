import ArgumentParser
import Foundation

struct PartsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parts",
        abstract: "Time the parts that a request is made of, and print them as JSON."
    )

    @Option(help: "A folder on the disk that the store is on.")
    var folder: String

    @Option(help: "Seconds for each part.")
    var seconds = 0.3

    @Option(help: "Rows of the large table.")
    var rows = 1_000_000

    @Option(help: "How many of them are changed.")
    var live = 64_000

    func run() throws {
        let figures = try Parts(folder: folder, seconds: seconds, rows: rows, liveRows: live)
            .measure()
        print(try Report.text(of: figures))
    }
}
