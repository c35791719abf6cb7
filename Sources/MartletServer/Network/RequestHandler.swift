import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// The door: reads the requests of one connection (HTTP/1.1) or stream (HTTP/2), whole and one
/// after another, has them answered, and writes the answers.
///
/// It decides nothing about what is asked; every request goes to the one router. The framework has
/// such a part too, which hands each connection to a task that reads its parts as a sequence. This
/// one collects the body where it arrives and starts a task only then, on the spot and on the
/// connection's own event loop; and it is the only handler between the library's parser and the
/// router. Measured, more than half of the time of a refresh went into those hops
/// (`docs/performance.md`).
///
/// A request's body is bounded in length and in time. One that is too long is read to its end and
/// thrown away, so that the connection can go on with the next request. There is an end to that
/// too: past ``maximumDiscarded`` bytes, or when it has not arrived within ``patience``, the
/// connection is closed. So is one on which nothing is asked for a while, or whose answers nobody
/// reads: more than the channel's high-water mark of them is never kept.
final class RequestHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    /// A stream's; a connection is given the bytes themselves.
    typealias OutboundOut = HTTPServerResponsePart

    /// How much of a body that is refused already is still listened to.
    static let maximumDiscarded = 1024 * 1024
    /// How long a body that has begun may take; the slowest phone sends 64 KiB in less.
    static let patience: TimeAmount = .seconds(20)
    /// How long a piece of an answer may wait for a client that reads more slowly than we write. The
    /// slowest phone takes the longest piece in less.
    static let readerPatience: TimeAmount = .seconds(60)
    /// How long an answer gets to leave before the connection of an endless body is closed.
    static let farewell: TimeAmount = .seconds(1)

    /// Bytes of an answer that leave as one piece with its head; longer ones are not copied.
    static let onePiece = 16 * 1024

    /// What the requests come by.
    enum Way {
        /// A connection, which one answer may be the last of, and which is closed when nothing was
        /// asked for this long.
        case connection(idle: TimeAmount)
        /// A stream for this one request, which ends with its answer. Whoever made it watches over
        /// its connection.
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
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var readIsHeldBack = false
    /// Whether ``resume(_:)`` is at work: an answer that is given on the spot ends up there again.
    private var isResuming = false
    /// Whether the client sends no more.
    private var inputIsClosed = false
    private var inputIsBroken = false
    /// The version of the present request.
    private var version = HTTPVersion.http1_1
    private var encoder = AnswerEncoder()
    /// What of an answer has not been written yet, so that it leaves as one piece.
    private var outgoing = ByteBuffer()
    private var lastUse = NIODeadline.now()
    /// Looks whether the connection is still of use.
    private var idleCheck: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    /// - Parameter eventLoop: the channel's.
    init(_ answers: Answers, by way: Way, on eventLoop: any EventLoop) {
        self.answers = answers
        self.way = way
        executor = .on(eventLoop)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lastUse = context.eventLoop.now
        if case .connection(let idle) = way { checkIdle(in: idle) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopWaiting()
        idleCheck?.cancel()
        self.context = nil
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isAnswering {
            waiting.append(part)
        } else {
            take(part, context)
        }
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .waiting):
            guard let request = try? HTTPRequest(head) else { return refuse(context) }
            state = .receiving(request)
            version = head.version
            // What follows a request for another protocol, the library does not read.
            isLast = !head.isKeepAlive || head.asksForAnotherProtocol
            if head.waitsForConsent { consent(context) }
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
        guard !isResuming else { return }
        isResuming = true
        while !isAnswering, let part = waiting.popFirst() { take(part, context) }
        isResuming = false
        if case .receiving = state { watch(context) }
        if waiting.isEmpty, readIsHeldBack {
            readIsHeldBack = false
            context.read()
        }
        if isAnswering { return }
        if inputIsBroken { refuse(context) } else if inputIsClosed { inputClosed(context) }
    }

    /// Whether something waits behind the answer under way, so that nothing more is read.
    var holdsBack: Bool { isAnswering && !waiting.isEmpty }

    private var isAnswering: Bool {
        if case .answering = state { true } else { false }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most bodies arrive in one piece and need no clock.
        if case .receiving = state { watch(context) }
        context.fireChannelReadComplete()
    }

    private func watch(_ context: ChannelHandlerContext) {
        guard deadline == nil else { return }
        deadline = close(context, in: Self.patience)
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

    /// Tells a client that asks before it sends its body to go on (RFC 9110 §10.1.1).
    private func consent(_ context: ChannelHandlerContext) {
        switch way {
        case .connection:
            let bytes = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(NIOAny(bytes), promise: nil)
        case .stream:
            let head = HTTPResponseHead(version: version, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        }
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
            let response = await answers.answer(request, on: channel)
            await connection.value.write(response, from: connection)
            connection.value.finished(wasHeard: wasHeard)
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

    private func write(_ response: Response, from connection: NIOLoopBound<RequestHandler>) async {
        guard let context else { return }
        switch way {
        case .connection:
            let length = response.body.contentLength ?? 0
            outgoing = encoder.head(
                response.status,
                response.headers,
                for: version,
                isLast: &isLast,
                room: length <= Self.onePiece ? length : 0,
                from: context.channel.allocator
            )
        case .stream:
            context.write(wrapOutboundOut(.head(HTTPResponseHead(response.head))), promise: nil)
        }
        do {
            try await response.body.write(BodyWriter(handler: connection))
        } catch {
            // An answer that broke off must not look like a whole one.
            self.context?.close(promise: nil)
        }
    }

    private func finished(wasHeard: Bool) {
        guard let context else { return }
        lastUse = context.eventLoop.now
        guard isLast, case .connection = way else {
            state = .waiting
            return resume(context)
        }
        state = .leaving
        waiting.removeAll()
        // Who still sends would not read the answer if the connection were gone at once (RFC 9112
        // §9.6): what the client says is heard until it leaves, or for a while.
        context.close(mode: .output, promise: nil)
        guard !wasHeard else { return }
        deadline = close(context, in: Self.farewell)
    }

    /// Writes the body of an answer into the connection that asked.
    private struct BodyWriter: ResponseBodyWriter {
        let handler: NIOLoopBound<RequestHandler>

        mutating func write(_ buffer: ByteBuffer) async throws {
            guard let part = handler.value.piece(buffer) else { return }
            try await handler.value.send(part)
        }

        consuming func finish(_ trailers: HTTPFields?) async throws {
            try await handler.value.send(handler.value.end(trailers))
        }
    }

    /// Writes a part of an answer. A reader that is slower than we are sets the pace, and one that
    /// does not read at all is let go.
    private func send(_ part: NIOAny) async throws {
        guard let context else { throw ChannelError.ioOnClosedChannel }
        guard !context.channel.isWritable else {
            return context.writeAndFlush(part, promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(part, promise: written)
        let end = close(context, in: Self.readerPatience)
        defer { end.cancel() }
        try await written.futureResult.get()
    }

    private func close(_ context: ChannelHandlerContext, in time: TimeAmount) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }

    /// What a piece of the body has written; nothing yet if the whole answer is to leave at once.
    private func piece(_ piece: ByteBuffer) -> NIOAny? {
        switch way {
        case .connection:
            encoder.append(piece, to: &outgoing)
            // Where nobody knows the length, somebody waits for the pieces.
            if encoder.framing == .length, outgoing.readableBytes <= Self.onePiece { return nil }
            return takeOutgoing()
        case .stream: return wrapOutboundOut(.body(.byteBuffer(piece)))
        }
    }

    private func end(_ trailers: HTTPFields?) -> NIOAny {
        switch way {
        case .connection:
            encoder.appendEnd(trailers, to: &outgoing)
            return takeOutgoing()
        case .stream: return wrapOutboundOut(.end(trailers.map(HTTPHeaders.init)))
        }
    }

    private func takeOutgoing() -> NIOAny {
        defer { outgoing = ByteBuffer() }
        return NIOAny(outgoing)
    }

    // MARK: - Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputIsClosed = true
            inputClosed(context)
        case is ChannelShouldQuiesceEvent:
            // The server stops: what was asked is answered, and nothing more.
            if case .connection = way, case .waiting = state { context.close(promise: nil) }
            isLast = true
        case _: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client sends no more, but may still listen to the answers to what it asked.
    private func inputClosed(_ context: ChannelHandlerContext) {
        guard isAnswering else { return context.close(promise: nil) }
        if waiting.isEmpty { isLast = true }
    }

    /// What came is no HTTP, and nothing that follows can be understood either.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        inputIsBroken = true
        if isAnswering { return }
        refuse(context)
    }

    private func refuse(_ context: ChannelHandlerContext) {
        if case .leaving = state { return }
        state = .leaving
        waiting.removeAll()
        if case .connection = way {
            let answer = ErrorResponse.malformed
            isLast = true
            let bytes = encoder.head(
                answer.status,
                answer.headers,
                for: version,
                isLast: &isLast,
                room: 0,
                from: context.channel.allocator
            )
            context.writeAndFlush(NIOAny(bytes), promise: nil)
        }
        context.close(promise: nil)
    }

    // MARK: - Idle connections

    private func checkIdle(in time: TimeAmount) {
        guard case .connection(let idle) = way, let context else { return }
        idleCheck = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            switch self.state {
            case .receiving, .answering: return self.checkIdle(in: idle)
            case .waiting, .leaving: break
            }
            let rest = self.lastUse + idle - context.eventLoop.now
            if rest > .zero { self.checkIdle(in: rest) } else { context.close(promise: nil) }
        }
    }
}
