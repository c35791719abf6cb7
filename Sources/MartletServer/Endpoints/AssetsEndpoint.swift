import HTTPTypes
import Hummingbird
import MartletCore
import NIOCore

/// The files that pages refer to: style sheet, script, logo. Their names change with their content,
/// so they may be kept for good.
struct AssetsEndpoint {
    /// How long browsers keep them: a year, which is what HTTP calls for ever.
    static let cacheLifetime: Duration = .days(365)

    let assets: Assets

    /// The paths, with the issuer's, and what is answered there.
    var routes: [RouteTable.Route] {
        assets.all.map { asset in
            .init(method: .get, path: asset.path) { _, _ in Self.answer(asset) }
        }
    }

    private static func answer(_ asset: Assets.Asset) -> Response {
        var headers = CacheControl.seconds(cacheLifetime.wholeSeconds)
            .headers(with: asset.contentType)
        headers[.cacheControl] = (headers[.cacheControl] ?? "") + ", immutable"
        // A drawing that is opened by itself may show its own styles, and do nothing.
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
        return Response(
            status: .ok,
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: asset.bytes))
        )
    }
}
