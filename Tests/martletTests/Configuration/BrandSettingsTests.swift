import MartletServer
import Testing

@testable import martlet

@Suite("The look of the pages, as the configuration says it")
struct BrandSettingsTests {
    @Test("without it the pages are Martlet's own")
    func standard() throws {
        let settings = try ConfigurationFolder().load().branding
        #expect(try settings.load() == .standard)
    }

    @Test("name, logo and colour are taken over")
    func own() throws {
        let folder = try ConfigurationFolder(
            ##"branding: {name: "Ada & Söhne", logo: logo.svg, accent: "#0A6e5c"}"##
        )
        let drawing = Array(#"<svg xmlns="http://www.w3.org/2000/svg"/>"#.utf8)
        try folder.write(bytes: drawing, to: "logo.svg")
        let branding = try folder.load().branding.load()
        #expect(branding.name == "Ada & Söhne")
        #expect(branding.accent.text == "#0a6e5c")
        #expect(branding.logo?.kind == .svg)
    }

    @Test(
        "what cannot be shown is refused",
        arguments: [
            (
                #"branding: {name: ""}"#,
                "martlet.yaml:1: branding.name must be a name of 1 to 60 characters, not “”."
            ),
            (
                "branding: {accent: #0a6e5c}",
                "martlet.yaml:"
            ),
            (
                "branding: {accent: green}",
                "martlet.yaml:1: branding.accent must be a colour like \"#0a6e5c\", in quotation"
                    + " marks, not “green”."
            ),
            (
                "branding:\n  logo: [a]",
                "martlet.yaml:2: branding.logo must be the path of a file, not a list."
            ),
            ("branding: {title: x}", "martlet.yaml:1: unknown key “branding.title”"),
        ]
    )
    func refusal(text: String, sentence: String) throws {
        let refusal = try #require(try ConfigurationFolder(text).refusal())
        #expect(refusal.hasPrefix(sentence), "\(refusal)")
    }

    @Test("a logo that is missing, too large or no picture is refused with its line")
    func logo() throws {
        let folder = try ConfigurationFolder("branding:\n  logo: logo.png")
        let settings = try folder.load().branding
        func refusal() -> String? {
            do throws(ConfigurationError) {
                _ = try settings.load()
                return nil
            } catch {
                return error.sentence
            }
        }
        let start = "martlet.yaml:2: branding.logo: \(folder.path)/logo.png"
        #expect(refusal() == "\(start) cannot be read: No such file or directory.")
        try folder.write(bytes: [UInt8](repeating: 0, count: 300_000), to: "logo.png")
        #expect(refusal() == "\(start) cannot be read: it is larger than 262144 bytes.")
        try folder.write(bytes: Array("<html><svg>".utf8), to: "logo.png")
        #expect(refusal()?.hasPrefix("\(start) is no picture") == true)
    }
}
