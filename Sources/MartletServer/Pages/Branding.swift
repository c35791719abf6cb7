/// The operator's own look: name, logo, colour.
package struct Branding: Sendable, Equatable {
    /// In characters. Longer names would push the forms off a phone's screen.
    package static let longestName = 60

    /// Stands in every title and beside the logo.
    package let name: String
    /// Nil for the martlet.
    package let logo: BrandLogo?
    package let accent: BrandColor

    package init(name: String, logo: BrandLogo?, accent: BrandColor) {
        self.name = name
        self.logo = logo
        self.accent = accent
    }

    package static let standard = Branding(name: "Martlet", logo: nil, accent: .standard)
}
