import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP2
import NIOSSL

/// A connection by TLS that speaks HTTP/2 or HTTP/1.1, as the client and the server agree in the
/// handshake (RFC 7301).
///
/// The framework has one too. This one takes the certificate that is current when a connection
/// begins, closes a connection whose client is silent during the handshake or afterwards, and has
/// the limits of HTTP/2 below.
struct SecureChannel: ServerChildChannel {
    typealias Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<HTTP1Channel.Value>

    /// A connection that is not agreed upon yet.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let agreed: EventLoopFuture<NIONegotiatedHTTPVersion<HTTP1Channel.Value, Streams>>
    }

    let certificate: CurrentCertificate
    /// What answers requests, of either version.
    let http1: HTTP1Channel
    let limits: HTTP2Limits
    let openStreams: OpenStreams

    init(
        certificate: CurrentCertificate,
        idleTimeout: TimeAmount,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        self.certificate = certificate
        http1 = HTTP1Channel(
            responder: responder,
            configuration: .init(idleTimeout: idleTimeout)
        )
        limits = HTTP2Limits(idleTimeout: idleTimeout)
        openStreams = OpenStreams(atMost: HTTP2Limits.streamsOfServer)
    }

    // MARK: - Setting up

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers([
                NIOSSLServerHandler(context: certificate.context), HandshakeDeadline(),
            ])
        }.flatMap {
            channel.configureHTTP2AsyncSecureUpgrade { channel in
                http1.setup(channel: channel, logger: logger)
            } http2ConnectionInitializer: { channel in
                channel.eventLoop.makeCompletedFuture { try streams(on: channel, logger) }
            }
        }.map { Value(channel: channel, agreed: $0) }
    }

    private func streams(on channel: any Channel, _ logger: Logger) throws -> Streams {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            IdleStateHandler(readTimeout: limits.silence), ConnectionEnd(),
        ])
        let streams = try pipeline.configureAsyncHTTP2Pipeline(
            mode: .server,
            connectionManagerConfiguration: limits.lifetime,
            http2HandlerConfiguration: HTTP2Limits.configuration
        ) { stream in
            stream.eventLoop.makeCompletedFuture { try request(on: stream, logger) }
        }
        try pipeline.addHandler(ConnectionEnd())
        return streams
    }

    /// One stream is one request and its answer.
    private func request(on stream: any Channel, _ logger: Logger) throws -> HTTP1Channel.Value {
        try openStreams.add(stream)
        try stream.pipeline.syncOperations.addHandlers([
            HTTP2FramePayloadToHTTPServerCodec(), ConnectionHeaders(),
            HTTPConnectionStateHandler(
                idleTimeout: .nanoseconds(limits.idleTimeout.nanoseconds),
                logger: logger
            ),
        ])
        return try HTTP1Channel.Value(wrappingChannelSynchronously: stream)
    }

    // MARK: - Answering

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.agreed.get() {
            case .http1_1(let connection):
                await http1.handle(value: connection, logger: logger)
            case .http2(let streams):
                try await answer(streams, on: value.channel, logger)
            }
        } catch {
            // A port scan, a client that does not trust the certificate, a broken line.
            logger.debug("a connection by TLS ended", metadata: ["error": "\(error)"])
        }
    }

    private func answer(
        _ streams: Streams,
        on channel: any Channel,
        _ logger: Logger
    ) async throws {
        try await withTaskCancellationHandler {
            try await withThrowingDiscardingTaskGroup { group in
                for try await stream in streams.inbound {
                    group.addTask { await http1.handle(value: stream, logger: logger) }
                }
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
