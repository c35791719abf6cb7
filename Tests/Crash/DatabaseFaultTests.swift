import MartletTesting
import Testing

extension CrashProofs {
    @Suite("When the database of several nodes fails")
    struct DatabaseFaultTests {
        /// What becomes of a database that nodes are at work on.
        enum Fault: String, CaseIterable, CustomTestStringConvertible {
            case restart
            case failOver

            var testDescription: String {
                switch self {
                case .restart: "it ends suddenly and starts again"
                case .failOver: "it ends suddenly for good and its synchronous standby takes over"
                }
            }
        }

        @Test(
            "every answered token counts, no session lives twice, and the nodes go on",
            arguments: Fault.allCases
        )
        func nothingAnsweredIsLost(_ fault: Fault) async throws {
            let database = try await Database(fault)
            let nodes = try Nodes(2, on: database.url)
            try await nodes.start()
            try await nodes.with { first, second in
                let sessions = try await sessions(by: first)
                let idle = try #require(await second.signIn(to: .strict).refreshToken)
                let one = Load(on: first, afterRefusal: .doneIfAnswered)
                let other = Load(on: second, afterRefusal: .doneIfAnswered)
                async let firstTold = one.run(sessions.filter { $0.app != .patient })
                async let secondTold = other.run(sessions.filter { $0.app == .patient })
                #expect(await one.goesOn(by: 100), "the load was hardly one")
                #expect(await other.goesOn(by: 50), "the load was hardly one")
                try await database.fail()
                #expect(await one.goesOn(by: 100), "the first node did not recover by itself")
                #expect(await other.goesOn(by: 50), "the second node did not recover by itself")
                one.stop()
                other.stop()
                let told = await firstTold + secondTold
                let usedUp = one.soFar.usedUp + other.soFar.usedUp
                let putOff = one.soFar.unavailable + other.soFar.unavailable
                print("\(fault.testDescription): \(putOff) told 503, \(usedUp) sessions lost by it")
                report(one.soFar.complaints + other.soFar.complaints, "\(fault)")
                // What one node told, the other one knows.
                let inspection = Inspection(client: second)
                report(await inspection.inspect(told).complaints, "\(fault), afterwards")
                #expect(await first.refresh(idle, of: .strict).refreshToken != nil)
                #expect(await second.refresh(idle, of: .strict).refreshToken == nil)
            }
            nodes.stop()
            database.stop()
        }

        @Test("a slow database: whoever comes is told 503 early, and no token is burnt")
        func slow() async throws {
            let database = try PostgresServer()
            try await database.start()
            let nodes = try Nodes(1, on: database.url())
            try await nodes.start()
            try await TokenClient.with(url: nodes.servers[0].url) { client in
                let sessions = try await sessions(by: client)
                let load = Load(on: client)
                async let told = load.run(sessions)
                #expect(await load.goesOn(by: 100), "the load was hardly one")
                let lock = try await HeldTable("martlet_family_state", in: database)
                #expect(await load.isPutOffEarly(100), "nobody was told early")
                #expect(await client.get("/healthz") == 200, "/healthz does not answer")
                #expect(await client.get("/oauth/jwks") == 200, "the keys are not published")
                try lock.release()
                #expect(await load.goesOn(by: 100), "the node did not recover by itself")
                load.stop()
                report(load.soFar.complaints, "slow")
                let inspection = Inspection(client: client)
                report(await inspection.inspect(await told).complaints, "slow, afterwards")
            }
            nodes.stop()
            database.stop()
        }

        @Test("a database without connections for all: both nodes work with those that they get")
        func fewConnections() async throws {
            // Two nodes would have 12; the 3 that each needs it opens at its start.
            let database = try PostgresServer(settings: ["max_connections=11", "max_wal_senders=0"])
            try await database.start()
            let nodes = try Nodes(2, on: database.url())
            try await nodes.start()
            try await nodes.with { first, second in
                let sessions = try await sessions(by: first)
                let one = Load(on: first)
                let other = Load(on: second)
                async let firstTold = one.run(sessions.filter { $0.app != .patient })
                async let secondTold = other.run(sessions.filter { $0.app == .patient })
                #expect(await one.goesOn(by: 500), "the first node does not get on")
                #expect(await other.goesOn(by: 200), "the second node does not get on")
                one.stop()
                other.stop()
                let told = await firstTold + secondTold
                report(one.soFar.complaints + other.soFar.complaints, "few connections")
                let inspection = Inspection(client: second)
                report(await inspection.inspect(told).complaints, "few connections, afterwards")
            }
            nodes.stop()
            database.stop()
        }

        @Test("an answer that the node never got: asked again, the same token comes")
        func cutAfterCommit() async throws {
            let database = try PostgresServer()
            try await database.start()
            let proxy = try CuttingProxy(to: database.port)
            let url = database.url().replacing(":\(database.port)/", with: ":\(proxy.port)/")
            let nodes = try Nodes(1, on: url)
            try await nodes.start()
            try await TokenClient.with(url: nodes.servers[0].url) { client in
                // The node finds out what became of it.
                let first = try #require(await client.signIn(to: .strict).refreshToken)
                proxy.loseAnswer(to: "write_states")
                let second = try #require(await client.refresh(first, of: .strict).refreshToken)
                #expect(proxy.count == 1)
                #expect(await client.refresh(second, of: .strict).refreshToken != nil)
                // Nor can it find out, so it says 503, and its client asks again.
                let old = try #require(await client.signIn(to: .lenient).refreshToken)
                proxy.loseAnswer(to: "write_states", .nobodyGetsThrough)
                let outcome = await client.refresh(old, of: .lenient)
                guard case .unavailable = outcome else {
                    Issue.record("answered with \(outcome)")
                    return
                }
                #expect(proxy.count == 2)
                let rotations = try database.execute(
                    "SELECT sum(generation) FROM martlet_family_state"
                )
                #expect(rotations == "3", "the rotation was not committed")
                proxy.letThrough()
                let new = try #require(await tokenInTheEnd(for: old, client))
                #expect(await client.refresh(old, of: .lenient).refreshToken == new)
                #expect(await client.refresh(new, of: .lenient).refreshToken != nil)
            }
            nodes.stop()
            proxy.stop()
            database.stop()
        }

        /// What a client gets that asks again as long as it is put off.
        private func tokenInTheEnd(for token: String, _ client: TokenClient) async -> String? {
            for _ in 0..<1000 {
                let outcome = await client.refresh(token, of: .lenient)
                guard case .unavailable = outcome else { return outcome.refreshToken }
                try? await Task.sleep(for: .milliseconds(10))
            }
            return nil
        }
    }
}

/// The database of a test, and the standby that it may have.
private struct Database {
    private let fault: CrashProofs.DatabaseFaultTests.Fault
    private let primary: PostgresServer
    private let standby: PostgresServer?

    init(_ fault: CrashProofs.DatabaseFaultTests.Fault) async throws {
        self.fault = fault
        switch fault {
        case .restart:
            primary = try PostgresServer()
            try await primary.start()
            standby = nil
        case .failOver:
            primary = try PostgresServer(settings: [PostgresServer.synchronous])
            try await primary.start()
            let standby = try PostgresServer(standbyOf: primary)
            try await standby.start()
            try await primary.awaitStandby()
            self.standby = standby
        }
    }

    /// The connection string that a node keeps, whatever happens.
    var url: String { PostgresServer.url(of: [primary, standby].compactMap(\.self)) }

    func fail() async throws {
        primary.kill()
        guard let standby else { return try await primary.start() }
        try standby.promote()
    }

    func stop() {
        primary.stop()
        standby?.stop()
    }
}
