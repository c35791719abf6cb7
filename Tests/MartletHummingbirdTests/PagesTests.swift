import Foundation
import Testing

@Suite("The pages for APIs")
struct PagesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private func texts(_ folder: String, _ ending: String) throws -> [String] {
        let place = Self.root.appending(path: folder)
        let names = try FileManager.default.subpathsOfDirectory(atPath: place.path).sorted()
        return try names.filter { $0.hasSuffix(ending) }.map {
            try String(contentsOf: place.appending(path: $0), encoding: .utf8)
        }
    }

    /// Lines without what stands before and behind them: a page may indent as it likes, and the
    /// formatter breaks lines as it likes.
    private func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .replacing("( ", with: "(").replacing(" )", with: ")")
    }

    private func blocks(_ page: String) -> [String] {
        page.components(separatedBy: "```swift\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
    }

    @Test("all Swift that they show is compiled: it stands in an example, or in the tests")
    func compiled() throws {
        let pages =
            try texts("Sources/MartletHummingbird/Documentation.docc", ".md")
            + texts("Sources/MartletResourceServer/Documentation.docc", ".md")
        let code =
            try texts("examples", ".swift")
            + texts("Tests/MartletHummingbirdTests", "PageCode.swift")
        let compiled = code.map(words)
        let shown = pages.flatMap(blocks)
        #expect(shown.count >= 8)
        for block in shown {
            #expect(compiled.contains { $0.contains(words(block)) }, "\(block)")
        }
    }
}
