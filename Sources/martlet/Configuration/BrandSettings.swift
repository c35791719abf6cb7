import MartletServer

/// What the operator says of the pages' look; the logo is still a file.
struct BrandSettings: Sendable, Equatable {
    let name: String
    let logo: PlacedPath?
    let accent: BrandColor

    /// Reads the logo.
    func load() throws(ConfigurationError) -> Branding {
        Branding(name: name, logo: try picture(), accent: accent)
    }

    private func picture() throws(ConfigurationError) -> BrandLogo? {
        guard let logo else { return nil }
        let picture = BrandLogo(bytes: try bytes(of: logo))
        guard let picture else {
            throw ConfigurationError(
                at: logo.place,
                "branding.logo: \(logo.path.printable) is no picture that browsers are sure to"
                    + " show; use PNG, JPEG, WebP or SVG."
            )
        }
        return picture
    }

    private func bytes(of logo: PlacedPath) throws(ConfigurationError) -> [UInt8] {
        do throws(FileFailure) {
            return try OpenFile(readingAt: logo.path).bytes(atMost: BrandLogo.maximumBytes)
        } catch {
            throw ConfigurationError(
                at: logo.place,
                "branding.logo: \(logo.path.printable) cannot be read: \(error.reason)."
            )
        }
    }
}
