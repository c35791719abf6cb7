import NIOCore
import NIOHTTP2
import NIOTLS

/// Closes a connection whose TLS handshake is not done in time: until then nothing else watches it.
final class HandshakeDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    /// Three round trips by satellite and a slow machine; a handshake is two.
    static let patience: TimeAmount = .seconds(10)

    private var end: Scheduled<Void>?

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        end = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end?.cancel()
        end = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            context.fireUserInboundEventTriggered(event)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        case is ChannelShouldQuiesceEvent, ChannelEvent.inputClosed:
            // The server stops, or the client has left, and nothing has been asked yet.
            context.close(promise: nil)
        case _: context.fireUserInboundEventTriggered(event)
        }
    }
}

/// Ends an HTTP/2 connection when its client has left, fallen silent or broken the protocol.
final class ConnectionEnd: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is IdleStateHandler.IdleStateEvent, ChannelEvent.inputClosed:
            context.close(promise: nil)
        case _: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What is wrong with one stream ends that one.
        guard !(error is NIOHTTP2Errors.StreamError) else { return }
        context.close(promise: nil)
    }
}
