import Foundation
import Testing

/// The inputs that are kept for the fuzzers, tried one after another: seeds, and whatever once
/// broke a rule.
@Suite("Fuzzed inputs")
struct CorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().appendingPathComponent("Corpus")

    /// Changes of one byte that are tried of each input, spread over it.
    private static let changes = 64

    @Test("every kept input holds to the rules of its door", arguments: Harness.all.map(\.name))
    func kept(name: String) throws {
        let harness = try #require(Harness.all.first { $0.name == name })
        for (file, bytes) in try Self.inputs(of: name) {
            Self.try(harness, bytes, "Corpus/\(name)/\(file)")
        }
    }

    @Test(
        "so does each with a byte changed, doubled or left out",
        arguments: Harness.all.map(\.name)
    )
    func changed(name: String) throws {
        let harness = try #require(Harness.all.first { $0.name == name })
        for (file, bytes) in try Self.inputs(of: name) where !bytes.isEmpty {
            for step in 0..<Self.changes {
                let place = step * bytes.count / Self.changes
                var input = bytes
                switch step % 3 {
                case 0: input[place] ^= UInt8(1 << (step % 8))
                case 1: input.insert(input[place], at: place)
                case _: input.remove(at: place)
                }
                Self.try(harness, input, "Corpus/\(name)/\(file), change \(step)")
            }
        }
    }

    @Test("each door has inputs, and each folder of inputs a door")
    func folders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        #expect(Set(folders) == Set(Harness.all.map(\.name)))
        #expect(Set(Harness.all.map(\.name)).count == Harness.all.count)
    }

    @Test("a rule that does not hold is told")
    func broken() {
        #expect(throws: BrokenRule.self) { try require(false, "this rule") }
        let error = #expect(throws: BrokenRule.self) {
            try accepted("this") { throw BrokenRule(rule: "that") }
        }
        #expect(error?.description == "this: that")
    }

    private static func inputs(of name: String) throws -> [(file: String, bytes: [UInt8])] {
        let folder = corpus.appendingPathComponent(name)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        try #require(!files.isEmpty, "there is no input for \(name)")
        return try files.map {
            ($0, [UInt8](try Data(contentsOf: folder.appendingPathComponent($0))))
        }
    }

    private static func `try`(_ harness: Harness, _ bytes: [UInt8], _ input: String) {
        do {
            try harness.check(bytes)
        } catch {
            Issue.record("\(input): \(error)")
        }
    }
}
