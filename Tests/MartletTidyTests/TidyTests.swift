import Testing

/// The style of this code base, where a rule can be a test. Each failure lists the places and what
/// to do there.
@Suite("The house is tidy")
struct TidyTests {
    let tree = SourceTree.clone

    private func findings(
        in files: [SourceFile],
        by rule: (SourceFile) -> [Finding]
    ) -> [Finding] {
        files.flatMap(rule)
    }

    @Test("the tests see the tree that they judge")
    func seesTheTree() {
        #expect(tree.swift(in: "Sources").count >= 7)
        #expect(tree.swift(in: "Tests").count >= 9)
        #expect(RepositoryRules.scripts(in: tree).count >= 6)
        #expect(tree.file("Package.swift")?.text.contains("MartletTidyTests") == true)
    }

    @Test("targets import what the plan allows, and nothing else")
    func imports() {
        let targets = Set(tree.swift(in: "Sources").map(\.target))
        #expect(targets == Set(ImportPlan.allowed.keys))
        expectNone(
            findings(in: tree.swift(in: "Sources")) {
                ImportPlan.findings(in: $0, named: $0.target)
            }
        )
    }

    @Test("no file and no type has an empty name")
    func names() {
        expectNone(findings(in: tree.swift(in: "Sources", "Tests"), by: NamingRules.findings))
    }

    @Test("nothing from outside stops the process")
    func traps() {
        expectNone(findings(in: tree.swift(in: "Sources", "Tests"), by: CodeRules.trapFindings))
    }

    @Test("a promise in a comment names its issue")
    func promises() {
        expectNone(findings(in: tree.swift(in: "Sources", "Tests"), by: CodeRules.promiseFindings))
    }

    @Test("whoever silences the compiler about threads says what makes it safe")
    func unchecked() {
        expectNone(
            findings(in: tree.swift(in: "Sources", "Tests"), by: CodeRules.uncheckedFindings)
        )
    }

    @Test("Core reads neither clock nor chance nor environment")
    func surroundings() {
        let core = tree.swift(in: "Sources/MartletCore")
        #expect(!core.isEmpty)
        expectNone(findings(in: core, by: CodeRules.surroundingsFindings))
    }

    @Test("wire names are written in MartletProtocol alone")
    func wireNames() {
        expectNone(findings(in: tree.swift(in: "Sources"), by: WireNames.findings))
    }

    @Test("no file names a folder of one machine")
    func machinePaths() {
        expectNone(findings(in: tree.files, by: RepositoryRules.machinePathFindings))
    }

    @Test("every script answers --help and has its line in the list")
    func scripts() {
        expectNone(RepositoryRules.scriptFindings(in: tree))
    }

    @Test("every decision is listed and has the four parts")
    func decisions() {
        #expect(!RepositoryRules.decisions(in: tree).isEmpty)
        expectNone(RepositoryRules.decisionFindings(in: tree))
    }

    @Test("links between pages lead somewhere")
    func links() {
        let pages = tree.files.filter(\.isMarkdown)
        #expect(pages.count >= 4)
        expectNone(findings(in: pages) { RepositoryRules.linkFindings(in: $0, of: tree) })
    }

    @Test("all Swift that pages and comments show is compiled")
    func shownCode() {
        let compiled = tree.files.filter(ShownCode.isCompiled).map { ShownCode.words($0.text) }
        let showing = tree.files.filter(ShownCode.isShowing)
        #expect(compiled.count >= 6)
        #expect(showing.flatMap(ShownCode.blocks).count >= 30)
        expectNone(findings(in: showing) { ShownCode.findings(in: $0, compiled: compiled) })
    }

    @Test("the largest files and the longest functions, to look at")
    func sizes() {
        let sources = tree.swift(in: "Sources")
        let files = sources.map { (lines: $0.lineCount, path: $0.path) }
            .sorted { ($1.lines, $0.path) < ($0.lines, $1.path) }
        let functions = sources.flatMap(Sizes.functions)
            .sorted { ($1.length, $0.path) < ($0.length, $1.path) }
        let question = "from \(Sizes.longFile) lines on: do two things live here?"
        var list = ["The largest files (\(question))"]
        list += files.prefix(10).map { "  \($0.lines)  \($0.path)" }
        list += ["The longest functions (from \(Sizes.longFunction) lines on)"]
        list += functions.prefix(10).map { "  \($0.length)  \($0.path):\($0.line) \($0.name)" }
        // One call, so that the lines of other tests do not come between.
        print(list.joined(separator: "\n"))
    }
}
