import Testing

/// The page is worth as much as the tests that it names.
@Suite("The threat model")
struct ThreatModelTests {
    private let tree = SourceTree.clone

    /// The test column of each row that has one.
    private var cells: [Substring] {
        let page = tree.file("docs/threat-model.md")?.lines ?? []
        var isThreat = false
        return page.compactMap { line in
            if line.hasPrefix("| threat |") { isThreat = true }
            if !line.hasPrefix("|") { isThreat = false }
            guard isThreat, !line.hasPrefix("| threat |"), !line.hasPrefix("| ---") else {
                return nil
            }
            return line.dropLast().split(separator: "|").last
        }
    }

    @Test("each threat names a test that holds it, and each test that it names exists")
    func namesTests() {
        #expect(cells.count > 20)
        let tests = tree.swift(in: "Tests").map(\.text)
        for cell in cells {
            let names = Self.names(in: cell)
            #expect(!names.isEmpty, "no test is named in: \(cell)")
            for name in names {
                #expect(tests.contains { $0.contains(name) }, "there is no test: \(name)")
            }
        }
    }

    /// `*a sentence*` is a test's name, `` `Word` `` a suite's type.
    private static func names(in cell: Substring) -> [String] {
        let sentences = parts(of: cell, between: "*").map { "\"\($0)\"" }
        let suites = parts(of: cell, between: "`").map { "struct \($0) {" }
        return sentences + suites
    }

    private static func parts(of cell: Substring, between mark: Character) -> [String] {
        cell.split(separator: mark, omittingEmptySubsequences: false).enumerated()
            .compactMap { $0.isMultiple(of: 2) ? nil : String($1) }
    }
}
