import AsyncHTTPClient
import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@Suite("The life of a refresh token, over HTTP")
struct RefreshTokenLifeTests {
    @Test(
        "each use brings a successor; a second use ends the family",
        .covers("RFC 6749 §6 replaced", "RFC 6749 §10.4 replay"),
        arguments: Door.allCases
    )
    func theft(door: Door) async throws {
        let test = try await TestServer()
        try await test.test(door) { caller in
            let first = try await caller.signIn()
            let answer = try await caller.refresh(first.refresh)
            answer.expectUncachedJSON()
            let second = try answer.tokens()
            #expect(second.refresh != first.refresh)
            let third = try await caller.refresh(second.refresh).tokens()

            try await caller.refresh(first.refresh).expectError("invalid_grant")
            let newest = try await caller.refresh(third.refresh)
            try newest.expectError("invalid_grant")
            #expect(try newest.member("error_description")?.contains("used twice") == true)
            let access = try await caller.introspect(third.access)
            #expect(access.text == #"{"active":false}"#)
        }
    }

    @Test(
        "a guessed, altered, truncated or foreign token ends nothing",
        .covers("RFC 6749 §6 invalid", "RFC 6749 §6 bound")
    )
    func harmless() async throws {
        try await TestServer().test { caller in
            let token = try await caller.signIn().refresh
            var altered = Array(token.utf8)
            altered[40] = altered[40] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            let guesses = [
                String(decoding: altered, as: UTF8.self), String(token.dropLast()), token + "A",
                "mrt_", " " + token, token.uppercased(), String(token.dropFirst(4)),
                token + "\u{0}",
            ]
            let foreign = try await caller.refresh(token, as: .other)
            try foreign.expectError("invalid_grant")
            for guess in guesses {
                let answer = try await caller.refresh(guess)
                #expect(answer.body == foreign.body)
            }
            #expect(try await caller.refresh(token).status == 200)
        }
    }

    @Test(
        "scope narrows the access token alone, and never widens",
        .covers(
            "RFC 6749 §6 scope-not-wider",
            "RFC 6749 §6 same-scope",
            "RFC 6749 §3.3 told-if-different"
        )
    )
    func scope() async throws {
        try await TestServer().test { caller in
            let token = try await caller.signIn().refresh
            let narrow = try await caller.submit([
                "grant_type": "refresh_token", "refresh_token": token, "scope": "read",
            ])
            #expect(try narrow.member("scope") == "read")
            let next = try narrow.tokens().refresh
            try await caller.submit([
                "grant_type": "refresh_token", "refresh_token": next, "scope": "read delete",
            ]).expectError("invalid_scope")
            let whole = try await caller.refresh(next)
            #expect(try whole.member("scope") == "read write")
        }
    }

    @Test("an idle session is over, and says so", .covers("RFC 6749 §6 invalid"))
    func idle() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let token = try await caller.signIn().refresh
            test.clock.advance(by: .days(15))
            let answer = try await caller.refresh(token)
            try answer.expectError("invalid_grant")
            #expect(try answer.member("error_description")?.contains("expired") == true)
        }
    }

    // MARK: - In parallel

    /// Presents one token from as many connections as there are uses.
    private func present(
        _ token: String,
        as client: KnownClient,
        times: Int,
        port: Int
    ) async throws -> [Answer] {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = times
        configuration.timeout.connect = .minutes(10)
        let http = HTTPClient(
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            configuration: configuration
        )
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/oauth/token")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: Form.contentType)
        request.headers.add(name: "Authorization", value: client.basic)
        request.body = .bytes(
            ByteBuffer(string: "grant_type=refresh_token&refresh_token=\(token)")
        )
        let answers = try await withThrowingTaskGroup { group in
            for _ in 0..<times {
                group.addTask { [request] in
                    let response = try await http.execute(request, timeout: .seconds(60))
                    let body = try await response.body.collect(upTo: 65_536)
                    return Answer(
                        status: Int(response.status.code),
                        headers: [:],
                        body: Array(body.readableBytesView)
                    )
                }
            }
            return try await group.reduce(into: [Answer]()) { $0.append($1) }
        }
        try await http.shutdown()
        return answers
    }

    @Test("20 parallel uses without overlap: at most one succeeds, and the family is then dead")
    func parallel() async throws {
        try await TestServer().test(.socket) { caller in
            let token = try await caller.signIn().refresh
            let answers = try await present(token, as: .app, times: 20, port: caller.port())
            let good = answers.filter { $0.status == 200 }
            #expect(good.count <= 1)
            #expect(answers.filter { $0.status == 400 }.count == 20 - good.count)
            for survivor in try [token] + good.map({ try $0.tokens().refresh }) {
                let answer = try await caller.refresh(survivor)
                try answer.expectError("invalid_grant")
                #expect(try answer.member("error_description")?.contains("used twice") == true)
            }
        }
    }

    @Test("20 parallel uses within an overlap: all get the same refresh token")
    func overlap() async throws {
        try await TestServer().test(.socket) { caller in
            let token = try await caller.signIn(as: .overlapping).refresh
            let answers = try await present(
                token,
                as: .overlapping,
                times: 20,
                port: caller.port()
            )
            #expect(answers.allSatisfy { $0.status == 200 })
            let successors = Set(try answers.map { try $0.tokens().refresh })
            #expect(successors.count == 1 && successors != [token])
            let successor = try #require(successors.first)
            #expect(try await caller.refresh(successor, as: .overlapping).status == 200)
        }
    }
}
