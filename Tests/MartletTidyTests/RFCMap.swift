/// The page that says for each requirement which test holds it, or that it is not claimed.
struct RFCMap {
    static let path = "docs/rfc-map.md"

    let specifications: [Specification]
    private let tests: [String: [MarkedTest]]
    private let readFindings: [Finding]

    init(_ tree: SourceTree) {
        specifications = Specification.all(in: tree)
        let read = tree.swift(in: "Tests").filter { $0.target != "MartletTidyTests" }
            .map(MarkedTest.read)
        var tests: [String: [MarkedTest]] = [:]
        for test in read.flatMap(\.tests) {
            for mark in test.marks { tests[mark, default: []].append(test) }
        }
        self.tests = tests
        readFindings = specifications.flatMap(\.findings) + read.flatMap(\.findings)
    }

    private var requirements: [Requirement] { specifications.flatMap(\.requirements) }

    /// Marks that name nothing, requirements that nothing holds, and those that stand twice.
    var findings: [Finding] {
        let known = Dictionary(grouping: requirements, by: \.mark)
        let unknown = tests.keys.filter { known[$0] == nil }.sorted().flatMap { mark in
            (tests[mark] ?? []).map { test in
                let advice = "“\(mark)” is no requirement of \(Specification.folder)"
                return Finding(path: test.path, line: test.line, advice: advice)
            }
        }
        let twins = known.values.filter { $0.count > 1 }.map { twins in
            let advice = "“\(twins[0].mark)” stands twice"
            return Finding(path: twins[1].path, line: twins[1].line, advice: advice)
        }
        return readFindings + unknown + twins + requirements.compactMap(finding)
    }

    private func finding(on requirement: Requirement) -> Finding? {
        let isHeld = tests[requirement.mark] != nil
        let advice: String
        switch (isHeld, requirement.reasonNotClaimed) {
        case (true, nil), (false, .some): return nil
        case (true, .some):
            advice = "“\(requirement.mark)” is held by a test: take “not claimed” away"
        case (false, nil):
            advice = "“\(requirement.mark)” has no test: mark one, or write “not claimed: why”"
        }
        return Finding(path: requirement.path, line: requirement.line, advice: advice)
    }

    var markdown: String {
        let rows = specifications.map { specification in
            let claimed = specification.requirements.filter { $0.reasonNotClaimed == nil }.count
            let rest = specification.requirements.count - claimed
            let name = "\(specification.shortName): \(specification.title)"
            return "| [\(name)](\(specification.address)) | \(claimed) | \(rest) |"
        }
        let head = """
            # What the specifications ask, and the tests that hold it

            Made by `scripts/docs` from the sentences in [rfc-requirements](rfc-requirements), which are
            ours, and from the tests that are marked with `.covers("…")`. A tidy test fails when this page
            is stale, when a mark names no requirement, and when a requirement has neither a test nor the
            words *not claimed* with a reason.

            | specification | held by tests | not claimed |
            | --- | --- | --- |
            \(rows.joined(separator: "\n"))
            """
        return ([head] + specifications.map(section)).joined(separator: "\n\n") + "\n"
    }

    private func section(of specification: Specification) -> String {
        let rows = specification.requirements.map { requirement in
            "| §\(requirement.section) `\(requirement.name)` | \(requirement.level) "
                + "| \(requirement.sentence.inTable) | \(holders(of: requirement)) |"
        }
        return """
            ## \(specification.shortName)

            | requirement | level | in our words | held by |
            | --- | --- | --- | --- |
            \(rows.joined(separator: "\n"))
            """
    }

    private func holders(of requirement: Requirement) -> String {
        if let reason = requirement.reasonNotClaimed {
            return "**not claimed**: \(reason.inTable)"
        }
        let tests = (tests[requirement.mark] ?? []).sorted {
            ($0.path, $0.line) < ($1.path, $1.line)
        }
        return tests.map { "[\($0.name.inTable)](../\($0.path))" }.joined(separator: "<br>")
    }
}

extension String {
    /// As a cell of a Markdown table, or a link's words in one.
    fileprivate var inTable: String {
        replacing("\\\"", with: "\"").replacing("|", with: "\\|")
            .replacing("[", with: "\\[").replacing("]", with: "\\]")
    }
}
