import Foundation
import Testing

@testable import MartletServer

@Suite("The page of the metrics")
struct MetricsPageTests {
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/metrics.md")
    private static let begin = "<!-- From Metric.swift: scripts/docs writes what follows. -->\n"
    private static let end = "<!-- To here. -->"

    /// All that there are, as the page lists them.
    private static var table: String {
        let rows = Metric.all.map { metric in
            let labels = metric.labels.map { "`\($0.name)`: \($0.values)" }
                .joined(separator: "; ")
            return "| `\(metric.name)` | \(metric.kind.name) | \(metric.help) | \(labels) |"
        }
        let head = ["| metric | kind | what it tells | by |", "| --- | --- | --- | --- |"]
        return (head + rows).joined(separator: "\n") + "\n"
    }

    /// `scripts/docs` asks for the table to be written.
    @Test("docs/metrics.md lists all metrics as the code has them")
    func pageIsCurrent() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let begin = try #require(text.range(of: Self.begin))
        let end = try #require(text.range(of: Self.end))
        let current = text[..<begin.upperBound] + Self.table + text[end.lowerBound...]
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_DOCS"] != nil {
            try String(current).write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let written = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(written == String(current), "run: scripts/docs --from-code")
    }

    @Test("every metric that the page's text speaks of exists")
    func mentions() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let names = Set(Metric.all.map(\.name))
        for match in text.matches(of: /(martlet|process)_[a-z_]+/) {
            let name = match.output.0.replacing(/_(bucket|sum|count)$/, with: "")
            #expect(names.contains(String(name)), "\(name)")
        }
    }
}
