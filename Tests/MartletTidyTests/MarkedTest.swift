/// A test that says which requirements it holds: `@Test("…", .covers("RFC 7009 §2.1 own-token"))`.
struct MarkedTest: Equatable {
    let name: String
    let marks: [String]
    let path: String
    let line: Int

    /// The marked tests of a file, and marks that stand on no test.
    static func read(_ file: SourceFile) -> (tests: [MarkedTest], findings: [Finding]) {
        let source = Array(file.text.utf8)
        guard file.isSwift, !TextSearch.lines(of: call, in: source, matching: .anywhere).isEmpty
        else { return ([], []) }
        let code = CodeBytes(source: source, code: SwiftText(file.text).code)
        var tests: [MarkedTest] = []
        for attribute in code.calls(of: "@Test(") {
            let marks = code.calls(of: call, in: attribute).flatMap { code.literals(in: $0) }
            guard !marks.isEmpty else { continue }
            let name = code.literals(in: attribute).first ?? ""
            let line = code.line(of: attribute.lowerBound)
            tests.append(MarkedTest(name: name, marks: marks, path: file.path, line: line))
        }
        let onTests = code.calls(of: "@Test(").map { code.calls(of: call, in: $0).count }
        let stray = code.calls(of: call).count - onTests.reduce(0, +)
        guard stray > 0 else { return (tests, []) }
        let advice = "\(stray) marks stand on no test: write them into @Test(…)"
        return (tests, [Finding(path: file.path, line: 1, advice: advice)])
    }

    private static let call = ".covers("
}

/// A source beside its code with blanked literals, byte for byte at the same places.
private struct CodeBytes {
    let source: [UInt8]
    let code: [UInt8]

    /// Where each call stands: from the byte after its opening parenthesis to the closing one.
    func calls(of opening: String, in range: Range<Int>? = nil) -> [Range<Int>] {
        let opening = Array(opening.utf8)
        let range = range ?? 0..<code.count
        var found: [Range<Int>] = []
        var at = range.lowerBound
        while at + opening.count <= range.upperBound {
            if code[at] == opening[0], code[at..<at + opening.count].elementsEqual(opening) {
                let start = at + opening.count
                found.append(start..<end(from: start))
                at = start
            } else {
                at += 1
            }
        }
        return found
    }

    private func end(from start: Int) -> Int {
        var depth = 1
        for at in start..<code.count {
            if code[at] == UInt8(ascii: "(") { depth += 1 }
            if code[at] == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return at }
        }
        return code.count
    }

    /// The string literals of one line each, as written.
    func literals(in range: Range<Int>) -> [String] {
        let quotes = range.filter { code[$0] == UInt8(ascii: "\"") }
        return stride(from: 0, to: quotes.count - 1, by: 2).map { index in
            String(decoding: source[(quotes[index] + 1)..<quotes[index + 1]], as: UTF8.self)
        }
    }

    func line(of offset: Int) -> Int {
        code[..<offset].reduce(into: 1) { $0 += $1 == UInt8(ascii: "\n") ? 1 : 0 }
    }
}
