package import Hummingbird
package import MartletCore

/// Everything that the server answers.
package func routes(for server: AuthorizationServer, log: ServerLog) -> Router<ServerContext> {
    let router = Router(context: ServerContext.self)
    router.addMiddleware { ErrorResponse.Middleware(log: log) }

    let base = RouterPath(server.settings.issuerPath)
    let token = TokenEndpoint(server: server)
    let metadata = MetadataEndpoint(server: server)
    router.post(base.appendingPath("/oauth/token")) { try await token.answer($0, $1) }
    router.post(base.appendingPath("/oauth/revoke")) {
        try await RevocationEndpoint(server: server).answer($0, $1)
    }
    router.post(base.appendingPath("/oauth/introspect")) {
        try await IntrospectionEndpoint(server: server).answer($0, $1)
    }
    router.get(base.appendingPath("/oauth/jwks")) { _, _ in
        try await KeySetEndpoint(server: server).answer()
    }
    for path in MetadataEndpoint.paths(issuerPath: server.settings.issuerPath) {
        router.get(RouterPath(path)) { _, _ in try await metadata.answer() }
    }
    router.get("/healthz") { _, _ in HealthEndpoint.alive() }
    router.get("/readyz") { _, _ in await HealthEndpoint(server: server).ready() }
    return router
}
