import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Testing

@testable import MartletServer

@Suite("Answers are written as HTTP/1.1 has them")
struct AnswerEncoderTests {
    private struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let status: HTTPResponse.Status
        var fields: HTTPFields = [:]
        var pieces: [String] = []
        var version = HTTPVersion.http1_1

        var testDescription: String { name }
    }

    private static let cases = [
        Case(name: "a length", status: .ok, fields: [.contentLength: "3"], pieces: ["abc"]),
        Case(name: "chunks", status: .ok, pieces: ["abc", "", String(repeating: "x", count: 300)]),
        Case(name: "no body", status: .noContent, fields: [.allow: "GET", .contentLength: "0"]),
        Case(name: "not modified", status: .notModified),
        Case(name: "an empty body", status: .badRequest, fields: [.contentLength: "0"]),
        Case(name: "an unknown status", status: .init(code: 599, reasonPhrase: "Odd")),
        Case(
            name: "a framing that the answer says by itself",
            status: .ok,
            fields: [.transferEncoding: "chunked"],
            pieces: ["a"]
        ),
        Case(
            name: "the same field twice",
            status: .ok,
            fields: [.contentLength: "0", .vary: "Origin", .cacheControl: "no-store"]
        ),
    ]

    /// What ours writes, in one piece.
    private func written(_ answer: Case, isLast: Bool = false) -> ByteBuffer {
        var encoder = AnswerEncoder()
        var isLast = isLast
        var buffer = encoder.head(
            answer.status,
            answer.fields,
            for: answer.version,
            isLast: &isLast,
            room: 0,
            from: ByteBufferAllocator()
        )
        for piece in answer.pieces { encoder.append(ByteBuffer(string: piece), to: &buffer) }
        encoder.appendEnd(nil, to: &buffer)
        return buffer
    }

    @Test("the library's client reads back what was written", arguments: cases)
    private func readBack(answer: Case) throws {
        var client = try LibraryClient()
        try client.read(written(answer))
        #expect(client.head?.status == answer.status)
        #expect(client.body == answer.pieces.joined())
        #expect(client.ended)
        for field in answer.fields where !Self.framing.contains(field.name) {
            #expect(client.head?.headerFields[field.name] == field.value)
        }
    }

    private static let framing: Set<HTTPField.Name> = [.contentLength, .transferEncoding]

    @Test("what the library's own encoder writes is the same, byte for byte")
    func sameAsLibrary() throws {
        let server = EmbeddedChannel()
        try server.pipeline.syncOperations.addHandler(HTTPResponseEncoder())
        let headers = HTTPHeaders([("Content-Type", "text/plain"), ("Vary", "Origin")])
        try server.writeOutbound(
            HTTPServerResponsePart.head(
                .init(version: .http1_1, status: .created, headers: headers)
            )
        )
        try server.writeOutbound(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "ab"))))
        try server.writeOutbound(HTTPServerResponsePart.end(nil))
        var library = ByteBuffer()
        while let bytes = try server.readOutbound(as: ByteBuffer.self) {
            library.writeImmutableBuffer(bytes)
        }
        let ours = written(
            Case(
                name: "",
                status: .created,
                fields: [.contentType: "text/plain", .vary: "Origin"],
                pieces: ["ab"]
            )
        )
        #expect(
            String(buffer: ours).lowercased() == String(buffer: library).lowercased()
        )
    }

    @Test("without a length, the end of an answer to HTTP/1.0 is the connection's")
    func old() {
        let text = String(
            buffer: written(Case(name: "", status: .ok, pieces: ["a", "b"], version: .http1_0))
        )
        #expect(text == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nab")
    }

    @Test("an answer that is the last one says so once", arguments: [true, false])
    func last(isLast: Bool) {
        let answer = Case(
            name: "",
            status: .ok,
            fields: [.connection: "close", .contentLength: "0"]
        )
        let text = String(buffer: written(answer, isLast: isLast))
        #expect(text.components(of: "close") == 2)
    }
}

extension String {
    fileprivate func components(of separator: String) -> Int {
        split(separator: separator, omittingEmptySubsequences: false).count
    }
}

@Suite("Requests come to the router as the library would hand them on")
struct RequestHeadTests {
    @Test(
        "heads are read the same",
        arguments: [
            "/", "/oauth/token", "/a?b=c&d=%20", "//x/y", "/http://x", "*", "http://a.example/b?c",
            "/ä",
        ]
    )
    func same(target: String) throws {
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .POST,
            uri: target,
            headers: [
                "Accept": "x", "HOST": "a.example", "Cookie": "a=1", "cookie": "b=2",
                "bad name": "x",
            ]
        )
        let library = try HTTPRequest(head, secure: false, splitCookie: false)
        #expect(try HTTPRequest(head) == library)
    }

    @Test(
        "a request names one host; in HTTP/1.0 it may name none",
        arguments: [
            (HTTPVersion.http1_1, 0, false), (.http1_1, 1, true), (.http1_1, 2, false),
            (.http1_0, 0, true), (.http1_0, 2, false), (.http2, 0, true),
        ]
    )
    func hosts(version: HTTPVersion, count: Int, isRead: Bool) {
        let head = HTTPRequestHead(
            version: version,
            method: .GET,
            uri: "/",
            headers: HTTPHeaders(Array(repeating: ("host", "a"), count: count))
        )
        #expect(((try? HTTPRequest(head)) != nil) == isRead)
    }

    @Test("a field has one value, and one that comes twice has both")
    func values() {
        var fields: HTTPFields = [.origin: "a", .accept: "x"]
        #expect(fields.value(of: .origin) == "a")
        #expect(fields.value(of: .cookie) == nil)
        fields.append(HTTPField(name: .origin, value: "b"))
        #expect(fields.value(of: .origin) == fields[.origin])
    }
}
