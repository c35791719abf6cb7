import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// The door: reads the requests of one connection (HTTP/1.1) or stream (HTTP/2), whole and one
/// after another, has them answered, and writes the answers.
///
/// It decides nothing about what is asked; every request goes to the one router. The framework has
/// such a part too, which hands each connection to a task that reads its parts as a sequence. This
/// one collects the body where it arrives and starts a task only then, on the spot and on the
/// connection's own event loop: measured, half of the time of a refresh went into those hops
/// (`docs/performance.md`).
///
/// A request's body is bounded in length and in time. One that is too long is read to its end and
/// thrown away, so that the connection can go on with the next request. There is an end to that
/// too: past ``maximumDiscarded`` bytes, or when it has not arrived within ``patience``, the
/// connection is closed.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How much of a body that is refused already is still listened to.
    static let maximumDiscarded = 1024 * 1024
    /// How long a body that has begun may take; the slowest phone sends 64 KiB in less.
    static let patience: TimeAmount = .seconds(20)
    /// How long an answer gets to leave before the connection of an endless body is closed.
    static let farewell: TimeAmount = .seconds(1)

    /// What the requests come by.
    enum Way {
        /// A connection, which one answer may be the last of.
        case connection
        /// A stream for this one request, which ends with its answer.
        case stream
    }

    private enum State {
        /// Nothing is asked.
        case waiting
        case receiving(HTTPRequest)
        /// The router has the request. What comes after it waits until the answer is out.
        case answering
        /// The connection is about to be closed; what still comes in is not looked at.
        case leaving
    }

    private let answers: Answers
    private let way: Way
    private let executor: EventLoopExecutor
    private var state = State.waiting
    private var body = ByteBuffer()
    /// Of the body, as it came; ``body`` holds no more than is ever looked at.
    private var length = 0
    /// Runs while a body is awaited.
    private var deadline: Scheduled<Void>?
    /// Whether the connection ends with the answer to the present request.
    private var isLast = false
    /// What came after the request that is being answered. It is bounded by what one reading of the
    /// socket brings: with anything in it, nothing more is read.
    private var waiting = CircularBuffer<HTTPRequestPart>()
    private var readIsHeldBack = false
    /// Whether the client sends no more.
    private var inputIsClosed = false
    private var inputIsBroken = false
    private var context: ChannelHandlerContext?

    /// - Parameter eventLoop: the channel's.
    init(_ answers: Answers, by way: Way = .connection, on eventLoop: any EventLoop) {
        self.answers = answers
        self.way = way
        executor = EventLoopExecutor(eventLoop)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopWaiting()
        self.context = nil
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .answering = state {
            waiting.append(part)
        } else {
            take(part, context)
        }
    }

    private func take(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .waiting):
            state = .receiving(head)
            isLast = head.asksToClose
        case (.body(let chunk), .receiving(let head)):
            take(chunk)
            if length > Self.maximumDiscarded {
                isLast = true
                answer(head, context)
            }
        case (.end, .receiving(let head)): answer(head, context)
        case (.head, .receiving), (.body, .waiting), (.end, .waiting), (_, .answering),
            (_, .leaving):
            // The codec keeps the order; this is the rest of what is not listened to any more.
            break
        }
    }

    /// Reads on only when there is nothing left to do: a client that sends faster than it is
    /// answered is held back by its own connection.
    func read(context: ChannelHandlerContext) {
        if waiting.isEmpty { context.read() } else { readIsHeldBack = true }
    }

    /// Goes on with what came meanwhile.
    private func resume(_ context: ChannelHandlerContext) {
        while case .waiting = state, let part = waiting.popFirst() { take(part, context) }
        if case .receiving = state { watch(context) }
        if waiting.isEmpty, readIsHeldBack {
            readIsHeldBack = false
            context.read()
        }
        if case .answering = state { return }
        if inputIsBroken { refuse(context) } else if inputIsClosed { inputClosed(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies arrive in one piece and need no clock.
        if case .receiving = state { watch(context) }
        context.fireChannelReadComplete()
    }

    private func watch(_ context: ChannelHandlerContext) {
        guard deadline == nil else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
            context.close(promise: nil)
        }
    }

    private func take(_ chunk: ByteBuffer) {
        length += chunk.readableBytes
        if body.readableBytes == 0 {
            body = chunk
        } else if body.readableBytes <= FormBody.maximum {
            body.writeImmutableBuffer(chunk)
        }
    }

    private func stopWaiting() {
        deadline?.cancel()
        deadline = nil
    }

    // MARK: - Answering

    private func answer(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        stopWaiting()
        let request = Request(head: head, body: .init(buffer: body))
        state = .answering
        body = ByteBuffer()
        let wasHeard = length <= Self.maximumDiscarded
        length = 0
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        let channel = context.channel
        start { [answers] in
            var response = await answers.answer(request, on: channel)
            if connection.value.isLast { response.headers[.connection] = "close" }
            await connection.value.write(response)
            connection.value.finished(response, wasHeard: wasHeard)
        }
    }

    /// Runs until the request waits for something, before this returns.
    private func start(_ story: @escaping @concurrent @Sendable () async -> Void) {
        if #available(macOS 26.0, *) {
            Task.immediate(executorPreference: executor, operation: story)
        } else {
            Task(executorPreference: executor, operation: story)
        }
    }

    private func write(_ response: Response) async {
        guard let context else { return }
        context.write(wrapOutboundOut(.head(response.head)), promise: nil)
        let writer = BodyWriter(
            handler: NIOLoopBound(self, eventLoop: context.eventLoop),
            channel: context.channel
        )
        do {
            try await response.body.write(writer)
        } catch {
            // An answer that broke off must not look like a whole one.
            self.context?.close(promise: nil)
        }
    }

    private func finished(_ response: Response, wasHeard: Bool) {
        guard let context else { return }
        guard way == .connection, response.headers[.connection] == "close" else {
            state = .waiting
            return resume(context)
        }
        state = .leaving
        waiting.removeAll()
        // Who still sends would not read the answer if the connection were gone at once (RFC 9112
        // §9.6): what the client says is heard until it leaves, or for a while.
        context.close(mode: .output, promise: nil)
        guard !wasHeard else { return }
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.farewell) {
            context.close(promise: nil)
        }
    }

    /// Writes the body of an answer into the connection that asked.
    private struct BodyWriter: ResponseBodyWriter {
        let handler: NIOLoopBound<RequestHandler>
        let channel: any Channel

        mutating func write(_ buffer: ByteBuffer) async throws {
            guard let context = handler.value.context else { throw ChannelError.ioOnClosedChannel }
            let part = HTTPResponsePart.body(buffer)
            // A reader that is slower than we are sets the pace.
            guard channel.isWritable else { return try await channel.writeAndFlush(part) }
            context.write(handler.value.wrapOutboundOut(part), promise: nil)
        }

        consuming func finish(_ trailers: HTTPFields?) async throws {
            guard let context = handler.value.context else { throw ChannelError.ioOnClosedChannel }
            context.writeAndFlush(handler.value.wrapOutboundOut(.end(trailers)), promise: nil)
        }
    }

    // MARK: - Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputIsClosed = true
            inputClosed(context)
        case _: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client sends no more, but may still listen to the answers to what it asked.
    private func inputClosed(_ context: ChannelHandlerContext) {
        guard case .answering = state else { return context.close(promise: nil) }
        if waiting.isEmpty { isLast = true }
    }

    /// What came is no HTTP, and nothing that follows can be understood either.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inputIsBroken = true
        if case .answering = state { return }
        refuse(context)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        if case .leaving = state { return }
        state = .leaving
        waiting.removeAll()
        if way == .connection {
            let head = HTTPResponsePart.head(ErrorResponse.malformed.head)
            context.write(wrapOutboundOut(head), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        context.close(promise: nil)
    }
}

extension HTTPRequest {
    /// RFC 9112 §9.6.
    fileprivate var asksToClose: Bool {
        headerFields[values: .connection].contains { line in
            line.utf8.count <= 64
                && line.lowercased().split(separator: ",").contains { option in
                    option.trimmingPrefix { $0.isWhitespace }.prefix { !$0.isWhitespace } == "close"
                }
        }
    }
}
