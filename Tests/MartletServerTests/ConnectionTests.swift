import MartletProtocol
import Testing

@Suite("A connection survives what its requests say, and ends when it cannot be understood")
struct ConnectionTests {
    static let good = post("grant_type=client_credentials")

    private static func post(
        _ body: String,
        target: String = "/oauth/token",
        headers: String = ""
    ) -> String {
        """
        POST \(target) HTTP/1.1\r
        Host: localhost\r
        Authorization: \(KnownClient.app.basic)\r
        Content-Type: application/x-www-form-urlencoded\r
        \(headers)Content-Length: \(body.utf8.count)\r
        \r
        \(body)
        """
    }

    private func exchange(
        _ pieces: [String],
        answers count: Int,
        ending: Bool = false
    ) async throws -> [RawAnswer] {
        try await TestServer().test(.socket) { caller in
            try await RawConnection(port: caller.port())
                .exchange(pieces, answers: count, ending: ending)
        }
    }

    @Test("pipelined requests are answered in their order, bad ones among them")
    func pipelined() async throws {
        let requests = [
            Self.good, Self.post("grant_type=%"), Self.good,
            Self.post(String(repeating: "x", count: 70_000)), Self.good,
            "GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n", Self.good,
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            Self.post("", headers: "X-Odd: \u{1F426}\r\n"), Self.good,
        ]
        let answers = try await exchange([requests.joined()], answers: requests.count)
        #expect(answers.map(\.status) == [200, 400, 200, 400, 200, 404, 200, 200, 400, 200])
    }

    @Test("pipelined requests that wait for the store are answered in their order")
    func pipelinedReads() async throws {
        let requests = (0..<20).map { number in
            "GET \(number % 2 == 0 ? "/healthz" : "/readyz") HTTP/1.1\r\nHost: localhost\r\n\r\n"
        }
        let answers = try await exchange([requests.joined()], answers: requests.count)
        #expect(answers.map(\.status) == requests.map { _ in 200 })
    }

    @Test("a request that arrives in small pieces is answered like any other")
    func slow() async throws {
        var pieces: [String] = []
        var rest = Self.good[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(40)))
            rest = rest.dropFirst(40)
        }
        let answers = try await exchange(pieces + [Self.good], answers: 2)
        #expect(answers.map(\.status) == [200, 200])
    }

    @Test("a chunked body is read like any other, and bounded like any other")
    func chunked() async throws {
        let head = """
            POST /oauth/token HTTP/1.1\r
            Host: localhost\r
            Authorization: \(KnownClient.app.basic)\r
            Content-Type: application/x-www-form-urlencoded\r
            Transfer-Encoding: chunked\r
            \r

            """
        let body = "b\r\ngrant_type=\r\n12\r\nclient_credentials\r\n0\r\n\r\n"
        let chunk = "4000\r\n\(String(repeating: "x", count: 0x4000))\r\n"
        let long = String(repeating: chunk, count: 5)
        let answers = try await exchange(
            [head + body + head + long + "0\r\n\r\n" + Self.good],
            answers: 3
        )
        #expect(answers.map(\.status) == [200, 400, 200])
    }

    @Test("a target in absolute form is answered; whose host it names makes no difference")
    func absoluteForm() async throws {
        let answers = try await exchange(
            [
                Self.post(
                    "grant_type=client_credentials",
                    target: "http://evil.example/oauth/token"
                ) + Self.post("", target: "http://evil.example") + Self.good
            ],
            answers: 3
        )
        #expect(answers.map(\.status) == [200, 405, 200])
        #expect(answers.allSatisfy { !$0.body.contains("evil") })
    }

    @Test(
        "what is no HTTP gets 400 and the end of the connection",
        arguments: [
            "\u{16}\u{3}\u{1}\r\n\r\n", "GET\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "POST / HTTP/1.1\r\nBad Name: x\r\n\r\n",
            "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
            "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST /oauth/token HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
            "POST /oauth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /\u{1}x HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
    )
    func noHTTP(bytes: String) async throws {
        // The good request that follows must not be answered: it may be part of the bad one.
        let answers = try await exchange([bytes + Self.good], answers: 3, ending: true)
        #expect(answers.allSatisfy { (400..<500).contains($0.status) }, "\(answers)")
        let last = try #require(answers.last)
        #expect(last.head.contains("connection: close"), "\(answers)")
    }

    @Test("CONNECT opens no tunnel, and nothing that follows it is answered")
    func tunnel() async throws {
        let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"
        let answers = try await exchange([connect + Self.good], answers: 2, ending: true)
        #expect(answers.map(\.status) == [404])
    }

    @Test("a chunk that is none, in the midst of a form, is the client's fault")
    func badChunk() async throws {
        let answers = try await exchange(
            [
                """
                POST /oauth/token HTTP/1.1\r
                Host: localhost\r
                Content-Type: application/x-www-form-urlencoded\r
                Transfer-Encoding: chunked\r
                \r
                3\r
                a=1\r

                """,
                "zz\r\n" + Self.good,
            ],
            answers: 2,
            ending: true
        )
        #expect(answers.map(\.status) == [400])
        #expect(answers.first?.head.contains("connection: close") == true)
    }

    @Test("a body that breaks off is never taken for a whole request")
    func truncated() async throws {
        let cut = String(
            Self.post("grant_type=client_credentials&scope=read").dropLast("&scope=read".count)
        )
        let answers = try await exchange([cut], answers: 1, ending: true)
        #expect(answers.allSatisfy { $0.status == 400 }, "\(answers)")
    }

    @Test("headers without end or number are refused with a 4xx")
    func oversizedHeaders() async throws {
        let long = "X-Long: \(String(repeating: "x", count: 100_000))\r\n"
        let many = (0..<2000).map { "X-\($0): x\r\n" }.joined()
        let target = "/oauth/token?" + String(repeating: "x", count: 200_000)
        for request in [
            Self.post("", headers: long), Self.post("", headers: many),
            Self.post("", target: target),
        ] {
            let answers = try await exchange([request], answers: 1, ending: true)
            #expect(answers.allSatisfy { (400..<500).contains($0.status) }, "\(answers)")
        }
    }

    @Test("who asks to close is answered and closed")
    func close() async throws {
        let answers = try await exchange(
            [Self.post("grant_type=client_credentials", headers: "Connection: close\r\n")],
            answers: 2
        )
        #expect(answers.map(\.status) == [200])
    }

    @Test("who leaves in the middle is no error in the operator's log")
    func gone() async throws {
        let test = try await TestServer()
        try await test.test(.socket) { caller in
            let raw = RawConnection(port: try caller.port())
            for piece in ["POST /oau", String(Self.good.dropLast(5)), Self.good] {
                _ = try await raw.exchange([piece], answers: 0, ending: true)
            }
            #expect(try await caller.signIn().refresh.hasPrefix("mrt_"))
        }
        #expect(!test.log.lines.contains { $0.hasPrefix("error") || $0.hasPrefix("warning") })
    }
}
