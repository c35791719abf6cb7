import Foundation
import Testing

@testable import martlet

@Suite("The reference of the configuration")
struct ConfigurationReferenceTests {
    @Test("docs/configuration.md is what the parser's table says")
    func pageIsCurrent() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/configuration.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        #expect(
            text == ConfigurationReference.markdown,
            "run: swift run martlet configuration-reference > docs/configuration.md"
        )
    }

    @Test("every key stands in it once, with its variable and its default")
    func everyKey() {
        let page = ConfigurationReference.markdown
        for setting in ConfigurationTable.all {
            #expect(page.components(separatedBy: "### `\(setting.key)`\n").count == 2)
        }
        #expect(page.contains("- Environment: `MARTLET_REFRESH_TOKEN_POLICY_OVERLAP`\n"))
        #expect(page.contains("- Default: `2592000`\n"))
    }

    @Test("two keys never share a variable")
    func distinctVariables() {
        let names = ConfigurationTable.all.map(\.environmentName)
        #expect(Set(names).count == names.count)
    }
}
