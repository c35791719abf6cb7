import HTTPTypes
import Hummingbird
import MartletProtocol
import NIOCore
import NIOEmbedded
import Testing

@testable import MartletServer

@Suite("A form's body is bounded in length and in time")
struct FormBodyTests {
    private func request(
        _ body: AsyncStream<ByteBuffer>,
        length: Int? = nil
    ) -> Request {
        var headers = HTTPFields()
        headers[.contentLength] = length.map(String.init)
        let head = HTTPRequest(
            method: .post,
            scheme: "http",
            authority: nil,
            path: "/",
            headerFields: headers
        )
        return Request(head: head, body: .init(asyncSequence: body))
    }

    private func stream(_ chunks: [String]) -> AsyncStream<ByteBuffer> {
        AsyncStream { stream in
            for chunk in chunks { stream.yield(ByteBuffer(string: chunk)) }
            stream.finish()
        }
    }

    private func connected() async throws -> NIOAsyncTestingChannel {
        let channel = NIOAsyncTestingChannel()
        try await channel.connect(to: .init(unixDomainSocketPath: "/test")).get()
        return channel
    }

    @Test("the chunks are put together")
    func whole() async throws {
        let channel = try await connected()
        let body = try await FormBody.read(request(stream(["a=", "", "1"])), on: channel)
        #expect(String(buffer: body) == "a=1")
    }

    @Test("a body that ends before or after its announced length is not taken for whole")
    func cut() async throws {
        let channel = try await connected()
        for length in [2, 4] {
            await #expect(throws: FormBody.Unreadable.self) {
                try await FormBody.read(request(stream(["a=1"]), length: length), on: channel)
            }
        }
    }

    @Test("a body that does not end closes its connection when the time is over")
    func slow() async throws {
        let channel = try await connected()
        let (body, source) = AsyncStream.makeStream(of: ByteBuffer.self)
        let request = request(body)
        let reading = Task { try await FormBody.read(request, on: channel) }
        source.yield(ByteBuffer(string: "a="))
        // The clock runs from the first chunk on, once the reader has seen it.
        while channel.isActive {
            await Task.yield()
            await channel.testingEventLoop.advanceTime(by: FormBody.patience)
        }
        source.finish()
        _ = try await reading.value
        #expect(!channel.isActive)
    }

    @Test("a body that came in time leaves no clock behind")
    func timely() async throws {
        let channel = try await connected()
        _ = try await FormBody.read(request(stream(["a=", "1"])), on: channel)
        await channel.testingEventLoop.advanceTime(by: .hours(1))
        #expect(channel.isActive)
    }

    @Test("a body without end is refused, and its connection closed once that is said")
    func endless() async throws {
        let channel = try await connected()
        let chunk = String(repeating: "x", count: 65_536)
        let endless = AsyncStream { ByteBuffer(string: chunk) }
        await #expect(throws: OAuthError.self) {
            try await FormBody.read(request(endless), on: channel)
        }
        #expect(channel.isActive)
        await channel.testingEventLoop.advanceTime(by: FormBody.farewell)
        #expect(!channel.isActive)
    }
}
