import HTTPTypes
import Hummingbird

/// Puts the client's address in the place of its nearest proxy's, if that proxy is trusted.
struct ClientAddress: RouterMiddleware {
    typealias Context = ServerContext

    let proxies: TrustedProxies

    func handle(
        _ request: Request,
        context: ServerContext,
        next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.remoteAddress = proxies.clientAddress(
            connection: context.remoteAddress,
            forwardedFor: request.headers[values: .forwardedFor],
            forwarded: request.headers[values: .forwarded]
        )
        return try await next(request, context)
    }
}

extension HTTPField.Name {
    fileprivate static let forwardedFor = named("X-Forwarded-For")
    fileprivate static let forwarded = named("Forwarded")
}
