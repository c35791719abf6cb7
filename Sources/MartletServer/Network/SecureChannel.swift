import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP2
import NIOSSL

/// A connection by TLS that speaks HTTP/2 or HTTP/1.1, as the client and the server agree in the
/// handshake (RFC 7301).
///
/// The framework has one too. This one takes the certificate that is current when a connection
/// begins, closes a connection whose client is silent during the handshake or afterwards, and has
/// the limits of HTTP/2 below.
struct SecureChannel: ServerChildChannel {
    typealias Streams = NIOHTTP2Handler.AsyncStreamMultiplexer<Void>

    /// A connection that is not agreed upon yet.
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let agreed: EventLoopFuture<NIONegotiatedHTTPVersion<Void, Streams>>
    }

    let certificate: CurrentCertificate
    let http1: PlainChannel
    let limits: HTTP2Limits
    let openStreams: OpenStreams

    init(
        certificate: CurrentCertificate,
        idleTimeout: TimeAmount,
        answers: Answers
    ) {
        self.certificate = certificate
        http1 = PlainChannel(answers: answers, idleTimeout: idleTimeout)
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
                channel.eventLoop.makeCompletedFuture {
                    try http1.addHandlers(to: channel, logger)
                }
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
    private func request(on stream: any Channel, _ logger: Logger) throws {
        try openStreams.add(stream)
        try stream.pipeline.syncOperations.addHandlers([
            HTTP2FramePayloadToHTTP1ServerCodec(),
            RequestHandler(http1.answers, by: .stream, on: stream.eventLoop),
        ])
    }

    // MARK: - Being there

    /// The requests are answered by the streams themselves, or by the connection where there are
    /// none; here they are only waited for.
    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.agreed.get() {
            case .http1_1: break
            case .http2(let streams):
                for try await _ in streams.inbound {}
            }
        } catch {
            // A port scan, a client that does not trust the certificate, a broken line.
            logger.debug("a connection by TLS ended", metadata: ["error": "\(error)"])
        }
        await value.channel.end()
    }
}
