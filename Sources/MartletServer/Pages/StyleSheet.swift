/// The pages' one style sheet, with the brand's colour in shades that can be read.
struct StyleSheet {
    let accent: BrandColor

    /// What texts in the brand's colour stand on; the tests compare them with the style sheet.
    static let lightCard = BrandColor.white
    static let darkCard = BrandColor(red: 0x1a, green: 0x1e, blue: 0x26)
    /// Small text (WCAG 2.2 §1.4.3), with room for backgrounds a little off the card's.
    static let textContrast = 5.0
    /// Edges of controls (WCAG 2.2 §1.4.11).
    static let edgeContrast = 3.2

    var bytes: [UInt8] {
        Array((variables + String(decoding: PackageResources.martlet_css, as: UTF8.self)).utf8)
    }

    private var variables: String {
        // On white a pale button is the brand's own, and seen by its edge; in the dark a deep colour
        // would be lost, edge or not.
        let deep = accent.readable(on: Self.darkCard, contrast: Self.edgeContrast)
        let (light, dark) = (
            shades(on: Self.lightCard, filled: accent), shades(on: Self.darkCard, filled: deep)
        )
        return ":root{\(light)}@media (prefers-color-scheme:dark){:root{\(dark)}}\n"
    }

    private func shades(on card: BrandColor, filled: BrandColor) -> String {
        let edge = accent.readable(on: card, contrast: Self.edgeContrast)
        let written = accent.readable(on: card, contrast: Self.textContrast)
        return [
            "--accent:\(filled.text)", "--on-accent:\(filled.readableText.text)",
            "--accent-edge:\(edge.text)", "--accent-text:\(written.text)",
        ].joined(separator: ";")
    }

    /// Our own drawing in the brand's colour: a shield with a martlet.
    func painted(_ drawing: [UInt8]) -> [UInt8] {
        let colors = ["FIELD": accent.text, "CHARGE": accent.readableText.text]
        var text = String(decoding: drawing, as: UTF8.self)
        for (name, color) in colors {
            while let place = text.firstRange(of: name) { text.replaceSubrange(place, with: color) }
        }
        return Array(text.utf8)
    }
}
