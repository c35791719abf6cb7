import Hummingbird
import MartletCore
import MartletProtocol

/// `POST /oauth/device` (RFC 8628 §3.1): a device begins.
struct DeviceAuthorizationEndpoint {
    static let path = "/oauth/device"

    let server: AuthorizationServer

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let form = try await FormRequest.read(request, context, server.surroundings)
        return .json(try await server.authorizeDevice(form).json(), cacheControl: .noStore)
    }
}
