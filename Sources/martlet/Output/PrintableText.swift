extension StringProtocol {
    /// The text with everything spelt out that would act on a terminal or hide text on it:
    /// control characters, line ends, and the marks that turn the direction of writing.
    ///
    /// Names of clients, people and devices come from outside, and a terminal obeys what is
    /// printed on it.
    var printable: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.actsOnTerminals {
                text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}

extension Unicode.Scalar {
    fileprivate var actsOnTerminals: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case .format: Self.turnsDirection.contains(value)
        default: false
        }
    }

    /// Embeddings, overrides and isolates (Unicode Standard Annex #9).
    private static let turnsDirection: Set<UInt32> = [
        0x200E, 0x200F, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069,
    ]
}
