import Foundation
import Testing

@testable import MartletBench

/// The figures that everybody reads.
struct ReportTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private static func published() throws -> Report {
        try Report.read(Report.self, from: try text(of: "docs/performance.json"))
    }

    @Test("the README's figures are those of docs/performance.json, and nobody typed them")
    func readme() throws {
        let section = PageSection(report: try Self.published())
        let readme = try Self.text(of: "README.md")
        #expect(
            readme.contains("\(PageSection.beginning)\n\(section.text)\n\(PageSection.end)"),
            "write it anew: scripts/bench --from docs/performance.json --page README.md"
        )
    }

    @Test("the picture is drawn from docs/performance.json")
    func picture() throws {
        let drawn = Picture(report: try Self.published()).text
        let picture = try Self.text(of: "docs/pictures/performance.svg")
        #expect(
            picture == drawn,
            "scripts/bench --from docs/performance.json --picture docs/pictures/performance.svg"
        )
    }

    @Test("what is published was measured on two cores, three times at least")
    func published() throws {
        let settings = try Self.published().settings
        #expect(settings.hasCores && settings.runs >= 3)
    }

    @Test("a report survives its JSON")
    func roundTrip() throws {
        let report = try Self.published()
        let text = try Report.text(of: report)
        let again = try Report.text(of: try Report.read(Report.self, from: text))
        #expect(again == text)
    }
}
