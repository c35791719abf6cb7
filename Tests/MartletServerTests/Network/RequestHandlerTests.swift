import HTTPTypes
import Hummingbird
import Logging
import MartletCore
import MartletTesting
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import MartletServer

@Suite("The door takes whole requests, one after another, within bounds of length and time")
struct RequestHandlerTests {
    /// A channel with the door at its end, and a router that says what it was sent.
    private func connected(
        idle: TimeAmount = .hours(2),
        _ extend: (Router<ServerContext>) -> Void = { _ in }
    ) async throws -> NIOAsyncTestingChannel {
        let router = Router(context: ServerContext.self)
        extend(router)
        router.post("echo") { request, _ in
            Response(status: .ok, body: .init(byteBuffer: try await FormBody.read(request)))
        }
        let responder = router.buildResponder()
        let answers = Answers(
            { try await responder.respond(to: $0, context: $1) },
            surroundings: .manual(clock: ManualClock(), seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: .init(unixDomainSocketPath: "/test")).get()
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandlers(HeldWrites(), OneWayClose())
            try channel.pipeline.syncOperations.addHandler(
                RequestHandler(answers, by: .connection(idle: idle), on: channel.eventLoop)
            )
        }.get()
        return channel
    }

    private func head(
        _ path: String = "/echo",
        _ method: HTTPMethod = .POST,
        version: HTTPVersion = .http1_1,
        connection: String? = nil,
        fields: [(String, String)] = []
    ) -> HTTPServerRequestPart {
        var headers = HTTPHeaders([("Host", "localhost")] + fields)
        if let connection { headers.add(name: "Connection", value: connection) }
        return .head(.init(version: version, method: method, uri: path, headers: headers))
    }

    private func body(_ text: String) -> HTTPServerRequestPart { .body(ByteBuffer(string: text)) }

    private func send(
        _ parts: [HTTPServerRequestPart],
        to channel: NIOAsyncTestingChannel
    ) async throws {
        for part in parts { try await channel.writeInbound(part) }
    }

    /// The next answer's status, and its body.
    private func answer(
        from channel: NIOAsyncTestingChannel
    ) async throws -> (head: HTTPResponse, body: String) {
        var bytes = ByteBuffer()
        while true {
            bytes.writeImmutableBuffer(try await channel.waitForOutboundWrite(as: ByteBuffer.self))
            // Made anew on this thread, which it must not leave.
            var client = try LibraryClient()
            try client.read(bytes)
            if client.ended { return (try #require(client.head), client.body) }
        }
    }

    @Test("the pieces of a body are put together")
    func whole() async throws {
        let channel = try await connected()
        try await send([head(), body("a="), body(""), body("1"), .end(nil)], to: channel)
        let answer = try await answer(from: channel)
        #expect(answer.head.status == .ok)
        #expect(answer.body == "a=1")
        #expect(answer.head.headerFields[.date] == DateHeader.text(ManualClock().now))
    }

    @Test("one connection brings many requests")
    func many() async throws {
        let channel = try await connected()
        for text in ["1", "", "3"] {
            try await send([head(), body(text), .end(nil)], to: channel)
            let answer = try await answer(from: channel)
            #expect(answer.body == text)
        }
        #expect(channel.isActive)
    }

    @Test("a body that does not end closes its connection when the time is over")
    func slow() async throws {
        let channel = try await connected()
        try await send([head(), body("a=")], to: channel)
        await channel.testingEventLoop.advanceTime(by: RequestHandler.patience - .seconds(1))
        try await send([body("1")], to: channel)
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
        let part = try await channel.readOutbound(as: ByteBuffer.self)
        #expect(part == nil)
    }

    @Test("a body that came in time leaves no clock behind")
    func timely() async throws {
        let channel = try await connected()
        try await send([head(), body("a="), body("1"), .end(nil)], to: channel)
        _ = try await answer(from: channel)
        await channel.testingEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test("a body that is too long is refused, and the connection goes on with the next request")
    func tooLong() async throws {
        let channel = try await connected { $0.add(middleware: Refusals()) }
        let chunk = body(String(repeating: "x", count: 60_000))
        try await send([head(), chunk, chunk, chunk, .end(nil)], to: channel)
        let refused = try await answer(from: channel)
        #expect(refused.head.status == .badRequest)
        try await send([head(), body("a=1"), .end(nil)], to: channel)
        let next = try await answer(from: channel)
        #expect(next.body == "a=1")
    }

    @Test("a body without end is refused, and its connection closed once that is said")
    func endless() async throws {
        let channel = try await connected { $0.add(middleware: Refusals()) }
        let chunk = body(String(repeating: "x", count: 65_536))
        try await send([head()] + Array(repeating: chunk, count: 40), to: channel)
        let refused = try await answer(from: channel)
        #expect(refused.head.status == .badRequest)
        #expect(refused.head.headerFields[.connection] == "close")
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: RequestHandler.farewell)
        #expect(!channel.isActive)
    }

    @Test(
        "who asks for the end of the connection gets it with the answer",
        arguments: ["close", "Close", "keep-alive, close", " close ,x"]
    )
    func close(option: String) async throws {
        let channel = try await connected()
        try await send([head(connection: option), .end(nil)], to: channel)
        let answer = try await answer(from: channel)
        #expect(answer.head.headerFields[.connection] == "close")
        // What comes afterwards is not answered.
        try await send([head(), .end(nil)], to: channel)
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        try await channel.closeFuture.get()
        let next = try await channel.readOutbound(as: ByteBuffer.self)
        #expect(next == nil)
    }

    @Test("a connection on which nothing is asked is closed after a while")
    func idle() async throws {
        let channel = try await connected(idle: .seconds(60))
        await channel.testingEventLoop.advanceTime(by: .seconds(59))
        try await send([head(), body("a=1"), .end(nil)], to: channel)
        _ = try await answer(from: channel)
        await channel.testingEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("a server that stops closes the connections that ask nothing, and the others afterwards")
    func quiesced() async throws {
        let idle = try await connected()
        idle.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try await idle.closeFuture.get()
        let busy = try await connected()
        try await send([head(), body("a=")], to: busy)
        busy.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        try await send([body("1"), .end(nil)], to: busy)
        let answer = try await answer(from: busy)
        #expect(answer.body == "a=1")
        #expect(answer.head.headerFields[.connection] == "close")
    }

    @Test(
        "HTTP/1.0 keeps a connection only if it asks to",
        arguments: [(nil, "close"), ("keep-alive", "keep-alive"), ("close", "close")]
    )
    func old(option: String?, kept: String) async throws {
        let channel = try await connected()
        let head = head(version: .http1_0, connection: option)
        try await send([head, body("a=1"), .end(nil)], to: channel)
        let answer = try await answer(from: channel)
        #expect(answer.body == "a=1")
        #expect(answer.head.headerFields[.connection] == kept)
    }

    /// A channel by which something was asked that is answered once the stream is finished.
    private func askedSlowly() async throws
        -> (NIOAsyncTestingChannel, AsyncStream<Void>.Continuation)
    {
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        let channel = try await connected { router in
            router.get("slow") { _, _ in
                ask.finish()
                for await _ in released {}
                return Response(status: .ok)
            }
        }
        try await send([head("/slow", .GET), .end(nil)], to: channel)
        for await _ in asked {}
        return (channel, release)
    }

    @Test("who sends no more is still answered, if it had asked")
    func halfClosed() async throws {
        let (channel, release) = try await askedSlowly()
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        release.finish()
        let answer = try await answer(from: channel)
        #expect(answer.head.status == .ok)
        #expect(answer.head.headerFields[.connection] == "close")
    }

    @Test("what was asked while another request waited for its answer is answered too, in order")
    func pipelined() async throws {
        let (channel, release) = try await askedSlowly()
        for text in ["1", "2", "3"] {
            try await send([head(), body(text), .end(nil)], to: channel)
        }
        try await send([head(), body("a=")], to: channel)
        release.finish()
        var bodies: [String] = []
        for _ in 0..<4 { bodies.append(try await answer(from: channel).body) }
        #expect(bodies == ["", "1", "2", "3"])
        try await send([body("4"), .end(nil)], to: channel)
        #expect(try await answer(from: channel).body == "a=4")
    }

    @Test("who does not read its answers is not heard any more, and let go after a while")
    func unread() async throws {
        let channel = try await connected()
        try await channel.triggerUserOutboundEvent(HeldWrites.Hold()).get()
        channel.isWritable = false
        for text in ["1", "2"] { try await send([head(), body(text), .end(nil)], to: channel) }
        // One more reading of the socket is what may come until the answer has left.
        let isHeldBack = try await channel.eventLoop.submit {
            let door = try channel.pipeline.syncOperations.handler(type: RequestHandler.self)
            return door.holdsBack
        }.get()
        #expect(isHeldBack)
        await channel.testingEventLoop.advanceTime(by: RequestHandler.readerPatience - .seconds(1))
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("who reads slowly gets every answer")
    func slowReader() async throws {
        let channel = try await connected()
        try await channel.triggerUserOutboundEvent(HeldWrites.Hold()).get()
        channel.isWritable = false
        for text in ["1", "2"] { try await send([head(), body(text), .end(nil)], to: channel) }
        channel.isWritable = true
        try await channel.triggerUserOutboundEvent(HeldWrites.Release()).get()
        for text in ["1", "2"] { #expect(try await answer(from: channel).body == text) }
        await channel.testingEventLoop.advanceTime(by: RequestHandler.readerPatience)
        #expect(channel.isActive)
    }

    @Test(
        "who asks for another protocol is answered in this one, on a connection that ends with it",
        arguments: [
            (HTTPMethod.POST, [("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings")]),
            (.CONNECT, []),
        ]
    )
    func otherProtocol(method: HTTPMethod, fields: [(String, String)]) async throws {
        let channel = try await connected()
        let head = head("/echo", method, fields: fields)
        try await send([head, body("a=1"), .end(nil)], to: channel)
        #expect(try await answer(from: channel).head.headerFields[.connection] == "close")
    }

    @Test("who waits to be told to send its body is told")
    func expectation() async throws {
        let channel = try await connected()
        try await send([head(fields: [("Expect", "100-Continue")])], to: channel)
        let consent = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
        #expect(String(buffer: consent) == "HTTP/1.1 100 Continue\r\n\r\n")
        try await send([body("a=1"), .end(nil)], to: channel)
        #expect(try await answer(from: channel).body == "a=1")
    }

    @Test("who leaves before asking anything leaves no connection behind")
    func left() async throws {
        let channel = try await connected()
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        try await channel.closeFuture.get()
    }

    @Test("a body that is written piece by piece arrives whole, and one that breaks off does not")
    func streamed() async throws {
        struct Broken: Error {}
        let channel = try await connected { router in
            router.get("pieces") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        for text in ["a", "b", "c"] {
                            try await writer.write(ByteBuffer(string: text))
                        }
                        try await writer.finish(nil)
                    }
                )
            }
            router.get("broken") { _, _ in
                Response(
                    status: .ok,
                    body: .init { writer in
                        try await writer.write(ByteBuffer(string: "a"))
                        throw Broken()
                    }
                )
            }
        }
        try await send([head("/pieces", .GET), .end(nil)], to: channel)
        let answer = try await answer(from: channel)
        #expect(answer.body == "abc")
        try await send([head("/broken", .GET), .end(nil)], to: channel)
        try await channel.closeFuture.get()
    }

    @Test(
        "dates are written as HTTP writes them",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_219_200, "Sat, 21 Nov 2026 00:00:00 GMT"),
        ]
    )
    func dates(seconds: Int64, text: String) {
        #expect(DateHeader.text(Instant(seconds: seconds)) == text)
    }

    /// Keeps what is written, as a socket does whose other end does not read.
    private final class HeldWrites: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        struct Hold: Sendable {}
        struct Release: Sendable {}

        private var holds = false
        private var held: [(NIOAny, EventLoopPromise<Void>?)] = []

        func write(
            context: ChannelHandlerContext,
            data: NIOAny,
            promise: EventLoopPromise<Void>?
        ) {
            if holds { held.append((data, promise)) } else { context.write(data, promise: promise) }
        }

        func triggerUserOutboundEvent(
            context: ChannelHandlerContext,
            event: Any,
            promise: EventLoopPromise<Void>?
        ) {
            holds = event is Hold
            if !holds {
                for (data, promise) in held { context.writeAndFlush(data, promise: promise) }
                held = []
            }
            promise?.succeed()
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            for (_, promise) in held { promise?.fail(ChannelError.ioOnClosedChannel) }
        }
    }

    /// Closes one way only where that is asked for; a testing channel closes both.
    private final class OneWayClose: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func close(
            context: ChannelHandlerContext,
            mode: CloseMode,
            promise: EventLoopPromise<Void>?
        ) {
            if mode == .all { context.close(promise: promise) } else { promise?.succeed() }
        }
    }

    /// Answers what a route throws, as the real routes do.
    private struct Refusals: RouterMiddleware {
        func handle(
            _ request: Request,
            context: ServerContext,
            next: @concurrent (Request, ServerContext) async throws -> Response
        ) async throws -> Response {
            do { return try await next(request, context) } catch {
                return Response(status: .badRequest)
            }
        }
    }
}

@Suite("There are as many event loops as cores to run on")
struct EventLoopsTests {
    @Test(
        "the cores that a process may use are counted from its status",
        arguments: [
            ("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n", 2), ("Cpus_allowed:\t1", 1),
            ("Cpus_allowed:\tff,ffffffff\n", 40), ("Cpus_allowed:\n", nil), ("", nil),
        ]
    )
    func allowed(status: String, count: Int?) {
        #expect(EventLoops.allowedCores(in: status) == count)
    }
}
