import HummingbirdTesting
import MartletCore
import MartletProtocol
import MartletServer
import MartletTesting
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import Testing

@Suite("HTTP/2 gives no way to have work done for nothing", .timeLimit(.minutes(1)))
struct HTTP2FloodTests {
    /// More frames of any kind than the server takes in its window of time.
    private static let flood = 400

    /// Sends frames as a client would that has lost all manners, and waits until the server has
    /// hung up.
    private func send(
        _ frames: @escaping @Sendable (Int) -> [HTTP2Frame]
    ) async throws {
        let made = try SelfSignedCertificate()
        var test = try await TestServer()
        test.certificate = CurrentCertificate(
            try ServerCertificate(
                chain: Array(made.chain.utf8),
                key: .init(made.key),
                at: Surroundings.wallClock
            )
        )
        let server = test
        try await server.app.test(.live) { client in
            let channel = try await connect(to: try #require(client.port))
            try await channel.eventLoop.submit {
                for count in 0..<Self.flood {
                    for frame in frames(count) { channel.write(frame, promise: nil) }
                }
                channel.flush()
            }.get()
            try await channel.closeFuture.get()
        }
        #expect(!server.log.lines.contains { $0.hasPrefix("error") || $0.hasPrefix("critical") })
    }

    private func connect(to port: Int) async throws -> any Channel {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        tls.applicationProtocols = ["h2"]
        let context = try NIOSSLContext(configuration: tls)
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        NIOSSLClientHandler(context: context, serverHostname: "localhost"),
                        NIOHTTP2Handler(mode: .client), Deaf(),
                    ])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    @Test("a client that takes its requests back as fast as it makes them is cut off")
    func rapidReset() async throws {
        try await send { count in
            let stream = HTTP2StreamID(2 * count + 1)
            let headers: HPACKHeaders = [
                ":method": "GET", ":scheme": "https", ":authority": "localhost",
                ":path": "/healthz",
            ]
            return [
                HTTP2Frame(streamID: stream, payload: .headers(.init(headers: headers))),
                HTTP2Frame(streamID: stream, payload: .rstStream(.cancel)),
            ]
        }
    }

    @Test("a client that floods the connection with pings is cut off")
    func pings() async throws {
        try await send { count in
            let data = HTTP2PingData(withInteger: UInt64(count))
            return [HTTP2Frame(streamID: .rootStream, payload: .ping(data, ack: false))]
        }
    }
}

/// Reads and hears nothing.
private final class Deaf: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
