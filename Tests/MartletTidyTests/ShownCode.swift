/// Swift that pages and comments show. It is true because it is compiled: each block stands, word for
/// word, in an example or in a test target's `PageCode.swift`.
enum ShownCode {
    /// Whether a file's code may be shown.
    static func isCompiled(_ file: SourceFile) -> Bool {
        file.isSwift && (file.path.hasPrefix("examples/") || file.name == "PageCode.swift")
    }

    /// Whether a file shows code to readers: a page, or a source with its comments.
    static func isShowing(_ file: SourceFile) -> Bool {
        file.isMarkdown || (file.isSwift && file.path.hasPrefix("Sources/"))
    }

    /// - Parameter compiled: The words of each file that ``isCompiled(_:)``.
    static func findings(in file: SourceFile, compiled: [String]) -> [Finding] {
        blocks(in: file).compactMap { line, code in
            guard !compiled.contains(where: { $0.contains(words(code)) }) else { return nil }
            let advice =
                "nobody compiles this code: put it into an example or a PageCode.swift, word for word"
            return Finding(path: file.path, line: line, advice: advice)
        }
    }

    /// What stands between "```swift" and "```", with the line that it begins on.
    static func blocks(in file: SourceFile) -> [(line: Int, code: String)] {
        var blocks: [(line: Int, code: String)] = []
        var open: (line: Int, code: String)?
        for (index, line) in file.lines.enumerated() {
            guard let text = shown(line, in: file) else { continue }
            if text.allSatisfy(\.isWhitespace) { continue }
            let mark = text.drop(while: \.isWhitespace)
            if let block = open {
                if mark.hasPrefix("```") {
                    blocks.append(block)
                    open = nil
                } else {
                    open = (block.line, block.code + text + "\n")
                }
            } else if mark.hasPrefix("```swift") {
                open = (index + 2, "")
            }
        }
        return blocks
    }

    /// All of a page; of a source, its documentation.
    private static func shown(_ line: Substring, in file: SourceFile) -> Substring? {
        guard !file.isMarkdown else { return line }
        let text = line.drop(while: \.isWhitespace)
        return text.hasPrefix("///") ? text.dropFirst(3) : nil
    }

    /// Without how it is laid out: pages indent as they like, and the formatter breaks lines as it
    /// likes.
    static func words(_ code: String) -> String {
        code.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .replacing("( ", with: "(").replacing(" )", with: ")")
    }
}
