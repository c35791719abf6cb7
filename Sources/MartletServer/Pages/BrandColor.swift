/// An sRGB colour of the brand, and the shades of it that can be read on the pages
/// (WCAG 2.2 §1.4.3 and §1.4.11).
package struct BrandColor: Sendable, Equatable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    /// The pages' own blue.
    package static let standard = BrandColor(red: 0x27, green: 0x4c, blue: 0xa0)
    static let white = BrandColor(red: 255, green: 255, blue: 255)
    static let black = BrandColor(red: 0, green: 0, blue: 0)

    init(red: UInt8, green: UInt8, blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// From `#rrggbb`; nil for anything else.
    package init?(_ text: String) {
        let digits = text.utf8.dropFirst()
        guard text.utf8.first == UInt8(ascii: "#"), digits.count == 6,
            digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let number = UInt32(text.dropFirst(), radix: 16)
        else { return nil }
        self.init(
            red: UInt8(truncatingIfNeeded: number >> 16),
            green: UInt8(truncatingIfNeeded: number >> 8),
            blue: UInt8(truncatingIfNeeded: number)
        )
    }

    /// `#rrggbb`.
    package var text: String {
        "#"
            + [red, green, blue].map { part in
                let digits = String(part, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
    }

    /// How two colours stand out from each other: 1 to 21.
    func contrast(with other: BrandColor) -> Double {
        let (one, two) = (luminance, other.luminance)
        return (max(one, two) + 0.05) / (min(one, two) + 0.05)
    }

    private var luminance: Double {
        0.2126 * Self.linear(red) + 0.7152 * Self.linear(green) + 0.0722 * Self.linear(blue)
    }

    /// The light of one part of a colour, from its sRGB value: a table, for there is no power
    /// function without the C library, and it is but 256 values.
    private static func linear(_ part: UInt8) -> Double { linearValues[Int(part)] }

    private static let linearValues: [Double] = (0...255).map { part in
        let value = Double(part) / 255
        return value <= 0.04045 ? value / 12.92 : power(value: (value + 0.055) / 1.055)
    }

    /// value^2.4 = value² · (value²)^(1/5), the root by Newton's method.
    private static func power(value: Double) -> Double {
        let square = value * value
        var root = 1.0
        for _ in 0..<40 {
            let fourth = root * root * root * root
            root -= (fourth * root - square) / (5 * fourth)
        }
        return square * root
    }

    // MARK: - Shades

    /// White or black, whichever can be read on it better: one of them always can.
    var readableText: BrandColor {
        contrast(with: .white) >= contrast(with: .black) ? .white : .black
    }

    /// This colour, moved towards white or black as little as it takes to stand out from
    /// `background` by `contrast`.
    func readable(on background: BrandColor, contrast wanted: Double) -> BrandColor {
        let goal = background.readableText
        for step in 0...100 {
            let shade = mixed(with: goal, hundredths: step)
            if shade.contrast(with: background) >= wanted { return shade }
        }
        return goal
    }

    private func mixed(with other: BrandColor, hundredths: Int) -> BrandColor {
        func part(_ one: UInt8, _ two: UInt8) -> UInt8 {
            UInt8((Int(one) * (100 - hundredths) + Int(two) * hundredths) / 100)
        }
        return BrandColor(
            red: part(red, other.red),
            green: part(green, other.green),
            blue: part(blue, other.blue)
        )
    }
}
