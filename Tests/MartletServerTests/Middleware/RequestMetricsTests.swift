import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import NIOCore
import Synchronization
import Testing

@testable import MartletServer

@Suite("Requests are counted by route")
struct RequestMetricsTests {
    private static let prefix = "martlet_http_requests_total"

    private func series(_ route: String, _ method: String, _ status: String) -> String {
        #"\#(Self.prefix){route="\#(route)",method="\#(method)",status="\#(status)"}"#
    }

    @Test("by route, method and class of status", arguments: Door.allCases)
    func counted(door: Door) async throws {
        let test = try await TestServer()
        try await test.test(door) { caller in
            _ = try await caller.refresh(try await caller.signIn().refresh)
            _ = try await caller.refresh("nonsense")
            _ = try await caller.get("/healthz")
            _ = try await caller.send(.head, "/healthz")
            _ = try await caller.get("/login")
            _ = try await caller.get("/")
        }
        #expect(
            ToldMetrics(test.metrics).counted(Self.prefix) == [
                series("/oauth/token", "POST", "2xx"): 2, series("/oauth/token", "POST", "4xx"): 1,
                series("/healthz", "GET", "2xx"): 2, series("/login", "GET", "2xx"): 1,
                series("/", "GET", "3xx"): 1,
            ]
        )
    }

    @Test("what no route answers is one series, whatever the path and the method are")
    func strangers() async throws {
        let test = try await TestServer()
        let lines = try await test.test { caller in
            let lines = ToldMetrics(test.metrics).count
            for path in ["/nowhere", "/wp-login.php", "/oauth/token/x", "/%2e%2e/x", "/a?b=c"] {
                _ = try await caller.get(path)
            }
            _ = try await caller.send(.delete, "/oauth/token")
            let odd = try #require(HTTPRequest.Method("BREW"))
            _ = try await caller.send(odd, "/login")
            return lines
        }
        #expect(
            ToldMetrics(test.metrics).counted(Self.prefix) == [series("other", "other", "4xx"): 7]
        )
        #expect(ToldMetrics(test.metrics).count == lines)
    }

    @Test("a path with a parameter is counted under its template, below the issuer's path too")
    func template() async throws {
        let test = try await TestServer(
            issuer: "https://example.com/login-server",
            registration: .open
        )
        try await test.test { caller in
            for id in ["a", "b", "c"] {
                _ = try await caller.get("/login-server/oauth/register/\(id)")
            }
        }
        let told = ToldMetrics(test.metrics).counted(Self.prefix)
        #expect(told.count == 1 && told.values.first == 3)
        #expect(told.keys.first?.contains(#"route="/login-server/oauth/register/:"#) == true)
    }

    @Test("a store that fails is a 5xx of the route, and counted by its reason")
    func failing() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let tokens = try await caller.signIn()
            for error in [StorageError.overloaded, .unavailable("x"), .corrupt("x"), .conflict] {
                test.storage.fail(with: error)
                _ = try await caller.refresh(tokens.refresh)
            }
        }
        let told = ToldMetrics(test.metrics)
        #expect(told[series("/oauth/token", "POST", "5xx")] == 4)
        #expect(
            told.counted("martlet_refusals") == [
                #"martlet_refusals_total{reason="overloaded"}"#: 1,
                #"martlet_refusals_total{reason="store_unavailable"}"#: 1,
                #"martlet_refusals_total{reason="store_corrupt"}"#: 1,
                #"martlet_refusals_total{reason="store_conflict"}"#: 1,
            ]
        )
    }

    /// The step, where a test's own router can reach it.
    private struct Counting: RouterMiddleware {
        let requests: RequestMetrics

        func handle(
            _ request: Request,
            context: ServerContext,
            next: @concurrent (Request, ServerContext) async throws -> Response
        ) async throws -> Response {
            try await requests.handle(request, context) { try await next($0, $1) }
        }
    }

    /// A clock that moves on by a quarter of a second whenever somebody looks.
    private final class Ticks: Sendable {
        private let count = Mutex<UInt64>(0)

        @Sendable
        func now() -> NIODeadline {
            count.withLock { count in
                count += 250_000_000
                return .uptimeNanoseconds(count)
            }
        }
    }

    @Test("the time from a request's coming to its answer is in the route's histogram, in seconds")
    func duration() async throws {
        let metrics = ServerMetrics(version: "test", start: Instant(seconds: 0))
        let router = Router(context: ServerContext.self)
        let middleware = RequestMetrics(
            routes: [(.get, "/slow")],
            metrics: metrics,
            now: Ticks().now
        )
        router.addMiddleware { Counting(requests: middleware) }
        router.get("/slow") { _, _ in
            // While it is being answered it is in progress.
            "\(ToldMetrics(metrics)["martlet_http_requests_in_progress"] ?? -1)"
        }
        try await Application(router: router).test(.router) { client in
            let answer = try await Caller(client: client).get("/slow")
            #expect(answer.text == "1.0")
        }
        let told = ToldMetrics(metrics)
        let name = "martlet_http_request_duration_seconds"
        let labels = #"route="/slow",method="GET""#
        #expect(told["\(name)_sum{\(labels)}"] == 0.25)
        #expect(told["\(name)_count{\(labels)}"] == 1)
        #expect(told["\(name)_bucket{\(labels),le=\"0.1\"}"] == 0)
        #expect(told["\(name)_bucket{\(labels),le=\"0.25\"}"] == 1)
        #expect(told["\(name)_bucket{\(labels),le=\"+Inf\"}"] == 1)
        #expect(told["martlet_http_requests_in_progress"] == 0)
    }

    @Test(
        "a status belongs to the class of its first digit; what is no status is a server's mistake",
        arguments: [
            (200, "2xx"), (299, "2xx"), (303, "3xx"), (400, "4xx"), (499, "4xx"), (500, "5xx"),
            (599, "5xx"), (600, "5xx"), (100, "5xx"), (-1, "5xx"), (Int.max, "5xx"),
        ]
    )
    func classes(status: Int, name: String) {
        #expect(StatusClass.allCases[StatusClass.position(of: status)].rawValue == name)
    }

    @Test("a request whose answer fails is in progress no more, and a 5xx")
    func thrown() async throws {
        struct Mishap: Error {}
        let metrics = ServerMetrics(version: "test", start: Instant(seconds: 0))
        let router = Router(context: ServerContext.self)
        let middleware = RequestMetrics(routes: [(.get, "/bad")], metrics: metrics)
        router.addMiddleware { Counting(requests: middleware) }
        router.get("/bad") { _, _ -> Response in throw Mishap() }
        try await Application(router: router).test(.router) { client in
            _ = try? await Caller(client: client).get("/bad")
        }
        let told = ToldMetrics(metrics)
        #expect(told.counted(Self.prefix) == [series("/bad", "GET", "5xx"): 1])
        #expect(told["martlet_http_requests_in_progress"] == 0)
    }

    @Test("open connections are told, and bounded")
    func connections() throws {
        let metrics = ServerMetrics(version: "test", start: Instant(seconds: 0))
        var connections = OpenConnections(maximum: 2, meter: metrics.connections)
        #expect(connections.isAcceptingNewConnections())
        connections.connectionOpened()
        #expect(connections.isAcceptingNewConnections())
        connections.connectionOpened()
        #expect(!connections.isAcceptingNewConnections())
        #expect(ToldMetrics(metrics)["martlet_http_connections"] == 2)
        connections.connectionClosed()
        #expect(connections.isAcceptingNewConnections())
        #expect(ToldMetrics(metrics)["martlet_http_connections"] == 1)
    }
}
