import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import MartletServer

@Suite("What is counted")
struct ServerMetricsTests {
    private static let tokens = "martlet_refresh_token"
    private static let checks = "martlet_password_checks_total"

    // MARK: - Through the real server

    @Test("rotations, and who got tokens by which grant", arguments: Door.allCases)
    func rotations(door: Door) async throws {
        let test = try await TestServer()
        try await test.test(door) { caller in
            var token = try await caller.signIn().refresh
            for _ in 0..<3 { token = try await caller.refresh(token).tokens().refresh }
            _ = try await caller.post(body: "grant_type=client_credentials")
            _ = try await caller.post(body: "grant_type=client_credentials&scope=never")
        }
        let told = ToldMetrics(test.metrics)
        #expect(told.counted(Self.tokens) == ["martlet_refresh_token_rotations_total": 3])
        #expect(
            told.counted("martlet_tokens_issued") == [
                #"martlet_tokens_issued_total{grant="password"}"#: 1,
                #"martlet_tokens_issued_total{grant="refresh_token"}"#: 3,
                #"martlet_tokens_issued_total{grant="client_credentials"}"#: 1,
            ]
        )
    }

    @Test("two uses at the same moment are reuse of the class parallel_use, once")
    func parallelUse() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let token = try await caller.signIn().refresh
            _ = try await caller.refresh(token)
            _ = try await caller.refresh(token)
        }
        #expect(
            ToldMetrics(test.metrics).counted(Self.tokens) == [
                "martlet_refresh_token_rotations_total": 1,
                #"martlet_refresh_token_reuse_total{class="parallel_use"}"#: 1,
            ]
        )
    }

    @Test("an old token is reuse of the class older_generation")
    func olderGeneration() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let first = try await caller.signIn().refresh
            let second = try await caller.refresh(first).tokens().refresh
            _ = try await caller.refresh(second)
            _ = try await caller.refresh(first)
        }
        #expect(
            ToldMetrics(test.metrics).counted(Self.tokens) == [
                "martlet_refresh_token_rotations_total": 2,
                #"martlet_refresh_token_reuse_total{class="older_generation"}"#: 1,
            ]
        )
    }

    @Test("a repeat is counted, and reuse after it is of the class after_repeat")
    func afterRepeat() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let token = try await caller.signIn(as: .overlapping).refresh
            _ = try await caller.refresh(token, as: .overlapping)
            _ = try await caller.refresh(token, as: .overlapping)
            test.clock.advance(by: .seconds(10))
            _ = try await caller.refresh(token, as: .overlapping)
        }
        #expect(
            ToldMetrics(test.metrics).counted(Self.tokens) == [
                "martlet_refresh_token_rotations_total": 1,
                "martlet_refresh_token_repeats_total": 1,
                #"martlet_refresh_token_reuse_total{class="after_repeat"}"#: 1,
            ]
        )
    }

    @Test(
        "after a session's end its newest token is refused; a superseded one is reuse beside that"
    )
    func afterTheEnd() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let first = try await caller.signIn().refresh
            let second = try await caller.refresh(first).tokens().refresh
            _ = try await caller.submit(["token": second], to: "/oauth/revoke")
            for _ in 0..<2 { _ = try await caller.refresh(second) }
            for _ in 0..<3 { _ = try await caller.refresh(first) }
        }
        #expect(
            ToldMetrics(test.metrics).counted(Self.tokens) == [
                "martlet_refresh_token_rotations_total": 1,
                #"martlet_refresh_token_refusals_total{reason="revoked_by_client"}"#: 5,
                "martlet_refresh_token_reuse_after_end_total": 3,
            ]
        )
    }

    @Test("what was never issued, what is another client's, and who does not prove who they are")
    func strangers() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let token = try await caller.signIn().refresh
            _ = try await caller.refresh("mrt_" + String(repeating: "A", count: 62))
            _ = try await caller.refresh(token, as: .other)
            _ = try await caller.refresh(token, as: .other)
            let wrong = KnownClient(id: "app", secret: "wrong", metadata: [:])
            _ = try await caller.refresh(token, as: wrong)
        }
        let told = ToldMetrics(test.metrics)
        #expect(
            told.counted(Self.tokens) == [
                "martlet_refresh_token_invalid_total": 1,
                "martlet_refresh_token_foreign_client_total": 2,
            ]
        )
        #expect(told["martlet_client_authentication_failures_total"] == 1)
    }

    @Test("passwords that were right, wrong, and not looked at any more")
    func passwords() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            // The first login has its password hashed anew, and starts over for it.
            _ = try await caller.signIn()
            let before = ToldMetrics(test.metrics)[#"\#(Self.checks){result="right"}"#] ?? 0
            _ = try await caller.signIn()
            let after = ToldMetrics(test.metrics)[#"\#(Self.checks){result="right"}"#]
            #expect(before > 0 && after == before + 1)
            for _ in 0..<5 {
                _ = try await caller.submit([
                    "grant_type": "password", "username": TestServer.username, "password": "wrong",
                ])
            }
        }
        let told = ToldMetrics(test.metrics)
        #expect(told[#"\#(Self.checks){result="wrong"}"#] == 3)
        #expect(told[#"\#(Self.checks){result="limited"}"#] == 2)
    }

    @Test("nothing that a request brings becomes part of what is told")
    func noStrangersWords() async throws {
        let test = try await TestServer()
        let word = "stranger"
        try await test.test { caller in
            _ = try await caller.get("/\(word)?\(word)=\(word)")
            let client = KnownClient(id: word, secret: word, metadata: [:])
            _ = try await caller.submit(
                ["grant_type": "\(word)", "username": "\(word)", "password": "\(word)"],
                as: client
            )
            _ = try await caller.submit(
                ["grant_type": "password", "username": "\(word)", "password": "\(word)"]
            )
        }
        let text = PrometheusText(test.metrics.registry.read()).text
        #expect(!text.contains(word))
        #expect(!text.contains(TestServer.username) && !text.contains(#""app""#))
    }

    // MARK: - Each notice

    private static func notices() throws -> [(AuthorizationServer.Notice, [String])] {
        let id = try #require(FamilyID(7))
        return [
            (.sessionMade(id), []), (.sessionEnded(id, .revokedByClient), []),
            (.rotated(id), ["martlet_refresh_token_rotations_total"]),
            (.repeated(id), ["martlet_refresh_token_repeats_total"]),
            (
                .refused(id, .idle),
                [#"martlet_refresh_token_refusals_total{reason="idle"}"#]
            ),
            (
                .reuseAfterEnd(id, .reuse),
                [
                    "martlet_refresh_token_reuse_after_end_total",
                    #"martlet_refresh_token_refusals_total{reason="reuse"}"#,
                ]
            ),
            (.aheadOfState(id), ["martlet_refresh_token_ahead_total"]),
            (.codeUsedTwice(id), ["martlet_codes_used_twice_total"]),
            (.badRefreshToken, ["martlet_refresh_token_invalid_total"]),
            (.foreignRefreshToken(id), ["martlet_refresh_token_foreign_client_total"]),
            (
                .clientAuthenticationFailed(ClientID(rawValue: "x")),
                ["martlet_client_authentication_failures_total"]
            ),
            (.registrationLimited, [#"martlet_limited_total{limit="registrations"}"#]),
            (.devicesLimited, [#"martlet_limited_total{limit="devices"}"#]),
            (.userCodesLimited, [#"martlet_limited_total{limit="user_codes"}"#]),
            (.signInFailed, [#"martlet_password_checks_total{result="wrong"}"#]),
            (.signInSucceeded, [#"martlet_password_checks_total{result="right"}"#]),
            (
                .signInLimited(address: "192.0.2.1"),
                [#"martlet_password_checks_total{result="limited"}"#]
            ),
            (.issued(.deviceCode), [#"martlet_tokens_issued_total{grant="device_code"}"#]),
        ]
            + Rotation.Reuse.allCases.map { kind in
                (
                    .reuse(id, kind),
                    [#"martlet_refresh_token_reuse_total{class="\#(kind.rawValue)"}"#]
                )
            }
    }

    @Test("each thing that the core notices is counted once, where it belongs")
    func eachNotice() throws {
        for (notice, series) in try Self.notices() {
            let metrics = ServerMetrics(version: "test", start: Instant(seconds: 0))
            ServerLog(RecordedLog().logger, metrics: metrics).notice(notice)
            let told = ToldMetrics(metrics).counted("martlet_")
            #expect(told == Dictionary(uniqueKeysWithValues: series.map { ($0, 1) }), "\(notice)")
        }
    }

    // MARK: - What is not noticed by the core

    @Test("a batch of the store falls into the histograms of its size and its times")
    func batches() {
        let metrics = ServerMetrics(version: "test", start: Instant(seconds: 0))
        metrics.count(
            CommittedBatch(writes: 60, duration: .milliseconds(3), commit: .microseconds(200))
        )
        metrics.observeStore { 17 }
        let told = ToldMetrics(metrics)
        #expect(told[#"martlet_store_batch_writes_bucket{le="32.0"}"#] == 0)
        #expect(told[#"martlet_store_batch_writes_bucket{le="64.0"}"#] == 1)
        #expect(told["martlet_store_batch_writes_sum"] == 60)
        #expect(told["martlet_store_batch_duration_seconds_sum"] == 0.003)
        #expect(told["martlet_store_commit_duration_seconds_sum"] == 0.0002)
        #expect(told["martlet_store_writes_waiting"] == 17)
    }

    @Test("housekeeping tells what it removed, and that it failed")
    func housekeeping() async throws {
        let test = try await TestServer()
        let log = ServerLog(test.log.logger, metrics: test.metrics)
        try await test.test { caller in
            for _ in 0..<2 { _ = try await caller.signIn() }
        }
        test.clock.advance(by: .days(60))
        let service = HousekeepingService(server: test.server, log: log)
        #expect(await service.round(Housekeeping(storage: test.storage)) == false)
        test.storage.fail(with: .unavailable("x"))
        #expect(await service.round(Housekeeping(storage: test.storage)) == false)
        #expect(
            ToldMetrics(test.metrics).counted("martlet_housekeeping") == [
                #"martlet_housekeeping_removed_total{kind="families"}"#: 2,
                "martlet_housekeeping_failures_total": 1,
            ]
        )
    }

    @Test("passwords that are hashed or wait for it are told, and none when all is done")
    func hashing() async throws {
        let test = try await TestServer()
        test.metrics.observeHashing(of: test.server)
        let name = #"martlet_password_hashing{queue="passwords",state="#
        async let hashed = withTaskGroup { group in
            for _ in 0..<12 {
                group.addTask {
                    _ = try? await test.server.passwords.hash(
                        Secret("x"),
                        salt: [UInt8](repeating: 1, count: 16)
                    )
                }
            }
        }
        var seen: [(running: Double?, waiting: Double?)] = []
        while seen.last?.waiting ?? 0 < 5, seen.count < 1_000_000 {
            let told = ToldMetrics(test.metrics)
            seen.append((told[name + #""running"}"#], told[name + #""waiting"}"#]))
            await Task.yield()
        }
        #expect(seen.last?.waiting ?? 0 >= 5)
        #expect(seen.allSatisfy { $0.running ?? 9 <= 2 })
        await hashed
        let told = ToldMetrics(test.metrics)
        #expect(told[name + #""running"}"#] == 0 && told[name + #""waiting"}"#] == 0)
    }

    @Test("the process tells its version, start, memory, processor time and files")
    func process() throws {
        let metrics = ServerMetrics(version: "1.2.3", start: Instant(microseconds: 1_500_000))
        let told = ToldMetrics(metrics)
        #expect(told[#"martlet_build_info{version="1.2.3"}"#] == 1)
        #expect(told["process_start_time_seconds"] == 1.5)
        let processor = try #require(told["process_cpu_seconds_total"])
        #expect(processor > 0)
        let limit = try #require(told["process_max_fds"])
        #expect(limit > 0)
        #if os(Linux)
            let memory = try #require(told["process_resident_memory_bytes"])
            #expect(memory > 1_000_000)
            let files = try #require(told["process_open_fds"])
            #expect(files > 2 && files <= limit)
        #endif
    }
}
