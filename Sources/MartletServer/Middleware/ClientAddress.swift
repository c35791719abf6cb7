import HTTPTypes
import Hummingbird

/// Puts the client's address in the place of its nearest proxy's, if that proxy is trusted.
struct ClientAddress {
    let proxies: TrustedProxies

    func handle(
        _ request: Request,
        _ context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard !proxies.isEmpty else { return try await next(request, context) }
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
