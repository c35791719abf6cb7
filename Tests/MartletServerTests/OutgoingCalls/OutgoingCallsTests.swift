import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import NIOCore
import NIOSSL
import Synchronization
import Testing

@testable import MartletServer

@Suite("Calls to others")
struct OutgoingCallsTests {
    private static let form = [(name: "logout_token", value: "a+b/c =")]

    private func addresses(_ texts: String...) throws -> [IPAddress] {
        try texts.map { try #require(IPAddress($0)) }
    }

    @Test(
        "a form arrives as it was sent",
        .covers("Back-Channel Logout §2.5 request")
    )
    func posts() async throws {
        try await Receiver.run(answering: [.noContent]) { receiver, port in
            let status = try await OutgoingCalls.unhurried()
                .post(Self.form, to: "http://127.0.0.1:\(port)/backchannel", reach: .ownNetwork)
            #expect(status == 204)
            #expect(try await receiver.next().one("logout_token") == "a+b/c =")
        }
    }

    @Test("the connection goes to the address that was checked; the name is resolved once")
    func resolvedOnce() async throws {
        try await Receiver.run { receiver, port in
            let asked = Mutex<[String]>([])
            let local = try addresses("127.0.0.1")
            let calls = OutgoingCalls.unhurried { host in
                // The next answer would be another one, if anybody asked again.
                asked.withLock { $0.append(host) }
                return local
            }
            let uri = "http://rebinding.example.invalid:\(port)/backchannel"
            #expect(try await calls.post(Self.form, to: uri, reach: .ownNetwork) == 200)
            #expect(asked.withLock { $0 } == ["rebinding.example.invalid"])
            #expect(receiver.paths == ["/backchannel"])
        }
    }

    @Test("a name with one address that is not called is not called at all")
    func mixed() async throws {
        for forbidden in ["10.0.0.1", "127.0.0.1", "::1", "169.254.169.254", "fe80::1"] {
            let found = try addresses("93.184.216.34", forbidden)
            let calls = OutgoingCalls.unhurried { _ in found }
            await #expect(throws: OutgoingCalls.Failure.forbiddenAddress) {
                try await calls.post(Self.form, to: "https://a.example/", reach: .internet)
            }
        }
    }

    @Test(
        "whatever spelling an address hides in, it is checked before anything is sent",
        arguments: [
            "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
            "https://017700000001/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
            "https://localhost/", "https://LOCALHOST/", "https://0.0.0.0/", "https://[::]/",
            "https://169.254.169.254/latest/meta-data", "https://10.0.0.1/",
            "https://[fe80::1]/", "http://127.0.0.1/", "http://8.8.8.8/",
        ]
    )
    func spellings(uri: String) async {
        await #expect(throws: OutgoingCalls.Failure.self) {
            try await OutgoingCalls.unhurried().post(Self.form, to: uri, reach: .internet)
        }
        await #expect(throws: OutgoingCalls.Failure.forbiddenAddress) {
            try await OutgoingCalls.unhurried().post(Self.form, to: uri, reach: .internet)
        }
    }

    @Test(
        "what is no https or http URL is not called",
        arguments: [
            "", "ftp://a.example/", "file:///etc/passwd", "unix:///run/x", "http+unix://%2Frun/",
            "https:///", "https://user@a.example/", "https://a.example\\@b.example/", "//a.example",
            "https://a b/",
        ]
    )
    func badURLs(uri: String) async {
        await #expect(throws: OutgoingCalls.Failure.badURL) {
            try await OutgoingCalls.unhurried().post(Self.form, to: uri, reach: .ownNetwork)
        }
    }

    @Test("a redirect is an answer, and not followed")
    func redirects() async throws {
        try await Receiver.run(answering: [.temporaryRedirect]) { receiver, port in
            let status = try await OutgoingCalls.unhurried()
                .post(Self.form, to: "http://127.0.0.1:\(port)/backchannel", reach: .ownNetwork)
            #expect(status == 307)
            #expect(receiver.paths == ["/backchannel"])
        }
    }

    @Test("who does not answer is not waited for")
    func hanging() async throws {
        try await Receiver.hanging { port in
            let calls = OutgoingCalls(patience: .milliseconds(200))
            await #expect(throws: OutgoingCalls.Failure.self) {
                try await calls.post(
                    Self.form,
                    to: "http://127.0.0.1:\(port)/",
                    reach: .ownNetwork
                )
            }
        }
    }

    @Test("of several addresses the next is tried when one takes no connection")
    func several() async throws {
        try await Receiver.run { _, port in
            let found = try addresses("127.0.0.2", "127.0.0.1")
            let calls = OutgoingCalls.unhurried { _ in found }
            let uri = "http://app.example.invalid:\(port)/backchannel"
            #expect(try await calls.post(Self.form, to: uri, reach: .ownNetwork) == 200)
        }
    }

    @Test("with TLS the certificate has to be the name's, wherever the connection goes")
    func certificates() async throws {
        // Without the address: the library would take that for the name.
        let certificate = try SelfSignedCertificate(names: "DNS:localhost")
        let roots = NIOSSLTrustRoots.certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8))
        )
        try await Receiver.run(certificate: certificate) { receiver, port in
            let local = try addresses("127.0.0.1")
            let calls = OutgoingCalls.unhurried(trustRoots: roots) { _ in local }
            func post(_ host: String, _ calls: OutgoingCalls) async throws -> Int {
                try await calls.post(
                    Self.form,
                    to: "https://\(host):\(port)/backchannel",
                    reach: .ownNetwork
                )
            }
            #expect(try await post("localhost", calls) == 200)
            for (host, calls) in [
                ("other.example", calls), ("localhost", OutgoingCalls.unhurried { _ in local }),
            ] {
                await #expect(throws: OutgoingCalls.Failure.self) { try await post(host, calls) }
            }
            #expect(receiver.paths == ["/backchannel"])
        }
    }

    @Test("too many calls at a time are refused, and there is room again afterwards")
    func bounded() async throws {
        let (stream, release) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate(stream)
        let calls = OutgoingCalls.unhurried { _ in
            begin.yield()
            await gate.wait()
            return []
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<OutgoingCalls.maximumConcurrent {
                group.addTask {
                    _ = try? await calls.post([], to: "https://a.example/", reach: .internet)
                }
            }
            var started = begun.makeAsyncIterator()
            for _ in 0..<OutgoingCalls.maximumConcurrent { await started.next() }
            await #expect(throws: OutgoingCalls.Failure.busy) {
                try await calls.post([], to: "https://a.example/", reach: .internet)
            }
            release.finish()
        }
        await #expect(throws: OutgoingCalls.Failure.unknownHost) {
            try await calls.post([], to: "https://a.example/", reach: .internet)
        }
    }
}

/// Closed until a stream ends; any number wait.
private actor Gate {
    private let opened: Task<Void, Never>

    init(_ stream: AsyncStream<Void>) {
        opened = Task { for await _ in stream {} }
    }

    func wait() async { await opened.value }
}

extension OutgoingCalls {
    /// Waits as long as a busy machine takes, where an answer is certain to come.
    static func unhurried(
        trustRoots: NIOSSLTrustRoots = .default,
        resolve: @escaping Resolver = NameResolution.addresses
    ) -> OutgoingCalls {
        OutgoingCalls(
            trustRoots: trustRoots,
            patience: .minutes(10),
            connectPatience: .minutes(10),
            resolve: resolve
        )
    }
}
