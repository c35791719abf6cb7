import Hummingbird
import MartletCore

/// `POST /oauth/token` (RFC 6749 §3.2).
struct TokenEndpoint {
    let server: AuthorizationServer

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let form = try await FormRequest.read(request, context, server.surroundings)
        return .json(try await server.token(form).json(), cacheControl: .noStore)
    }
}
