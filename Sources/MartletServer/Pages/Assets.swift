import Crypto
import MartletProtocol

/// The files that pages refer to, each under a name that holds a digest of its content: whoever
/// has it may keep it for good.
struct Assets: Sendable {
    /// A file as it is served.
    struct Asset: Sendable {
        /// With the issuer's path.
        let path: String
        /// Its media type, and the character set of text.
        let contentType: String
        let bytes: [UInt8]
    }

    let styleSheet: Asset
    /// Submits the page's form: for answers in a form post.
    let submission: Asset
    /// Beside the site's name, and the window's icon.
    let logo: Asset

    init(of branding: Branding, issuerPath: String) {
        func asset(_ name: String, _ ending: String, _ type: String, _ bytes: [UInt8]) -> Asset {
            let digest = Base64URL.encode(Array(SHA256.hash(data: bytes).prefix(9)))
            let path = "\(issuerPath)/assets/\(name)-\(digest).\(ending)"
            return Asset(path: path, contentType: type, bytes: bytes)
        }
        let shades = StyleSheet(accent: branding.accent)
        styleSheet = asset("martlet", "css", "text/css; charset=utf-8", shades.bytes)
        submission = asset(
            "submission",
            "js",
            "text/javascript; charset=utf-8",
            PackageResources.submission_js
        )
        if let own = branding.logo {
            logo = asset("logo", own.kind.fileExtension, own.kind.rawValue, own.bytes)
        } else {
            let shield = shades.painted(PackageResources.martlet_svg)
            logo = asset("martlet", "svg", BrandLogo.Kind.svg.rawValue, shield)
        }
    }

    var all: [Asset] { [styleSheet, submission, logo] }
}
