import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP2
import NIOTLS
import Testing

@testable import MartletServer

@Suite("Connections that lead nowhere are ended")
struct ConnectionHandlerTests {
    private func connected(
        _ handler: @escaping @Sendable () -> any ChannelHandler
    ) async throws -> NIOAsyncTestingChannel {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: .init(unixDomainSocketPath: "/test")).get()
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(handler())
        }.get()
        return channel
    }

    @Test("a handshake that is not done in time ends its connection")
    func slow() async throws {
        let channel = try await connected { HandshakeDeadline() }
        await channel.testingEventLoop.advanceTime(by: HandshakeDeadline.patience - .seconds(1))
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test("a handshake that is done leaves no clock behind")
    func done() async throws {
        let channel = try await connected { HandshakeDeadline() }
        channel.pipeline.fireUserInboundEventTriggered(
            TLSUserEvent.handshakeCompleted(negotiatedProtocol: "h2")
        )
        await channel.testingEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test("a server that stops does not wait for a handshake")
    func stopping() async throws {
        let channel = try await connected { HandshakeDeadline() }
        channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        await channel.testingEventLoop.run()
        #expect(!channel.isActive)
    }

    @Test("a silent client's HTTP/2 connection is ended, as is one that breaks the protocol")
    func silent() async throws {
        let silent = try await connected { ConnectionEnd() }
        silent.pipeline.fireUserInboundEventTriggered(IdleStateHandler.IdleStateEvent.read)
        await silent.testingEventLoop.run()
        #expect(!silent.isActive)
        let broken = try await connected { ConnectionEnd() }
        broken.pipeline.fireErrorCaught(NIOHTTP2Errors.excessiveRSTFrames())
        await broken.testingEventLoop.run()
        #expect(!broken.isActive)
    }

    @Test("a client that has left leaves no connection behind, whether or not it was agreed upon")
    func left() async throws {
        for channel in [
            try await connected({ ConnectionEnd() }), try await connected({ HandshakeDeadline() }),
        ] {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            await channel.testingEventLoop.run()
            #expect(!channel.isActive)
        }
    }

    @Test("what is wrong with one stream does not end the others")
    func oneStream() async throws {
        let channel = try await connected { ConnectionEnd() }
        channel.pipeline.fireErrorCaught(
            NIOHTTP2Errors.streamError(
                streamID: 1,
                baseError: NIOHTTP2Errors.noSuchStream(streamID: 1)
            )
        )
        await channel.testingEventLoop.run()
        #expect(channel.isActive)
    }

    @Test("requests on HTTP/2 are counted over all connections, and those beyond refused")
    func openStreams() async throws {
        let open = OpenStreams(atMost: 2)
        let channels = (0..<3).map { _ in NIOAsyncTestingChannel() }
        try open.add(channels[0])
        try open.add(channels[1])
        #expect(throws: OpenStreams.TooMany.self) { try open.add(channels[2]) }
        #expect(throws: OpenStreams.TooMany.self) { try open.add(channels[2]) }
        try await channels[0].connect(to: .init(unixDomainSocketPath: "/test")).get()
        try await channels[0].close().get()
        await channels[0].testingEventLoop.run()
        try open.add(channels[2])
    }
}
