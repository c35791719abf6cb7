/// The refresh tokens of live sessions. A load borrows some and gives back those that were not on
/// their way when it ended: what became of the others nobody saw.
struct TokenPool {
    private let folder: SeededFolder
    private var tokens: [String]

    init(_ folder: SeededFolder, _ path: String) throws {
        self.folder = folder
        tokens = try SeededFolder.lines(of: path)
    }

    var remaining: [String] { tokens }

    private var borrowed: String { folder.file("borrowed-tokens.txt") }
    private var returned: String { folder.file("returned-tokens.txt") }

    /// Lends so many tokens, or all of them.
    mutating func lend<Answer>(
        _ count: Int?,
        _ body: (_ tokens: String, _ rest: String) throws -> Answer
    ) throws -> Answer {
        let count = count ?? tokens.count
        guard count <= tokens.count else {
            throw BenchError("\(count) live sessions are wanted and \(tokens.count) are left")
        }
        try SeededFolder.write(Array(tokens.prefix(count)), to: borrowed)
        tokens.removeFirst(count)
        let answer = try body(borrowed, returned)
        tokens += try SeededFolder.lines(of: returned)
        return answer
    }
}
