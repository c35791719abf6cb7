import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// A connection that speaks HTTP/1.1, with TLS underneath or without.
struct PlainChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    /// Of one request's headers; the longest authorization request is a tenth of that.
    static let headers = 80 * 1024
    /// Browsers send twenty.
    static let headerCount = 1000

    let answers: Answers
    let idleTimeout: TimeAmount

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try addHandlers(to: channel, logger)
            return Value(channel: channel)
        }
    }

    func addHandlers(to channel: any Channel, _ logger: Logger) throws {
        let pipeline = channel.pipeline.syncOperations
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = Self.headers
        limits.maxHeaderListSize = Self.headers
        limits.maxHeaderFieldCount = Self.headerCount
        try pipeline.addHandlers([
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits)),
            RequestHandler(answers, by: .connection(idle: idleTimeout), on: channel.eventLoop),
        ])
    }

    /// The connection answers by itself; here it is only waited for.
    func handle(value: Value, logger: Logger) async {
        await value.channel.end()
    }
}

extension Channel {
    /// Waits until it is closed, and closes it when the server is done waiting.
    func end() async {
        await withTaskCancellationHandler {
            // A channel's future of its end does not fail.
            try? await closeFuture.get()
        } onCancel: {
            close(promise: nil)
        }
    }
}
