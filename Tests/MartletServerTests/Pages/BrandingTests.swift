import Testing

@testable import MartletServer

@Suite("The brand")
struct BrandingTests {
    static let accents = [
        "#274ca0", "#000000", "#ffffff", "#ffff00", "#777777", "#ff0000", "#00ff00", "#101319",
        "#0a6e5c", "#fdf4e1",
    ]

    @Test("a colour is # and six digits, and nothing else")
    func colors() {
        #expect(BrandColor("#0A6e5c")?.text == "#0a6e5c")
        for text in [
            "", "#", "0a6e5c", "#0a6e5", "#0a6e5c0", "#0a6e5g", "#+a6e5c", "# a6e5c", "red",
        ] {
            #expect(BrandColor(text) == nil, "\(text)")
        }
    }

    @Test("contrasts are those of WCAG")
    func contrasts() throws {
        func contrast(_ one: String, _ two: String) throws -> Double {
            let (one, two) = (try #require(BrandColor(one)), try #require(BrandColor(two)))
            return (one.contrast(with: two) * 100).rounded() / 100
        }
        #expect(try contrast("#000000", "#ffffff") == 21)
        #expect(try contrast("#777777", "#ffffff") == 4.48)
        #expect(try contrast("#767676", "#ffffff") == 4.54)
        #expect(try contrast("#0000ff", "#ffffff") == 8.59)
    }

    @Test("whatever the colour, it can be read in light and dark", arguments: accents)
    func readable(text: String) throws {
        let accent = try #require(BrandColor(text))
        for card in [StyleSheet.lightCard, StyleSheet.darkCard] {
            let filled = accent.readable(on: card, contrast: StyleSheet.edgeContrast)
            #expect(filled.contrast(with: card) >= 3)
            #expect(accent.contrast(with: accent.readableText) >= 4.5)
            #expect(filled.contrast(with: filled.readableText) >= 4.5)
            let written = accent.readable(on: card, contrast: StyleSheet.textContrast)
            #expect(written.contrast(with: card) >= 4.5)
        }
    }

    @Test("a colour that can be read stays as it is")
    func untouched() {
        let accent = BrandColor.standard
        #expect(accent.readable(on: .white, contrast: StyleSheet.textContrast) == accent)
    }

    @Test("the style sheet's own colours can be read, in light and dark")
    func ownColors() throws {
        let sheet = String(decoding: StyleSheet(accent: .standard).bytes, as: UTF8.self)
        let parts = sheet.split(separator: "@media (prefers-color-scheme: dark)")
        for (part, card) in zip(parts, [StyleSheet.lightCard, StyleSheet.darkCard]) {
            func color(_ name: String) throws -> BrandColor {
                let rest = try #require(part.split(separator: "--\(name): ").dropFirst().first)
                return try #require(BrandColor(String(rest.prefix(7))))
            }
            #expect(try color("card") == card)
            for back in ["card", "page", "chip", "hover"] {
                #expect(try color("ink").contrast(with: try color(back)) >= 4.5)
            }
            for back in ["card", "page"] {
                #expect(try color("soft").contrast(with: try color(back)) >= 4.5)
                #expect(try color("edge").contrast(with: try color(back)) >= 3)
            }
            for name in ["problem", "notice", "caution"] {
                let text = try color(name)
                #expect(text.contrast(with: try color("\(name)-back")) >= 4.5)
                #expect(text.contrast(with: card) >= 4.5)
            }
        }
    }

    @Test("a logo is what its bytes are, and not too many of them")
    func logos() {
        let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]
        #expect(BrandLogo(bytes: png)?.kind == .png)
        #expect(BrandLogo(bytes: [0xFF, 0xD8, 0xFF, 0xE0])?.kind == .jpeg)
        #expect(BrandLogo(bytes: Array("RIFF????WEBPVP8 ".utf8))?.kind == .webp)
        let drawing = "\u{FEFF}<?xml version='1.0'?>\n<!-- <html> -->\n<svg xmlns='x'/>"
        #expect(BrandLogo(bytes: Array(drawing.utf8))?.kind == .svg)
        for text in ["", "<html><svg>", "<!--", "<?xml", "GIF89a", "<!-- <svg -->"] {
            #expect(BrandLogo(bytes: Array(text.utf8)) == nil, "\(text)")
        }
        let padding = [UInt8](repeating: 0, count: BrandLogo.maximumBytes)
        #expect(BrandLogo(bytes: png + padding) == nil)
    }

    @Test("an own logo takes the place of the shield, and the name is read to who cannot see it")
    func ownLogo() throws {
        let logo = try #require(BrandLogo(bytes: Array("<svg/>".utf8)))
        let branding = Branding(name: "Ada & Co", logo: logo, accent: .standard)
        let site = PageSite(issuerPath: "", branding: branding)
        let html = try HTMLReader(LoggedOutPage(way: nil).html(of: site))
        let image = try #require(html.all("img").first)
        #expect(image["alt"] == "Ada & Co")
        #expect(image["src"] == site.assets.logo.path)
        #expect(site.assets.logo.bytes == Array("<svg/>".utf8))
    }

    @Test("a file's name changes with its content, and with nothing else")
    func digests() throws {
        let accent = try #require(BrandColor("#0a6e5c"))
        let ours = Assets(of: .standard, issuerPath: "")
        let theirs = Assets(
            of: Branding(name: "Ada", logo: nil, accent: accent),
            issuerPath: ""
        )
        #expect(ours.styleSheet.path != theirs.styleSheet.path)
        #expect(ours.logo.path != theirs.logo.path)
        #expect(ours.submission.path == theirs.submission.path)
        #expect(Assets(of: .standard, issuerPath: "").styleSheet.path == ours.styleSheet.path)
    }
}
