import ArgumentParser
import Foundation

/// Where a report goes.
struct ReportOutput: ParsableArguments {
    @Option(help: "Write the report as JSON to a file, or - for standard output, without table.")
    var json: String?

    @Option(help: "Draw rotations per second against latency into an SVG file.")
    var picture: String?

    @Option(help: "Write the figures into the marked section of a Markdown page.")
    var page: String?

    func write(_ report: Report) throws {
        let text = try Report.text(of: report)
        if json == "-" {
            print(text)
        } else {
            if let json { try (text + "\n").write(toFile: json, atomically: true, encoding: .utf8) }
            print(Table(report: report).text)
        }
        if let picture {
            try Picture(report: report).text
                .write(toFile: picture, atomically: true, encoding: .utf8)
        }
        if let page { try PageSection(report: report).write(into: page) }
    }
}
