import ArgumentParser
import Foundation

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make table, picture and page again from an earlier bench's JSON."
    )

    @Option(help: "The JSON that --json wrote.")
    var from: String

    @OptionGroup var output: ReportOutput

    func run() throws {
        let text = try String(contentsOfFile: from, encoding: .utf8)
        try output.write(try Report.read(Report.self, from: text))
    }
}
