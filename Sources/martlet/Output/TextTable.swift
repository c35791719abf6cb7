/// A table for people: a line of titles, and columns that stand under them.
struct TextTable {
    /// Short words; they are printed in capitals.
    let titles: [String]
    private var rows: [[String]] = []

    init(_ titles: String...) {
        self.titles = titles
    }

    /// Adds a row. An empty cell is printed as `-`, so that a column can be told from the next.
    mutating func add(_ cells: String...) {
        precondition(cells.count == titles.count, "a row has as many cells as there are titles")
        rows.append(cells.map { $0.isEmpty ? "-" : $0.printable })
    }

    var isEmpty: Bool { rows.isEmpty }

    /// The lines, without spaces at their ends.
    var text: String {
        let lines = [titles.map { $0.uppercased() }] + rows
        let widths = titles.indices.map { column in
            lines.map { $0[column].columns }.max() ?? 0
        }
        return lines.map { cells in
            let padded = zip(cells, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.columns)
            }
            let line = padded.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        .joined(separator: "\n")
    }
}

/// What is known of one thing, a line each: `scope    read write`.
struct TextFacts {
    private var facts: [(name: String, value: String)] = []

    init() {}

    /// Adds a line, unless there is nothing to say.
    mutating func add(_ name: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        facts.append((name, value.printable))
    }

    /// The lines, the values under each other.
    var text: String {
        let width = facts.map(\.name.columns).max() ?? 0
        return facts.map { name, value in
            name + String(repeating: " ", count: width - name.columns + 2) + value
        }
        .joined(separator: "\n")
    }
}

extension String {
    /// How many columns of a terminal the text takes: two for the wide characters of East Asia
    /// and for pictures, one for others.
    var columns: Int {
        reduce(0) { $0 + ($1.isWide ? 2 : 1) }
    }
}

extension Character {
    fileprivate var isWide: Bool {
        guard let scalar = unicodeScalars.first else { return false }
        if scalar.properties.isEmojiPresentation { return true }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return true
        default:
            return false
        }
    }
}
