/// Rules about what lies beside the Swift sources: scripts, pages, decisions.
enum RepositoryRules {
    /// The folders in which the machines that build Martlet keep their clones. A path below one
    /// means something on that machine only.
    private static let machineFolders = ["root", "work", "tmp/h"].map { "/\($0)/" }

    static func machinePathFindings(in file: SourceFile) -> [Finding] {
        let bytes = Array(file.text.utf8)
        return machineFolders.flatMap { folder in
            TextSearch.lines(of: folder, in: bytes, matching: .anywhere)
                .filter { line in file.mentionsFromRoot(folder, onLine: line) }
                .map { line in
                    let advice =
                        "a path of one machine (\(folder)…): write it from the clone's root"
                    return Finding(path: file.path, line: line, advice: advice)
                }
        }
    }

    static func scriptFindings(in tree: SourceTree) -> [Finding] {
        let index = tree.file("scripts/README.md")?.text ?? ""
        return scripts(in: tree).flatMap { script -> [Finding] in
            var findings: [Finding] = []
            if !script.text.contains("--help") || !script.text.contains("show_help") {
                let advice = "answer --help: call show_help, as the other scripts do"
                findings.append(Finding(path: script.path, line: 1, advice: advice))
            }
            if !index.contains("| `\(script.name)` |") {
                let advice = "scripts/README.md has no line for `\(script.name)`: add one"
                findings.append(Finding(path: script.path, line: 1, advice: advice))
            }
            return findings
        }
    }

    static func scripts(in tree: SourceTree) -> [SourceFile] {
        tree.files.filter { file in
            file.path.hasPrefix("scripts/") && !file.path.dropFirst(8).contains("/")
                && !file.name.contains(".")
        }
    }

    static func decisionFindings(in tree: SourceTree) -> [Finding] {
        let index = tree.file("docs/adr/README.md")?.text ?? ""
        return decisions(in: tree).flatMap { decision -> [Finding] in
            var findings: [Finding] = []
            if !index.contains("(\(decision.name))") {
                let advice = "docs/adr/README.md does not list it: add a line"
                findings.append(Finding(path: decision.path, line: 1, advice: advice))
            }
            for part in ["Context", "Decision", "Consequences", "Refused"]
            where !decision.lines.contains("## \(part)") {
                let advice = "has no '## \(part)': an ADR has the parts of 0000-template.md"
                findings.append(Finding(path: decision.path, line: 1, advice: advice))
            }
            return findings
        }
    }

    static func decisions(in tree: SourceTree) -> [SourceFile] {
        tree.files.filter {
            $0.path.hasPrefix("docs/adr/") && $0.isMarkdown && $0.name != "README.md"
        }
    }

    /// Links of Markdown pages to files of the clone. Links into the net are nobody's test.
    static func linkFindings(in file: SourceFile, of tree: SourceTree) -> [Finding] {
        links(in: file).compactMap { line, link in
            let path = resolved(link, from: file.path)
            guard let path, !tree.contains(path) else { return nil }
            let advice = "the link '\(link)' leads nowhere: there is no \(path)"
            return Finding(path: file.path, line: line, advice: advice)
        }
    }

    static func links(in file: SourceFile) -> [(line: Int, link: String)] {
        var isFenced = false
        return file.lines.enumerated().flatMap { index, line -> [(line: Int, link: String)] in
            if line.hasPrefix("```") { isFenced.toggle() }
            guard !isFenced else { return [] }
            return targets(in: line).map { (index + 1, $0) }
        }
    }

    private static func targets(in line: Substring) -> [String] {
        var targets: [String] = []
        var rest = line
        while let open = rest.firstRange(of: "](") {
            rest = rest[open.upperBound...]
            guard let close = rest.firstIndex(of: ")") else { break }
            targets.append(String(rest[..<close]))
            rest = rest[close...]
        }
        return targets
    }

    /// From the clone's root; nil for what isn't a file of ours: an address, a DocC link, a place
    /// on the same page.
    static func resolved(_ link: String, from page: String) -> String? {
        let path = link.prefix { $0 != "#" && $0 != " " }
        guard !path.isEmpty, !path.contains(":"), !path.contains("<") else { return nil }
        var parts = path.hasPrefix("/") ? [] : page.split(separator: "/").dropLast()
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}

extension SourceFile {
    /// Whether `folder` stands on the line as the start of a path, not in the middle of one.
    fileprivate func mentionsFromRoot(_ folder: String, onLine number: Int) -> Bool {
        var rest = lines[number - 1]
        while let range = rest.firstRange(of: folder) {
            let before = rest[..<range.lowerBound].last
            guard let before, before.isLetter || before.isNumber || "._-*)}".contains(before) else {
                return true
            }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
