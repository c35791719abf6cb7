import Testing

/// The rules' own tests: each is shown something to find and something to leave alone.
@Suite("The tidy rules")
struct RuleTests {
    private func file(_ text: String, path: String = "Sources/MartletCore/A.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test("code, literals and comments are told apart")
    func takesApart() {
        let text = SwiftText(
            """
            let a = "in \\(name("x")) out" // why
            /* one
               /* two */ */ let b = #"raw \\(no) "quote" "#
            """
        )
        #expect(text.literals.map(\.text) == ["x", "in  out", #"raw \(no) "quote" "#])
        #expect(text.comments.map(\.line) == [1, 2, 3])
        #expect(text.comments.first?.text == "// why")
        #expect(text.lines(of: "name") == [1])
        #expect(text.lines(of: "let") == [1, 3])
        #expect(text.lines(of: "raw").isEmpty)
        #expect(text.codeLines.count == 3)
    }

    @Test("a literal of several lines keeps its line numbers")
    func severalLines() {
        let text = SwiftText(
            "let a = \"\"\"\n    one \"two\"\n    \\\"\"\" three\n    \"\"\"\nlet b = 1"
        )
        #expect(text.literals.filter { $0.text.contains("three") }.map(\.line) == [3])
        #expect(text.literals.filter { $0.text.contains("two") }.map(\.line) == [2])
        #expect(text.lines(of: "let") == [1, 5])
    }

    @Test(
        "an import is found, whatever stands around it",
        arguments: [
            ("import Crypto", "Crypto"),
            ("public import Crypto", "Crypto"),
            ("package import struct Crypto.SHA256", "Crypto"),
            ("internal import GRDB.Sub", "GRDB"),
            ("@testable import MartletCore", "MartletCore"),
            ("@_spi(Inside) public import MartletCore", "MartletCore"),
            ("@preconcurrency import NIOCore", "NIOCore"),
            ("import func Glibc.getpid", "Glibc"),
        ]
    )
    func findsImport(line: String, module: String) {
        #expect(ImportPlan.module(importedBy: line) == module)
    }

    @Test("what only mentions an import is none")
    func ignoresMentions() {
        #expect(ImportPlan.imports(in: file("// import Crypto\nlet a = \"import GRDB\"")).isEmpty)
        #expect(ImportPlan.module(importedBy: "importing(Crypto)") == nil)
    }

    @Test("an import outside the plan is told with its line")
    func importsOutsidePlan() {
        let imports = file("import Crypto\n\nimport Foundation\npublic import GRDB\n")
        let findings = ImportPlan.findings(in: imports, named: "MartletCore")
        #expect(findings.map(\.line) == [3, 4])
        #expect(findings.first?.advice.contains("FoundationEssentials") == true)
        #expect(ImportPlan.findings(in: imports, named: "Unknown").count == 1)
    }

    @Test("names are read word by word")
    func namesByWord() {
        #expect(NamingRules.words(of: "JWTHeaderField2") == ["JWT", "Header", "Field2"])
        #expect(NamingRules.words(of: "TokenFamily+Expiry") == ["Token", "Family", "Expiry"])
        #expect(NamingRules.words(of: "utils_common") == ["utils", "common"])
    }

    @Test("empty names of files and types are found")
    func emptyNames() {
        let source = "struct TokenManager {}\nfinal class KeyHelper {}\nclass func commonName() {}"
        #expect(NamingRules.findings(in: file(source)).map(\.line) == [1, 2])
        #expect(NamingRules.findings(in: file("", path: "Sources/A/StringUtils.swift")).count == 1)
        #expect(NamingRules.findings(in: file("", path: "Sources/A/NewFamily.swift")).count == 1)
        #expect(NamingRules.findings(in: file("enum Newcomer {}", path: "A/Newt.swift")).isEmpty)
    }

    @Test("traps are found in code only")
    func traps() {
        let source = "let a = try! f()\nlet b = c as! D\n// try! as!\nlet e = \"fatalError(\""
        #expect(CodeRules.trapFindings(in: file(source)).map(\.line) == [1, 2])
        #expect(CodeRules.trapFindings(in: file("fatalError(\"x\")")).count == 1)
    }

    @Test("a promise needs a number")
    func promises() {
        let word = "TO" + "DO"
        let source = "// \(word): later\n// \(word) #12: later\nlet todo = 1  // METHODOLOGY"
        #expect(CodeRules.promiseFindings(in: file(source)).map(\.line) == [1])
    }

    @Test("an unchecked Sendable needs its reason nearby")
    func unchecked() {
        let bare = "final class A: @unchecked Sendable {}"
        #expect(CodeRules.uncheckedFindings(in: file(bare)).count == 1)
        #expect(CodeRules.uncheckedFindings(in: file("// Fast.\n" + bare)).count == 1)
        #expect(CodeRules.uncheckedFindings(in: file("// Guarded by `lock`.\n" + bare)).isEmpty)
        let far = "// Guarded by `lock`.\n\n\n\n" + bare
        #expect(CodeRules.uncheckedFindings(in: file(far)).map(\.line) == [5])
    }

    @Test("a look at the clock is found, a word that ends alike is not")
    func surroundings() {
        let source = "let a = Date()\nlet b = expiryDate()\nlet c = Int.random(in: 0..<3)"
        #expect(CodeRules.surroundingsFindings(in: file(source)).map(\.line).sorted() == [1, 3])
    }

    @Test("a wire name is found as a literal, in JSON and in a form, not in a sentence")
    func wireNames() {
        let source = #"""
            let a = "invalid_grant"
            let b = "{\"error\":\"invalid_grant\"}"
            let c = "grant_type=\(kind)"
            let d = "The refresh_token was used twice."
            """#
        let elsewhere = "Sources/MartletServer/A.swift"
        #expect(WireNames.findings(in: file(source, path: elsewhere)).map(\.line) == [1, 2, 3])
        let home = "Sources/MartletProtocol/A.swift"
        #expect(WireNames.findings(in: file(source, path: home)).isEmpty)
        let column = file("row[\"client_id\"]", path: "Sources/MartletSQLite/A.swift")
        #expect(WireNames.findings(in: column).isEmpty)
    }

    @Test("a path of one machine is found, one inside the clone is not")
    func machinePaths() {
        let (root, work) = ("/" + "root/", "/" + "work/")
        let page = file("see \(root)x\n`docs\(work)y`\n(\(work)z)", path: "README.md")
        #expect(RepositoryRules.machinePathFindings(in: page).map(\.line).sorted() == [1, 3])
    }

    @Test("links are resolved from their page")
    func links() {
        #expect(RepositoryRules.resolved("../a.md#top", from: "docs/adr/b.md") == "docs/a.md")
        #expect(RepositoryRules.resolved("https://example.com/a.md", from: "b.md") == nil)
        #expect(RepositoryRules.resolved("#here", from: "b.md") == nil)
        let page = file("[a](b.md) and [c](d.md)\n```\n[e](f.md)\n```", path: "README.md")
        #expect(RepositoryRules.links(in: page).map(\.link) == ["b.md", "d.md"])
    }

    @Test("shown code is found in pages and documentation, and compared by its words")
    func shownCode() {
        let mark = "```"
        let page = file(
            "a\n\(mark)swift\nlet a = f(\n    1)\n\(mark)\n\(mark)\nb\n\(mark)",
            path: "a.md"
        )
        let comment = file("    /// \(mark)swift\n    /// let b = 2\n    /// \(mark)\nlet c = 3")
        #expect(ShownCode.blocks(in: page).map(\.line) == [3])
        #expect(ShownCode.blocks(in: comment).map(\.code) == [" let b = 2\n"])
        let compiled = [ShownCode.words("func g() {\n    let a = f(\n        1\n    )\n}")]
        #expect(ShownCode.findings(in: page, compiled: compiled).isEmpty)
        #expect(ShownCode.findings(in: comment, compiled: compiled).map(\.line) == [2])
        #expect(ShownCode.isCompiled(file("", path: "examples/a/A.swift")))
        #expect(!ShownCode.isCompiled(file("", path: "Tests/A/ATests.swift")))
    }

    @Test("functions are measured from declaration to closing brace")
    func functionLengths() {
        let source = """
            protocol P {
                func required(_ body: () -> Void)
                init()
            }
            struct S {
                init(a: Int = { 1 }()) {
                    self.init()
                }
                func long<T>(
                    _ value: T
                ) throws(E) -> T where T: P {
                    if true {
                    }
                    return value
                }
            }
            """
        let functions = Sizes.functions(in: file(source))
        #expect(functions.map(\.name) == ["init", "func long"])
        #expect(functions.map(\.length) == [3, 7])
        #expect(functions.map(\.line) == [6, 9])
    }
}
