import HTTPTypes
import Hummingbird

/// Tells browsers to come back by TLS only (RFC 6797), whenever the issuer is https: also behind a
/// proxy that speaks TLS in the server's place.
///
/// One year, as the preload lists ask for. Without `includeSubDomains`: what is under an issuer's
/// host (`https://example.com/login`) is often somebody else's. On localhost not at all, because
/// browsers hold it for every port there, and so against everything else that is being developed.
struct StrictTransportSecurity {
    static let field = "max-age=31536000"

    /// `nil` for an issuer that browsers may come to without TLS.
    init?(issuer: String) {
        guard let host = issuer.firstRange(of: "https://"), host.lowerBound == issuer.startIndex,
            !Self.isLocal(issuer[host.upperBound...].prefix { !":/".contains($0) })
        else { return nil }
    }

    private static func isLocal(_ host: Substring) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost")
    }

    func apply(to response: inout Response) {
        response.headers[.strictTransportSecurity] = Self.field
    }
}
