/// One thing that a specification asks of Martlet, as a line of `docs/rfc-requirements` says it.
struct Requirement: Equatable {
    /// The specification's short name, as in `RFC 7009`.
    let specification: String
    let section: String
    let name: String
    let level: String
    let sentence: String
    /// Why Martlet does not claim it, where it does not.
    let reasonNotClaimed: String?
    let path: String
    let line: Int

    /// What a test says to hold it: `RFC 7009 §2.1 own-token`.
    var mark: String { "\(specification) §\(section) \(name)" }
}

/// A file of `docs/rfc-requirements`: the specification's name, its address, then one requirement a
/// line, `§SECTION NAME LEVEL: sentence`, and under it, indented, `not claimed: reason` where
/// Martlet does not do it.
struct Specification {
    static let folder = "docs/rfc-requirements/"

    let shortName: String
    let title: String
    let address: String
    let requirements: [Requirement]
    let findings: [Finding]

    static func all(in tree: SourceTree) -> [Specification] {
        tree.files.filter { $0.path.hasPrefix(folder) && $0.path.hasSuffix(".txt") }
            .map(Specification.init)
            .sorted { $0.order.lexicographicallyPrecedes($1.order) }
    }

    /// RFCs first, by their number.
    private var order: [String] {
        shortName.hasPrefix("RFC ") ? ["", shortName] : [shortName]
    }

    init(_ file: SourceFile) {
        var reader = Reader(file)
        reader.read()
        shortName = reader.shortName
        title = reader.title
        address = reader.address
        requirements = reader.requirements
        findings = reader.findings
    }
}

/// Reads a file of requirements from top to bottom.
private struct Reader {
    let file: SourceFile
    var shortName = ""
    var title = ""
    var address = ""
    var requirements: [Requirement] = []
    var findings: [Finding] = []

    private static let levels = ["MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "MAY"]
    private static let reason = "  not claimed: "

    init(_ file: SourceFile) {
        self.file = file
    }

    mutating func read() {
        for (index, line) in file.lines.enumerated() {
            switch index {
            case 0: readName(line)
            case 1: address = String(line)
            default: readRequirement(line, number: index + 1)
            }
        }
    }

    private mutating func readName(_ line: Substring) {
        guard let colon = line.firstRange(of: ": ") else {
            complain(1, "starts with the short name, a colon and the title")
            return
        }
        shortName = String(line[..<colon.lowerBound])
        title = String(line[colon.upperBound...])
    }

    private mutating func readRequirement(_ line: Substring, number: Int) {
        if line.isEmpty { return }
        if line.hasPrefix(Self.reason), let last = requirements.popLast() {
            if last.reasonNotClaimed != nil { complain(number, "gives a second reason: keep one") }
            requirements.append(last.notClaimed(because: String(line.dropFirst(Self.reason.count))))
            return
        }
        guard line.hasPrefix("§"), let requirement = parse(line.dropFirst(), number: number) else {
            complain(number, "a requirement is one line: §SECTION NAME LEVEL: sentence")
            return
        }
        requirements.append(requirement)
    }

    private func parse(_ line: Substring, number: Int) -> Requirement? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count == 3,
            let level = Self.levels.first(where: { words[2].hasPrefix($0 + ": ") })
        else { return nil }
        return Requirement(
            specification: shortName,
            section: String(words[0]),
            name: String(words[1]),
            level: level,
            sentence: String(words[2].dropFirst(level.count + 2)),
            reasonNotClaimed: nil,
            path: file.path,
            line: number
        )
    }

    private mutating func complain(_ line: Int, _ advice: String) {
        findings.append(Finding(path: file.path, line: line, advice: advice))
    }
}

extension Requirement {
    fileprivate func notClaimed(because reason: String) -> Requirement {
        Requirement(
            specification: specification,
            section: section,
            name: name,
            level: level,
            sentence: sentence,
            reasonNotClaimed: reason,
            path: path,
            line: line
        )
    }
}
