import Hummingbird
import MartletCore
import MartletProtocol

/// `POST /oauth/introspect` (RFC 7662).
struct IntrospectionEndpoint {
    let server: AuthorizationServer

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let form = try await FormRequest.read(request, context, server.surroundings)
        return .json(try await server.introspect(form).encoded(), cacheControl: .noStore)
    }
}
