import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Reads one answer's bytes with the library's own client.
struct LibraryClient {
    private let channel = EmbeddedChannel()
    private(set) var head: HTTPResponse?
    private(set) var body = ""
    /// Whether the answer is whole.
    private(set) var ended = false

    init() throws {
        try channel.pipeline.syncOperations.addHandlers([
            HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
        ])
        // It takes no answer to what it has not asked.
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        try channel.writeOutbound(HTTPClientRequestPart.head(request))
        try channel.writeOutbound(HTTPClientRequestPart.end(nil))
    }

    mutating func read(_ bytes: ByteBuffer) throws {
        try channel.writeInbound(bytes)
        while let part = try channel.readInbound(as: HTTPClientResponsePart.self) {
            switch part {
            case .head(let value): head = try HTTPResponse(value)
            case .body(let chunk): body += String(buffer: chunk)
            case .end: ended = true
            }
        }
    }
}
