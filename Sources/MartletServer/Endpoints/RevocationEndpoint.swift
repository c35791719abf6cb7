import HTTPTypes
import Hummingbird
import MartletCore

/// `POST /oauth/revoke` (RFC 7009).
struct RevocationEndpoint {
    let server: AuthorizationServer

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let form = try await FormRequest.read(request, context, server.surroundings)
        try await server.revoke(form)
        return Response(status: .ok, headers: CacheControl.noStore.headers())
    }
}
