import MartletProtocol
import MartletTesting
import Testing

@Suite("Prometheus' own parser, which nobody here wrote")
struct PrometheusTests {
    private static let client = "metered"
    private static let secret = "a secret that the operator chose 7d1f"

    private static func configuration(metrics: String) -> String {
        """
        \(metrics)
        clients:
          - client_id: \(client)
            client_secret: \(secret)
            grant_types: [password, refresh_token]
            refresh_token_policy: {overlap: 30}
        \(Person.configuration)
        """
    }

    /// What the parser read after some logins, refreshes and thefts.
    private func read(
        from server: ServerProcess,
        at url: String,
        andNotAt other: String
    ) async throws -> JSONValue {
        try await ClientProgram.play(
            "prometheus_story.py",
            environment: [
                "ISSUER": server.issuer, "METRICS": url, "OTHER": other,
                "CLIENT_ID": Self.client, "CLIENT_SECRET": Self.secret,
                "USERNAME": Person.username, "PASSWORD": Person.password,
            ]
        )
    }

    private func expectStory(_ seen: JSONValue) throws {
        #expect(seen["content_type"]?.string == "text/plain; version=0.0.4; charset=utf-8")
        #expect(seen["other_status"]?.integer == 404)
        // Whatever it says is read, in the order in which it was written, and no name twice.
        #expect(seen["unread_lines"]?.strings == [])
        let names = try #require(seen["families"]?.strings)
        #expect(names.count > 25 && Set(names).count == names.count)
        #expect(seen["untyped"]?.strings == [])
        #expect(seen["unhelpful"]?.strings == [])
        #expect(seen["bad_histograms"]?.strings == [])
        let counted = try #require(seen["counted"])
        #expect(counted["rotations"]?.integer == 3)
        #expect(counted["repeats"]?.integer == 1)
        #expect(counted["older_generation"]?.integer == 1)
        #expect(counted["refused_for_reuse"]?.integer == 2)
        #expect(counted["invalid"]?.integer == 1)
        #expect(counted["token_requests_2xx"]?.integer == 5)
        #expect(counted["token_requests_4xx"]?.integer == 4)
        #expect(counted["token_durations"]?.integer == 9)
        let writes = try #require(counted["writes"]?.integer)
        #expect(writes >= 5)
        #expect(seen["connections"]?.bool == true)
        #expect(seen["memory"]?.bool == true)
    }

    @Test("it reads what loopback is told, and each number is what happened")
    func loopback() async throws {
        let server = try ServerProcess(configuration: Self.configuration(metrics: ""))
        try await server.start()
        defer { server.stop() }
        let seen = try await read(
            from: server,
            at: server.url + "/metrics",
            andNotAt: server.url + "/metricz"
        )
        try expectStory(seen)
    }

    @Test("it reads what an address of its own tells, and the server's own tells nothing then")
    func listener() async throws {
        let port = try ServerProcess.freePort()
        let server = try ServerProcess(
            configuration: Self.configuration(metrics: "metrics: {listen: 127.0.0.1:\(port)}")
        )
        try await server.start()
        defer { server.stop() }
        let seen = try await read(
            from: server,
            at: "http://127.0.0.1:\(port)/metrics",
            andNotAt: server.url + "/metrics"
        )
        try expectStory(seen)
        #expect(try server.log().contains("listening for metrics"))
    }
}
