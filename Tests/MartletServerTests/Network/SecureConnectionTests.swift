import AsyncHTTPClient
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletProtocol
import MartletServer
import MartletTesting
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@Suite("Connections by TLS")
struct SecureConnectionTests {
    private static func certificate(
        _ made: SelfSignedCertificate
    ) throws -> ServerCertificate {
        try ServerCertificate(
            chain: Array(made.chain.utf8),
            key: .init(made.key),
            at: Surroundings.wallClock
        )
    }

    /// Runs a test against a server with this certificate.
    private func serve(
        _ made: SelfSignedCertificate,
        extend: (Router<ServerContext>) -> Void = { _ in },
        _ body: @Sendable (_ server: TestServer, _ port: Int) async throws -> Void
    ) async throws {
        var test = try await TestServer()
        test.certificate = CurrentCertificate(try Self.certificate(made))
        let server = test
        try await server.app(extend: extend).test(.live) { client in
            try await body(server, try #require(client.port))
        }
    }

    @Test(
        "HTTP/2 is spoken with whom it is agreed with, HTTP/1.1 with all others",
        arguments: [
            (HTTPClient.Configuration.HTTPVersion.automatic, HTTPVersion.http2),
            (.http1Only, .http1_1),
        ]
    )
    func negotiated(
        offered: HTTPClient.Configuration.HTTPVersion,
        spoken: HTTPVersion
    ) async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(certificate) { test, port in
            try await SecureClient.with(trusting: certificate, offering: offered) { client in
                let health = try await client.send(.GET, "https://localhost:\(port)/healthz")
                #expect(health.status == 200)
                #expect(health.version == spoken)
                let token = try await client.post(
                    "https://localhost:\(port)/oauth/token",
                    body: "grant_type=password&username=alice&password=\(TestServer.password)"
                )
                #expect(token.status == 200)
                #expect(token.version == spoken)
                #expect(token.headers["strict-transport-security"] == ["max-age=31536000"])
            }
            let sessions = try await test.storage.list(of: .all, before: nil, limit: 2)
            #expect(sessions.map { $0.family?.authorized.origin.address } == ["127.0.0.1"])
        }
    }

    @Test(
        "TLS 1.2 is the oldest version that is spoken",
        .covers(
            "RFC 6749 §3.1 tls",
            "RFC 6750 §5.3 tls",
            "RFC 7591 §5 tls",
            "RFC 8414 §6.1 tls",
            "OIDC Discovery §7.1 tls"
        ),
        arguments: [TLSVersion.tlsv11, .tlsv12]
    )
    func oldest(version: TLSVersion) async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(certificate) { _, port in
            try await SecureClient.with(trusting: certificate, atMost: version) { client in
                let answer = try? await client.send(.GET, "https://localhost:\(port)/healthz")
                #expect(answer?.status == (version == .tlsv12 ? 200 : nil))
            }
        }
    }

    @Test("a renewed certificate is for new connections; those that are open go on")
    func renewed() async throws {
        let old = try SelfSignedCertificate()
        let renewed = try SelfSignedCertificate()
        try await serve(old) { test, port in
            let url = "https://localhost:\(port)/healthz"
            try await SecureClient.with(trusting: old) { early in
                #expect(try await early.send(.GET, url).status == 200)
                try test.certificate?.replace(with: Self.certificate(renewed))
                #expect(try await early.send(.GET, url).status == 200)
            }
            try await SecureClient.with(trusting: renewed) { late in
                let status = try await late.send(.GET, url).status
                #expect(status == 200)
            }
            try await SecureClient.with(trusting: old) { late in
                await #expect(throws: (any Error).self) { try await late.send(.GET, url) }
            }
        }
    }

    @Test(
        "who speaks no TLS gets no answer, and nobody else is disturbed",
        .covers(
            "RFC 6749 §3.1 tls",
            "RFC 6750 §5.3 tls",
            "RFC 7591 §5 tls",
            "RFC 8414 §6.1 tls",
            "OIDC Discovery §7.1 tls"
        )
    )
    func plain() async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(certificate) { test, port in
            for bytes in ["GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}", ""] {
                let answers = try await RawConnection(port: port)
                    .exchange([bytes], answers: 1, ending: true)
                #expect(answers.isEmpty)
            }
            try await SecureClient.with(trusting: certificate) { client in
                let answer = try await client.send(.GET, "https://localhost:\(port)/healthz")
                #expect(answer.status == 200)
            }
            #expect(!test.log.lines.contains { $0.hasPrefix("error") || $0.hasPrefix("warning") })
        }
    }

    @Test("a body is bounded on HTTP/2 as it is on HTTP/1.1, and ends its own stream only")
    func bounded() async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(certificate) { _, port in
            let url = "https://localhost:\(port)/oauth/token"
            try await SecureClient.with(trusting: certificate) { client in
                let long = try await client.post(url, body: String(repeating: "x", count: 70_000))
                #expect(long.status == 400)
                // Cut off in the midst, so that the answer may not be seen any more.
                _ = try? await client.post(url, body: String(repeating: "x", count: 4_000_000))
                let good = try await client.post(url, body: "grant_type=client_credentials")
                #expect(good.status == 200)
                #expect(good.version == .http2)
            }
        }
    }

    @Test("headers without end are refused on HTTP/2 too")
    func oversizedHeaders() async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(certificate) { _, port in
            let url = "https://localhost:\(port)/healthz"
            try await SecureClient.with(trusting: certificate) { client in
                // More than the server takes once it is decompressed; compressed it fits into one
                // frame, as it has to with this client.
                let headers = HTTPHeaders(
                    (0..<20).map { ("x-long-\($0)", String(repeating: "a", count: 1000)) }
                )
                await #expect(throws: (any Error).self) {
                    try await client.send(.GET, url, headers: headers)
                }
            }
            try await SecureClient.with(trusting: certificate) { client in
                let status = try await client.send(.GET, url).status
                #expect(status == 200)
            }
        }
    }

    @Test("more requests at a time than one connection may have are all answered")
    func parallel() async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(certificate) { _, port in
            let url = "https://localhost:\(port)/oauth/jwks"
            try await SecureClient.with(trusting: certificate) { client in
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<250 {
                        group.addTask { try await client.send(.GET, url).status }
                    }
                    for try await status in group { #expect(status == 200) }
                }
            }
        }
    }

    @Test("what HTTP/1.1 says of a connection is not said on HTTP/2, which forbids it")
    func connectionHeaders() async throws {
        let certificate = try SelfSignedCertificate()
        try await serve(
            certificate,
            extend: { router in
                router.get("/closing") { _, _ in
                    Response(status: .ok, headers: [.connection: "close"])
                }
            }
        ) { _, port in
            for version in [HTTPClient.Configuration.HTTPVersion.automatic, .http1Only] {
                try await SecureClient.with(trusting: certificate, offering: version) { client in
                    let answer = try await client.send(.GET, "https://localhost:\(port)/closing")
                    #expect(answer.status == 200)
                    #expect(answer.headers.contains(name: "connection") == (version == .http1Only))
                }
            }
        }
    }
}

/// A client that trusts one certificate, and whatever it may say of versions.
struct SecureClient: Sendable {
    /// An answer is certain to come, however busy the machine.
    private static let patience: TimeAmount = .minutes(10)

    struct Answer: Sendable {
        let status: Int
        let version: HTTPVersion
        let headers: HTTPHeaders
    }

    private let client: HTTPClient

    static func with(
        trusting certificate: SelfSignedCertificate,
        offering version: HTTPClient.Configuration.HTTPVersion = .automatic,
        atMost newest: TLSVersion? = nil,
        _ body: (SecureClient) async throws -> Void
    ) async throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8))
        )
        tls.minimumTLSVersion = .tlsv1
        tls.maximumTLSVersion = newest
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.httpVersion = version
        configuration.timeout.connect = patience
        // A handshake that failed will fail again.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            try await body(SecureClient(client: client))
        } catch {
            try? await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    func send(
        _ method: HTTPMethod,
        _ url: String,
        headers: HTTPHeaders = [:],
        body: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        request.body = body.map { .bytes(ByteBuffer(string: $0)) }
        let response = try await client.execute(request, timeout: Self.patience)
        _ = try await response.body.collect(upTo: 1 << 20)
        return Answer(
            status: Int(response.status.code),
            version: response.version,
            headers: response.headers
        )
    }

    func post(_ url: String, body: String) async throws -> Answer {
        try await send(
            .POST,
            url,
            headers: [
                "content-type": Form.contentType, "authorization": KnownClient.app.basic,
            ],
            body: body
        )
    }
}
