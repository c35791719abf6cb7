/// A Swift source taken apart into code, string literals and comments, so that a rule about one
/// isn't fooled by another. It knows the lexical grammar only: it does not parse.
struct SwiftText {
    struct Piece: Equatable {
        let line: Int
        let text: String
    }

    /// The source with the insides of comments and string literals blanked; lines stay in place.
    /// What stands in an interpolation is code.
    let code: [UInt8]
    /// The contents of string literals as written, escapes included, without interpolations.
    let literals: [Piece]
    /// One for each line of each comment, without the comment's marks.
    let comments: [Piece]

    init(_ source: String) {
        var scanner = Scanner(bytes: Array(source.utf8))
        scanner.scanCode(endingAtParenthesis: false)
        code = scanner.code
        literals = scanner.literals
        comments = scanner.comments
    }

    /// The lines (from 1) on which `pattern` stands in the code. With `.whole`, a letter or digit
    /// beside it makes it another word.
    func lines(of pattern: String, matching: TextSearch.Matching = .whole) -> [Int] {
        TextSearch.lines(of: pattern, in: code, matching: matching)
    }

    var codeLines: [String] {
        code.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

private struct Scanner {
    let bytes: [UInt8]
    var code: [UInt8] = []
    var literals: [SwiftText.Piece] = []
    var comments: [SwiftText.Piece] = []
    private var at = 0
    private var line = 1

    init(bytes: [UInt8]) {
        self.bytes = bytes
        code.reserveCapacity(bytes.count)
    }

    private func peek(_ ahead: Int = 0) -> UInt8? {
        at + ahead < bytes.count ? bytes[at + ahead] : nil
    }

    private func isNext(_ text: StaticString) -> Bool {
        (0..<text.utf8CodeUnitCount).allSatisfy { peek($0) == text.utf8Start[$0] }
    }

    /// Takes one byte, into the code or as a blank.
    private mutating func take(asCode: Bool) {
        let byte = bytes[at]
        let isLineEnd = byte == UInt8(ascii: "\n")
        code.append(asCode || isLineEnd ? byte : UInt8(ascii: " "))
        if isLineEnd { line += 1 }
        at += 1
    }

    private mutating func take(_ count: Int, asCode: Bool) {
        for _ in 0..<count where at < bytes.count { take(asCode: asCode) }
    }

    /// To the end of the source, or past the parenthesis that ends an interpolation.
    mutating func scanCode(endingAtParenthesis: Bool) {
        var depth = 0
        while let byte = peek() {
            if isNext("//") {
                scanLineComment()
            } else if isNext("/*") {
                scanBlockComment()
            } else if byte == UInt8(ascii: "\"") || (byte == UInt8(ascii: "#") && startsRawString) {
                scanString()
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    depth -= 1
                    if endingAtParenthesis, depth < 0 { return }
                }
                take(asCode: true)
            }
        }
    }

    private var startsRawString: Bool {
        var ahead = 0
        while peek(ahead) == UInt8(ascii: "#") { ahead += 1 }
        return peek(ahead) == UInt8(ascii: "\"")
    }

    private mutating func scanLineComment() {
        let start = at
        while let byte = peek(), byte != UInt8(ascii: "\n") { take(asCode: false) }
        comments.append(.init(line: line, text: text(start..<at)))
    }

    private mutating func scanBlockComment() {
        let (start, firstLine) = (at, line)
        var depth = 0
        repeat {
            if isNext("/*") {
                depth += 1
                take(2, asCode: false)
            } else if isNext("*/") {
                depth -= 1
                take(2, asCode: false)
            } else {
                take(asCode: false)
            }
        } while depth > 0 && at < bytes.count
        let lines = text(start..<at).split(separator: "\n", omittingEmptySubsequences: false)
        for (offset, line) in lines.enumerated() {
            comments.append(.init(line: firstLine + offset, text: String(line)))
        }
    }

    private mutating func scanString() {
        var marks = 0
        while peek() == UInt8(ascii: "#") {
            marks += 1
            take(asCode: true)
        }
        let quotes = isNext("\"\"\"") ? 3 : 1
        take(quotes, asCode: true)
        var (content, firstLine) = ([UInt8](), line)
        while let byte = peek() {
            if isRun(of: "\"", count: quotes), isRun(of: "#", count: marks, from: quotes) {
                break
            }
            if quotes == 1, byte == UInt8(ascii: "\n") {
                break  // Not a literal that compiles; don't let it swallow the rest of the file.
            }
            if byte == UInt8(ascii: "\\"), isRun(of: "#", count: marks, from: 1) {
                if peek(1 + marks) == UInt8(ascii: "(") {
                    take(2 + marks, asCode: false)
                    scanCode(endingAtParenthesis: true)
                    if at < bytes.count { take(asCode: false) }
                } else {
                    let end = min(at + 2 + marks, bytes.count)
                    content += bytes[at..<end]
                    take(end - at, asCode: false)
                }
                continue
            }
            if byte == UInt8(ascii: "\n") {
                append(content, line: firstLine)
                (content, firstLine) = ([], line + 1)
            } else {
                content.append(byte)
            }
            take(asCode: false)
        }
        append(content, line: firstLine)
        take(quotes + marks, asCode: true)
    }

    private func isRun(of character: Unicode.Scalar, count: Int, from ahead: Int = 0) -> Bool {
        (0..<count).allSatisfy { peek(ahead + $0) == UInt8(ascii: character) }
    }

    private mutating func append(_ content: [UInt8], line: Int) {
        literals.append(.init(line: line, text: String(decoding: content, as: UTF8.self)))
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}

/// A search that is quick in a debug build too: the rules read every file many times.
enum TextSearch {
    enum Matching {
        /// Not inside a longer word.
        case whole
        /// Anywhere.
        case anywhere
    }

    static func lines(
        of pattern: String,
        in bytes: [UInt8],
        matching: Matching = .whole
    ) -> [Int] {
        let pattern = Array(pattern.utf8)
        guard let first = pattern.first, let last = pattern.last else { return [] }
        var found: [Int] = []
        bytes.withUnsafeBufferPointer { bytes in
            var (line, at) = (1, 0)
            while at < bytes.count {
                let byte = bytes[at]
                if byte == first, at + pattern.count <= bytes.count,
                    (0..<pattern.count).allSatisfy({ bytes[at + $0] == pattern[$0] })
                {
                    let end = at + pattern.count
                    let isInsideWord =
                        (isWord(first) && at > 0 && isWord(bytes[at - 1]))
                        || (isWord(last) && end < bytes.count && isWord(bytes[end]))
                    if matching == .anywhere || !isInsideWord, found.last != line {
                        found.append(line)
                    }
                }
                if byte == UInt8(ascii: "\n") { line += 1 }
                at += 1
            }
        }
        return found
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
            true
        default:
            false
        }
    }
}
