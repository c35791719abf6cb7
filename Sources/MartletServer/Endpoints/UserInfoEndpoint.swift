import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `GET` and `POST /oauth/userinfo` (OIDC Core §5.3).
struct UserInfoEndpoint {
    let server: AuthorizationServer

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let parameters = try await parameters(of: request, context)
        let answer = try await server.userInfo(
            UserInfoRequest(
                authorization: request.headers[.authorization],
                parameters: parameters,
                arrived: server.surroundings.now()
            )
        )
        switch answer {
        case .json(let claims):
            return .json(claims, cacheControl: .noStore)
        case .jwt(let token):
            return Response(
                status: .ok,
                headers: CacheControl.noStore.headers(with: "application/jwt"),
                body: .init(byteBuffer: ByteBuffer(string: token))
            )
        }
    }

    /// The form that a POST may bring; one with its token in the header needs none.
    private func parameters(
        of request: Request,
        _ context: ServerContext
    ) async throws -> FormParameters? {
        guard request.method == .post else { return nil }
        let body = try await FormBody.read(request)
        guard FormRequest.isForm(request.headers[.contentType]) else { return nil }
        return try FormRequest.parameters(body)
    }
}
