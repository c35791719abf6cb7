import HTTPTypes
import MartletCore
import Testing

@testable import MartletServer

@Suite("Behind a trusted proxy the client's address counts")
struct ClientAddressTests {
    private func world(trusting ranges: [String]) async throws -> TestServer {
        var test = try await TestServer()
        test.proxies = TrustedProxies(try ranges.map { try #require(AddressRange($0)) })
        return test
    }

    private func signIn(
        _ caller: Caller,
        _ headers: [String: String],
        password: String = TestServer.password
    ) async throws -> Int {
        var fields = HTTPFields()
        for (name, value) in headers {
            fields.append(.init(name: try #require(.init(name)), value: value))
        }
        return try await caller.post(
            body: "grant_type=password&username=\(TestServer.username)&password=\(password)",
            headers: fields
        ).status
    }

    private func addresses(_ test: TestServer) async throws -> [String] {
        try await test.storage.list(of: .all, before: nil, limit: 10)
            .compactMap { $0.family?.authorized.origin.address }
    }

    @Test(
        "a session notes where its client is, not its proxy",
        arguments: [
            ("X-Forwarded-For", "6.6.6.6, 192.0.2.1"), ("Forwarded", "for=192.0.2.1;proto=https"),
        ]
    )
    func noted(header: String, value: String) async throws {
        let test = try await world(trusting: ["127.0.0.1"])
        try await test.test(.socket) { caller in
            let status = try await signIn(caller, [header: value])
            #expect(status == 200)
        }
        #expect(try await addresses(test) == ["192.0.2.1"])
    }

    @Test(
        "the headers of strangers are ignored",
        arguments: [[], ["10.0.0.0/8"], ["2001:db8::/32"]]
    )
    func ignored(trusted: [String]) async throws {
        let test = try await world(trusting: trusted)
        try await test.test(.socket) { caller in
            let headers = ["X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1"]
            let status = try await signIn(caller, headers)
            #expect(status == 200)
        }
        #expect(try await addresses(test) == ["127.0.0.1"])
    }

    @Test("each client behind a proxy has its own share of failed attempts")
    func limited() async throws {
        let test = try await world(trusting: ["127.0.0.1"])
        try await test.test(.socket) { caller in
            for _ in 0..<3 {
                let status = try await signIn(
                    caller,
                    ["X-Forwarded-For": "192.0.2.1"],
                    password: "wrong"
                )
                #expect(status == 400)
            }
            #expect(try await signIn(caller, ["X-Forwarded-For": "192.0.2.1"]) == 400)
            // What the client wrote itself gives it no further attempts.
            #expect(try await signIn(caller, ["X-Forwarded-For": "9.9.9.9, 192.0.2.1"]) == 400)
            #expect(try await signIn(caller, ["X-Forwarded-For": "192.0.2.2"]) == 200)
        }
    }
}
