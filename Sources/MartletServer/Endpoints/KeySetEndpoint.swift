import Hummingbird
import MartletCore
import MartletProtocol

/// `GET /oauth/jwks` (RFC 7517 §5).
struct KeySetEndpoint {
    let server: AuthorizationServer

    func answer() async throws -> Response {
        var writer = JSONWriter()
        try await server.publishedKeys().write(to: &writer)
        return .json(
            writer.bytes,
            cacheControl: .seconds(KeyRing.cacheLifetime.wholeSeconds)
        )
    }
}
