import MartletCore
import MartletProtocol
import Testing

@testable import martlet

@Suite("The demo's page")
struct DemoPageTests {
    private static let scripts = DemoFile.allCases.filter { $0.rawValue.hasSuffix(".js") }

    private static func words(_ file: DemoFile) throws -> [String: String] {
        let object = try #require(try JSONValue(parsing: file.bytes).object)
        return object.members.reduce(into: [:]) { $0[$1.name] = $1.value.string }
    }

    private static func placeholders(_ sentence: String?) -> [Substring] {
        (sentence ?? "").split(separator: "{").dropFirst()
            .compactMap { $0.split(separator: "}").first }.sorted()
    }

    @Test("says the same in both languages: the same keys, the same placeholders")
    func languages() throws {
        let (english, german) = (try Self.words(.english), try Self.words(.german))
        #expect(Set(english.keys) == Set(german.keys))
        for (key, sentence) in english {
            #expect(!sentence.isEmpty && german[key]?.isEmpty == false)
            #expect(Self.placeholders(sentence) == Self.placeholders(german[key]), "\(key)")
        }
    }

    @Test("has a sentence for every reason why a session ends")
    func reasons() throws {
        let words = try Self.words(.english)
        for reason in EndReason.allCases {
            #expect(words["reason_\(reason.rawValue)"] != nil, "\(reason.rawValue)")
        }
    }

    @Test("imports files that are served, and nothing from elsewhere", arguments: scripts)
    func imports(script: DemoFile) {
        let code = String(decoding: script.bytes, as: UTF8.self)
        let names = Set(DemoFile.allCases.map(\.rawValue))
        for piece in code.split(separator: " from './").dropFirst() {
            let name = piece.prefix { $0 != "'" }
            #expect(names.contains(String(name)), "\(script.rawValue) imports \(name)")
        }
        #expect(!code.contains("http://") || code.contains("www.w3.org"))
        #expect(!code.contains("https://") && !code.contains("innerHTML"))
    }

    @Test("has neither inline code nor inline styles, and runs under a policy that forbids both")
    func policy() {
        let policy = DemoPage.policy
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self'; style-src 'self';"))
        #expect(!policy.contains("unsafe") && !policy.contains("http"))
        let html = String(decoding: PackageResources.page_html, as: UTF8.self)
        #expect(!html.contains("style=") && !html.contains("<style"))
    }
}
