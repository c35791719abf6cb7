import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletProtocol
import MartletServer
import MartletTesting
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Somebody else's server, which is told of logouts and answers as the test says.
final class Receiver: Sendable {
    /// The statuses of its answers in their order; the last one for all that come after.
    private let statuses: Mutex<[HTTPResponse.Status]>
    private let arrivals: AsyncStream<FormParameters>
    private let arrived: AsyncStream<FormParameters>.Continuation
    private let seen = Mutex<[String]>([])

    private init(_ statuses: [HTTPResponse.Status]) {
        self.statuses = Mutex(statuses)
        (arrivals, arrived) = AsyncStream.makeStream()
    }

    /// The paths that were asked for.
    var paths: [String] { seen.withLock { $0 } }

    /// The next form that comes in, or came in unread.
    func next() async throws -> FormParameters {
        var iterator = arrivals.makeAsyncIterator()
        return try #require(await iterator.next())
    }

    /// Runs a test against a receiver at `/backchannel` of a port of this machine.
    static func run(
        answering statuses: [HTTPResponse.Status] = [.ok],
        certificate: SelfSignedCertificate? = nil,
        _ body: @Sendable (Receiver, _ port: Int) async throws -> Void
    ) async throws {
        let receiver = Receiver(statuses)
        var host = try await TestServer()
        if let certificate {
            host.certificate = CurrentCertificate(
                try ServerCertificate(
                    chain: Array(certificate.chain.utf8),
                    key: .init(certificate.key),
                    at: Surroundings.wallClock
                )
            )
        }
        let app = host.app { router in
            router.post("/backchannel") { request, _ in try await receiver.answer(request) }
            router.get("/elsewhere") { request, _ in try await receiver.answer(request) }
            router.post("/elsewhere") { request, _ in try await receiver.answer(request) }
        }
        try await app.test(.live) { client in
            try await body(receiver, try #require(client.port))
        }
    }

    private func answer(_ request: Request) async throws -> Response {
        let bytes = try await request.body.collect(upTo: 64 * 1024)
        seen.withLock { $0.append(request.uri.path) }
        arrived.yield(try FormParameters(parsing: Array(bytes.readableBytesView)))
        let status = statuses.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? .ok }
        return Response(status: status, headers: [.location: "/elsewhere"])
    }

    /// Runs a test against a port that takes connections and never says a word.
    static func hanging(_ body: @Sendable (_ port: Int) async throws -> Void) async throws {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(try #require(channel.localAddress?.port))
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }
}
