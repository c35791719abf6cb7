/// A QR code (ISO/IEC 18004) of a short text: what a phone reads off a terminal.
///
/// Of the standard it is what a link takes: bytes in versions 1 to 10, which hold 213 of them, with
/// enough correction for a scratch (level M).
struct QRCode: Equatable {
    /// Bytes that the largest version here holds.
    static let maximumLength = 213

    /// Modules on each side.
    let size: Int
    /// Whether a module is dark, row by row.
    private(set) var isDark: [Bool]

    /// The code of a text; `nil` if it is too long.
    ///
    /// - Parameter mask: one of the eight patterns that even out dark and light; without one, the
    ///   one that scanners read best.
    init?(_ text: String, mask: Int? = nil) {
        let bytes = Array(text.utf8)
        guard let version = QRVersion.smallest(for: bytes.count) else { return nil }
        let codewords = version.codewords(of: bytes)
        if let mask {
            self.init(version, codewords, mask: mask)
        } else {
            let codes = (0..<8).map { QRCode(version, codewords, mask: $0) }
            guard let best = codes.min(by: { $0.penalty < $1.penalty }) else { return nil }
            self = best
        }
    }

    private init(_ version: QRVersion, _ codewords: [UInt8], mask: Int) {
        var drawing = QRDrawing(version)
        drawing.drawPatterns(mask: mask)
        drawing.draw(codewords, mask: mask)
        size = drawing.size
        isDark = drawing.isDark
    }

    subscript(row: Int, column: Int) -> Bool { isDark[row * size + column] }
}

// MARK: - What a terminal shows

extension QRCode {
    /// How the two shades come about.
    enum Ink {
        /// Black on white, by escape sequences.
        case colours
        /// Blocks are the light modules: right on a dark background, which is what most have.
        case blocks
    }

    /// Light modules around the code, without which scanners do not find it.
    private static let quietZone = 4

    /// Lines of half blocks, each two rows of modules.
    func text(_ ink: Ink) -> String {
        let edge = -Self.quietZone
        let rows = stride(from: edge, to: size - edge, by: 2)
        return rows.map { row in
            let line = (edge..<(size - edge)).map { column in
                block(upper: shows(row, column, ink), lower: shows(row + 1, column, ink))
            }
            return ink.line(line.joined())
        }
        .joined()
    }

    /// Whether a block stands for this module.
    private func shows(_ row: Int, _ column: Int, _ ink: Ink) -> Bool {
        let isInside = (0..<size).contains(row) && (0..<size).contains(column)
        let isDark = isInside && self[row, column]
        switch ink {
        case .colours: return isDark
        case .blocks: return !isDark
        }
    }

    private func block(upper: Bool, lower: Bool) -> String {
        switch (upper, lower) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
    }
}

extension QRCode.Ink {
    fileprivate func line(_ text: String) -> String {
        switch self {
        case .colours: "\u{1B}[38;5;16;48;5;231m\(text)\u{1B}[0m\n"
        case .blocks: text + "\n"
        }
    }
}

// MARK: - The choice of the mask

extension QRCode {
    /// How hard the code is to read, by the four rules of ISO/IEC 18004 §7.8.3.
    private var penalty: Int {
        let lines = (0..<size).flatMap { line in
            [(0..<size).map { self[line, $0] }, (0..<size).map { self[$0, line] }]
        }
        let ofLines = lines.reduce(0) { $0 + Self.runs($1) + Self.finders($1) }
        return ofLines + squares + balance
    }

    /// Five and more alike in a row.
    private static func runs(_ line: [Bool]) -> Int {
        var penalty = 0
        var length = 0
        for (index, module) in line.enumerated() {
            length = index > 0 && line[index - 1] == module ? length + 1 : 1
            if length == 5 { penalty += 3 } else if length > 5 { penalty += 1 }
        }
        return penalty
    }

    /// What looks like a finder: 1 1 3 1 1, with four light ones before or after.
    private static func finders(_ line: [Bool]) -> Int {
        let core = [true, false, true, true, true, false, true]
        let light = [Bool](repeating: false, count: 4)
        return [core + light, light + core].reduce(0) { penalty, pattern in
            let starts = 0...(line.count - pattern.count)
            return penalty + 40
                * starts.count { line[$0..<($0 + pattern.count)].elementsEqual(pattern) }
        }
    }

    /// Squares of four alike.
    private var squares: Int {
        var penalty = 0
        for row in 0..<(size - 1) {
            for column in 0..<(size - 1) {
                let module = self[row, column]
                let isSquare =
                    self[row, column + 1] == module && self[row + 1, column] == module
                    && self[row + 1, column + 1] == module
                if isSquare { penalty += 3 }
            }
        }
        return penalty
    }

    /// How far dark and light are from even, in steps of five in a hundred.
    private var balance: Int {
        let dark = isDark.count { $0 }
        return abs(20 * dark - 10 * isDark.count) / isDark.count * 10
    }
}
