import Hummingbird
import MartletCore

/// Where `/metrics` answers.
package enum MetricsPlace: Sendable {
    /// Where everything else does, to this machine alone.
    case besideThePages
    /// At a ``MetricsListener``.
    case elsewhere

    func routes(of metrics: ServerMetrics) -> [RouteTable.Route] {
        switch self {
        case .besideThePages:
            [
                .init(
                    method: .get,
                    path: MetricsEndpoint.path,
                    load: .answered,
                    answer: MetricsEndpoint(metrics: metrics).answer
                )
            ]
        case .elsewhere: []
        }
    }
}

/// What stands at the issuer's own address.
package enum FrontPage: Sendable {
    /// The way to the account page.
    case account
    /// Whatever the caller adds to the router.
    case callers
}

/// The routes, each a path and a method that it is for.
struct RouteTable {
    struct Route: Sendable {
        let method: HTTPRequest.Method
        let path: String
        var crossOrigin = CrossOriginAccess.none
        var load = LoadRule.refused
        let answer: @Sendable (Request, ServerContext) async throws -> Response
    }

    /// Whether the scripts of pages may read what a route answers.
    enum CrossOriginAccess {
        case none
        case singlePageClients
    }

    /// What becomes of a request when too many are being answered already.
    enum LoadRule {
        /// It is told to come back.
        case refused
        /// It is answered all the same: it costs next to nothing, and whoever asks decides by it
        /// whether this server is to be stopped.
        case answered
    }

    let routes: [Route]

    init(
        for server: AuthorizationServer,
        site: PageSite,
        log: ServerLog,
        front: FrontPage = .account,
        watch: EndedSessionsWatch? = nil
    ) {
        let base = server.settings.issuerPath
        let token = TokenEndpoint(server: server)
        let device = DeviceAuthorizationEndpoint(server: server)
        let revocation = RevocationEndpoint(server: server)
        let introspection = IntrospectionEndpoint(server: server)
        let endedSessions = EndedSessionsEndpoint(server: server, watch: watch, log: log)
        let userInfo = UserInfoEndpoint(server: server)
        let keySet = KeySetEndpoint(server: server)
        let metadata = MetadataEndpoint(server: server)
        let health = HealthEndpoint(server: server)
        let assets = AssetsEndpoint(assets: site.assets)

        routes =
            [
                .init(
                    method: .post,
                    path: base + "/oauth/token",
                    crossOrigin: .singlePageClients,
                    answer: token.answer
                ),
                .init(
                    method: .post,
                    path: base + DeviceAuthorizationEndpoint.path,
                    answer: device.answer
                ),
                // Single-page clients sign people out with it.
                .init(
                    method: .post,
                    path: base + "/oauth/revoke",
                    crossOrigin: .singlePageClients,
                    answer: revocation.answer
                ),
                .init(
                    method: .post,
                    path: base + "/oauth/introspect",
                    answer: introspection.answer
                ),
                .init(
                    method: .post,
                    path: base + EndedSessionsEndpoint.path,
                    answer: endedSessions.answer
                ),
                .init(
                    method: .get,
                    path: base + "/oauth/userinfo",
                    crossOrigin: .singlePageClients,
                    answer: userInfo.answer
                ),
                .init(
                    method: .post,
                    path: base + "/oauth/userinfo",
                    crossOrigin: .singlePageClients,
                    answer: userInfo.answer
                ),
                .init(
                    method: .get,
                    path: base + "/oauth/jwks",
                    crossOrigin: .singlePageClients
                ) { _, _ in
                    try await keySet.answer()
                },
                .init(method: .get, path: "/healthz", load: .answered) { _, _ in
                    HealthEndpoint.alive()
                },
                .init(method: .get, path: "/readyz") { _, _ in await health.ready() },
            ]
            + MetadataEndpoint.paths(issuerPath: base).map { path in
                .init(method: .get, path: path, crossOrigin: .singlePageClients) { _, _ in
                    try await metadata.answer()
                }
            }
            + RegistrationEndpoint(server: server).routes(base: base)
            + assets.routes + Self.pages(PageDesk(server: server, site: site), base, log)
            + Self.front(front, PageDesk(server: server, site: site), base)
    }

    /// What people see: each page for its form too.
    private static func pages(_ desk: PageDesk, _ base: String, _ log: ServerLog) -> [Route] {
        typealias Page = (path: String, answer: @Sendable (PageRequest) async throws -> Response)
        let account = AccountEndpoint(desk: desk)
        let forms = AccountEndpoint.Act.allCases.map { act -> Page in
            (act.path.rawValue, { visit in try await account.answer(act, visit) })
        }
        let pages: [Page] = [
            ("/oauth/authorize", AuthorizationEndpoint(desk: desk).answer),
            (PagePath.login.rawValue, LoginEndpoint(desk: desk).answer),
            (PagePath.selectAccount.rawValue, SelectAccountEndpoint(desk: desk).answer),
            (PagePath.consent.rawValue, ConsentEndpoint(desk: desk).answer),
            (PagePath.account.rawValue, account.answer),
            (PagePath.device.rawValue, DeviceEndpoint(desk: desk).answer),
            (PagePath.deviceConfirm.rawValue, DeviceConfirmEndpoint(desk: desk).answer),
            (LogoutEndpoint.path, LogoutEndpoint(desk: desk).answer),
            (PagePath.logout.rawValue, LogoutEndpoint(desk: desk).answerForm),
        ]
        return (pages + forms).flatMap { path, page in
            [HTTPRequest.Method.get, .post].map { method in
                Route(method: method, path: base + path) { request, context in
                    try await desk.answer(request, context, log: log, page)
                }
            }
        }
    }

    /// Who looks at the issuer's address itself is a person who wants to know what is there.
    private static func front(_ front: FrontPage, _ desk: PageDesk, _ base: String) -> [Route] {
        switch front {
        case .account:
            [Route(method: .get, path: base + "/") { _, _ in desk.go(on: .account) }]
        case .callers: []
        }
    }

    /// What may be asked of each path, as an `Allow` header says it (RFC 9110 §10.2.1).
    var methods: [String: String] {
        Self.methods(of: routes).mapValues { ($0 + ["OPTIONS"]).joined(separator: ", ") }
    }

    /// The methods of each path that scripts may read, as a preflight's answer lists them.
    var crossOriginMethods: [String: String] {
        Self.methods(of: routes.filter { $0.crossOrigin == .singlePageClients })
            .mapValues { $0.joined(separator: ", ") }
    }

    /// The paths that no load closes.
    var alwaysAnswered: Set<String> {
        Set(routes.filter { $0.load == .answered }.map(\.path))
    }

    private static func methods(of routes: [Route]) -> [String: [String]] {
        Dictionary(grouping: routes, by: \.path).mapValues { routes in
            routes.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }
        }
    }
}
