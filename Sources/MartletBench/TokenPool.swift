/// The refresh tokens of live sessions. A load borrows some and gives back those that were not on
/// their way when it ended: what became of the others nobody saw.
struct TokenPool {
    private let folder: SeededFolder
    private let path: String
    private(set) var tokens: [String]

    /// - Parameter path: one token a line.
    init(_ folder: SeededFolder, _ path: String) throws {
        self.folder = folder
        self.path = path
        tokens = try SeededFolder.lines(of: path)
    }

    private var borrowed: String { folder.file("borrowed-tokens.txt") }
    private var returned: String { folder.file("returned-tokens.txt") }

    /// Lends so many tokens.
    mutating func lend<Answer>(
        _ count: Int,
        _ body: (_ tokens: String, _ rest: String) throws -> Answer
    ) throws -> Answer {
        let lent = try take(count)
        try SeededFolder.write(lent, to: borrowed)
        let answer = try body(borrowed, returned)
        tokens += try SeededFolder.lines(of: returned)
        return answer
    }

    /// Hands tokens out for good.
    mutating func take(_ count: Int) throws -> [String] {
        guard count <= tokens.count else {
            throw BenchError("\(count) live sessions are wanted and \(tokens.count) are left")
        }
        defer { tokens.removeFirst(count) }
        return Array(tokens.prefix(count))
    }

    /// Writes down what is left, for the next bench on the same store.
    func save() throws {
        try SeededFolder.write(tokens, to: path)
    }
}
