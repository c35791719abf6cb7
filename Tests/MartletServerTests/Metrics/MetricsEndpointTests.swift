import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import NIOHTTP1
import ServiceLifecycle
import Testing

@testable import MartletServer

@Suite("GET /metrics")
struct MetricsEndpointTests {
    @Test("this machine is told all that was counted, with the format's version")
    func told() async throws {
        let test = try await TestServer()
        try await test.test(.socket) { caller in
            _ = try await caller.refresh(try await caller.signIn().refresh)
            let answer = try await caller.get("/metrics")
            #expect(answer.status == 200)
            #expect(
                answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8"
            )
            #expect(answer.headers[.cacheControl] == "no-store")
            let told = ToldMetrics(answer.text)
            #expect(told["martlet_refresh_token_rotations_total"] == 1)
            #expect(told["martlet_http_requests_in_progress"] == 1)
            #expect(told[#"martlet_password_hashing{queue="passwords",state="waiting"}"#] == 0)
            let head = try await caller.send(.head, "/metrics")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    /// An answer without what changes with the path and the moment.
    private func essence(_ answer: Answer) -> [String] {
        let fields = answer.headers.filter { $0.name != .date }.map { "\($0.name): \($0.value)" }
        return ["\(answer.status)", answer.text] + fields.sorted()
    }

    @Test(
        "whoever may be somebody else's word gets what an unknown path gets, by every method",
        arguments: [
            ["X-Forwarded-For": "127.0.0.1"], ["X-Forwarded-For": "192.0.2.1"],
            ["Forwarded": "for=127.0.0.1"], ["Via": "1.1 proxy"], ["X-Real-IP": "127.0.0.1"],
            ["X-Forwarded-Proto": "https"], ["X-Forwarded-Host": "localhost"],
            ["Host": "login.example.com"], ["Host": "localhost.example.com"],
        ],
        [[], ["127.0.0.0/8", "::1"]]
    )
    func others(headers: [String: String], trusted: [String]) async throws {
        var test = try await TestServer()
        test.proxies = TrustedProxies(try trusted.map { try #require(AddressRange($0)) })
        try await test.test(.socket) { caller in
            for method in [HTTPRequest.Method.get, .head, .post, .put, .options] {
                for accept in ["*/*", "text/html"] {
                    func ask(_ path: String) async throws -> [String] {
                        try await raw(method, path, headers, accept, port: caller.port())
                    }
                    let told = try await ask("/metrics")
                    let unknown = try await ask("/metricz")
                    #expect(told == unknown, "\(method)")
                }
            }
        }
    }

    /// With a `Host` of our own.
    private func raw(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: [String: String],
        _ accept: String,
        port: Int
    ) async throws -> [String] {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method.rawValue)
        request.headers.add(name: "Accept", value: accept)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let body = String(buffer: try await answer.body.collect(upTo: 1 << 20))
        #expect(answer.status == .notFound || method == .options || method == .post)
        return ["\(answer.status)", body]
            + answer.headers.filter { $0.name.lowercased() != "date" }
            .map { "\($0.name): \($0.value)" }.sorted()
    }

    @Test("a request that came by no connection is nobody of this machine")
    func inProcess() async throws {
        try await TestServer().test(.router) { caller in
            let told = try await caller.get("/metrics")
            let unknown = try await caller.get("/metricz")
            #expect(told.status == 404)
            #expect(essence(told) == essence(unknown))
        }
    }

    @Test(
        "who is of this machine: the connection counts, and that nobody stands between",
        arguments: [
            ("127.0.0.1", "localhost:8080", false, true), ("127.9.9.9", "127.0.0.1", false, true),
            ("::1", "[::1]:8080", false, true), ("::ffff:127.0.0.1", "LOCALHOST", false, true),
            ("127.0.0.1", "127.0.0.1:8080", true, false),
            ("127.0.0.1", "login.example.com", false, false), ("127.0.0.1", nil, false, false),
            ("127.0.0.1", "", false, false), ("127.0.0.1", "[::1", false, true),
            ("127.0.0.1", "[::2]:80", false, false), ("127.0.0.1", "128.0.0.1", false, false),
            ("192.0.2.1", "localhost", false, false), ("::2", "localhost", false, false),
            ("::ffff:10.0.0.1", "localhost", false, false), (nil, "localhost", false, false),
            ("local", "localhost", false, false),
        ] as [(String?, String?, Bool, Bool)]
    )
    func visitor(connection: String?, authority: String?, isForwarded: Bool, isThis: Bool) {
        let visitor = MetricsEndpoint.Visitor(
            connection: connection,
            authority: authority,
            isForwarded: isForwarded
        )
        #expect(visitor.isThisMachine == isThis)
    }

    @Test("the metadata does not mention it, nor does an Allow header")
    func unmentioned() async throws {
        try await TestServer().test(.socket) { caller in
            let metadata = try await caller.get("/.well-known/openid-configuration")
            #expect(!metadata.text.contains("metrics"))
            let post = try await caller.send(.post, "/metrics")
            #expect(post.status == 404 && !post.headers.contains(.allow))
        }
    }

    // MARK: - An address of its own

    /// Runs a listener for as long as `body` takes; it gets the port.
    private func withListener<Value: Sendable>(
        _ metrics: ServerMetrics,
        _ log: RecordedLog,
        _ body: (Int) async throws -> Value
    ) async throws -> Value {
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let listener = MetricsListener(
            of: metrics,
            host: "127.0.0.1",
            port: 0,
            logger: log.logger
        ) { port.yield($0) }
        let group = ServiceGroup(
            configuration: .init(services: [listener], logger: log.logger)
        )
        async let run: Void = group.run()
        var bound: Int?
        for await port in ports {
            bound = port
            break
        }
        let value = try await body(try #require(bound))
        await group.triggerGracefulShutdown()
        try await run
        return value
    }

    @Test("at an address of its own it answers everybody, and nothing else is there")
    func listener() async throws {
        let test = try await TestServer()
        try await test.test { _ = try await $0.signIn() }
        try await withListener(test.metrics, test.log) { port in
            func ask(_ path: String, _ headers: [String: String] = [:]) async throws -> [String] {
                var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
                for (name, value) in headers { request.headers.add(name: name, value: value) }
                let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
                let body = String(buffer: try await answer.body.collect(upTo: 1 << 20))
                return [
                    "\(answer.status.code)", body,
                    answer.headers.first(name: "content-type") ?? "",
                ]
            }
            for headers in [[:], ["Host": "metrics.example.com", "Via": "1.1 proxy"]] {
                let answer = try await ask("/metrics", headers)
                #expect(answer[0] == "200" && answer[2] == PrometheusText.contentType)
                let told = ToldMetrics(answer[1])
                #expect(told[#"martlet_tokens_issued_total{grant="password"}"#] == 1)
            }
            for path in ["/", "/healthz", "/oauth/token", "/login", "/metrics/x"] {
                let answer = try await ask(path)
                #expect(answer[0] == "404")
            }
        }
    }

    @Test("where it has an address of its own, the server's does not answer it")
    func elsewhere() async throws {
        var test = try await TestServer()
        test.metricsPlace = .elsewhere
        try await test.test(.socket) { caller in
            let told = try await caller.get("/metrics")
            let unknown = try await caller.get("/metricz")
            #expect(told.status == 404)
            #expect(essence(told) == essence(unknown))
        }
    }
}
