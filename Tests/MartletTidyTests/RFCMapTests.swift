import Foundation
import Testing

@Suite("The map of the specifications")
struct RFCMapTests {
    private static let map = RFCMap(.clone)

    @Test("each requirement is held by a test or not claimed, and each mark names a requirement")
    func complete() {
        expectNone(Self.map.findings)
    }

    /// `scripts/docs` asks for the page to be written.
    @Test("docs/rfc-map.md is what requirements and marks say")
    func pageIsCurrent() throws {
        let page = SourceTree.clone.root.appendingPathComponent(RFCMap.path)
        if ProcessInfo.processInfo.environment["MARTLET_WRITE_DOCS"] != nil {
            try Self.map.markdown.write(to: page, atomically: true, encoding: .utf8)
        }
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(text == Self.map.markdown, "run: scripts/docs --from-code")
    }

    @Test("a mark is found wherever it stands in its test's attribute, and only there")
    func marks() {
        let file = SourceFile(
            path: "Tests/X/A.swift",
            text: """
                @Test("one (1)", .covers("A §1 a", "A §2 b"), arguments: [("(", 1)])
                func one() {}
                // @Test("no", .covers("A §9 z"))
                @Test(
                    "two",
                    .covers("A §3 c")
                )
                func two() { print(".covers(") }
                @Test("three") func three() { _ = Comment.covers("A §4 d") }
                """
        )
        let read = MarkedTest.read(file)
        #expect(read.tests.map(\.name) == ["one (1)", "two"])
        #expect(read.tests.map(\.marks) == [["A §1 a", "A §2 b"], ["A §3 c"]])
        #expect(read.tests.map(\.line) == [1, 4])
        #expect(read.findings.count == 1)
    }

    @Test("a requirement without test, one that is claimed twice over and a made-up mark are found")
    func findings() {
        let tree = SourceTree(
            root: SourceTree.clone.root,
            files: [
                SourceFile(
                    path: "docs/rfc-requirements/a.txt",
                    text: """
                        A: The A of things
                        https://a.example

                        §1 held MUST: It is so.
                        §2 alone SHOULD NOT: Nobody looks.
                        §3 left MAY: We do not.
                          not claimed: no need
                        §4 both MAY: We do.
                          not claimed: no need
                        §5 wrong
                        """
                ),
                SourceFile(
                    path: "Tests/X/A.swift",
                    text: #"@Test("x", .covers("A §1 held", "A §4 both", "A §6 gone"))"#
                ),
            ]
        )
        let advice = RFCMap(tree).findings.map { "\($0.path):\($0.line)" }
        #expect(
            advice == [
                "docs/rfc-requirements/a.txt:10", "Tests/X/A.swift:1",
                "docs/rfc-requirements/a.txt:5", "docs/rfc-requirements/a.txt:8",
            ]
        )
        let page = RFCMap(tree).markdown
        #expect(page.contains("| §1 `held` | MUST | It is so. | [x](../Tests/X/A.swift) |"))
        #expect(page.contains("| §3 `left` | MAY | We do not. | **not claimed**: no need |"))
    }
}
