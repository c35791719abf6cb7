import HTTPTypes
package import Hummingbird
package import MartletCore

/// What every request goes through, from its coming to its answer.
///
/// It is one story of nested steps, each in a file of `Middleware`: counted, traced to its client,
/// told to browsers, opened to scripts, and kept from failing. The framework's router finds what
/// answers; its own chain of middleware, which keeps each step in a box and asks at each of them
/// which thread to go on with, costs a refresh 5 us more (`docs/performance.md`).
package final class Reception: HTTPResponder {
    package typealias Context = ServerContext

    private let requests: RequestMetrics
    private let address: ClientAddress
    private let security: StrictTransportSecurity?
    private let crossOrigin: CrossOrigin
    private let errors: ErrorResponse.Catcher
    /// What answers at paths without parameters, which are nearly all: by path, then by method.
    private let fixed: [String: [RouteTable.Route]]
    private let router: RouterResponder<ServerContext>

    /// - Parameter extend: adds routes of the caller's.
    package init(
        for server: AuthorizationServer,
        site: PageSite,
        log: ServerLog,
        proxies: TrustedProxies = .none,
        front: FrontPage = .account,
        metricsPlace: MetricsPlace = .besideThePages,
        watch: EndedSessionsWatch? = nil,
        extend: (Router<ServerContext>) -> Void = { _ in }
    ) {
        let table = RouteTable(for: server, site: site, log: log, front: front, watch: watch)
        // Not of the table: strangers must not even be told what may be asked there.
        let metrics = metricsPlace.routes(of: log.metrics)
        let routes = table.routes + metrics
        requests = RequestMetrics(
            routes: routes.map { ($0.method, $0.path) },
            metrics: log.metrics
        )
        address = ClientAddress(proxies: proxies)
        security = StrictTransportSecurity(issuer: server.settings.issuer)
        crossOrigin = CrossOrigin(server: server, methods: table.crossOriginMethods)
        errors = ErrorResponse.Catcher(
            log: log,
            desk: PageDesk(server: server, site: site),
            methods: table.methods,
            alwaysAnswered: table.alwaysAnswered.union(metrics.map(\.path))
        )
        fixed = Dictionary(grouping: routes.filter { !$0.path.contains(":") }, by: \.path)
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.addMiddleware { RouterRefusals() }
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) {
                try await route.answer($0, $1)
            }
        }
        extend(router)
        self.router = router.buildResponder()
    }

    package func respond(
        to request: Request,
        context: ServerContext
    ) async throws -> Response {
        try await answer(request, context)
    }

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await requests.handle(request, context) { request, context in
            var response = try await address.handle(request, context) { request, context in
                try await crossOrigin.handle(request, context) { request, context in
                    await errors.handle(request, context, next: route)
                }
            }
            security?.apply(to: &response)
            return response
        }
    }

    private func route(_ request: Request, _ context: ServerContext) async throws -> Response {
        let path = request.uri.path
        let method = request.method == .head ? .get : request.method
        guard let route = fixed[path]?.first(where: { $0.method == method }) else {
            return try await router.respond(to: request, context: context)
        }
        context.coreContext.endpointPath.value = path
        return try await route.answer(request, context)
    }

    /// Keeps the router from answering by itself what it does not know.
    private struct RouterRefusals: RouterMiddleware {
        typealias Context = ServerContext

        func handle(
            _ request: Request,
            context: ServerContext,
            next: @concurrent (Request, ServerContext) async throws -> Response
        ) async throws -> Response {
            do { return try await next(request, context) } catch let error as HTTPError {
                throw RouterRefusal(error: error)
            }
        }
    }
}

/// What the router refused in the words of HTTP.
struct RouterRefusal: Error {
    let error: HTTPError
}
