/// A picture of the operator's, served by us: bounded, and of a type that was looked at rather
/// than believed.
package struct BrandLogo: Sendable, Equatable {
    /// A logo is drawn 40 points high; more than this would be a photograph.
    package static let maximumBytes = 256 * 1024

    package enum Kind: String, Sendable {
        case png = "image/png"
        case jpeg = "image/jpeg"
        case webp = "image/webp"
        case svg = "image/svg+xml"

        var fileExtension: String {
            switch self {
            case .png: "png"
            case .jpeg: "jpg"
            case .webp: "webp"
            case .svg: "svg"
            }
        }
    }

    package let kind: Kind
    let bytes: [UInt8]

    /// Nil if the bytes are no picture of a kind that we serve, or too many.
    package init?(bytes: [UInt8]) {
        guard bytes.count <= Self.maximumBytes, let kind = Self.kind(of: bytes) else { return nil }
        self.kind = kind
        self.bytes = bytes
    }

    private static func kind(of bytes: [UInt8]) -> Kind? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            return .webp
        }
        return isDrawing(bytes) ? .svg : nil
    }

    /// XML whose root is `<svg`: after a declaration, comments and a document type at most. The
    /// pages show it as an image, where it cannot run anything, and it is served with a policy
    /// that forbids it elsewhere too.
    private static func isDrawing(_ bytes: [UInt8]) -> Bool {
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        if rest.hasPrefix("\u{FEFF}") { rest = rest.dropFirst() }
        while true {
            rest = rest.drop(while: \.isWhitespace)
            if rest.hasPrefix("<svg") { return true }
            let end =
                rest.hasPrefix("<!--")
                ? "-->" : rest.hasPrefix("<?") || rest.hasPrefix("<!") ? ">" : ""
            guard !end.isEmpty, let found = rest.firstRange(of: end) else { return false }
            rest = rest[found.upperBound...]
        }
    }
}
