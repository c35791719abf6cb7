import HTTPTypes
import NIOCore
import NIOHTTP1

/// Writes the answers of one connection as HTTP/1.1 has them on the wire (RFC 9112 §4, §6).
///
/// The library has an encoder too, which takes an answer in three parts from a handler of its own.
/// This one puts a whole answer into one buffer, and so into one write: that is a tenth of the time of
/// a refresh (`docs/performance.md`).
struct AnswerEncoder {
    /// How a body's end is told.
    enum Framing {
        /// There is none, by its status (RFC 9112 §6.3).
        case none
        /// By its length, which the headers say.
        case length
        /// By an empty chunk.
        case chunked
        /// By the end of the connection: all that HTTP/1.0 has where nobody knows the length.
        case connection
    }

    /// Room for the headers of most answers.
    private static let headRoom = 512

    private(set) var framing = Framing.none

    /// An answer's status line and headers.
    ///
    /// - Parameters:
    ///   - version: the client's. Answers are always in version 1.1 (RFC 9110 §2.5).
    ///   - isLast: whether the connection ends with this answer; becomes true if it has to, or if the
    ///     answer says so.
    ///   - room: bytes that are going to follow in the same buffer.
    mutating func head(
        _ status: HTTPResponse.Status,
        _ fields: HTTPFields,
        for version: HTTPVersion,
        isLast: inout Bool,
        room: Int,
        from allocator: ByteBufferAllocator
    ) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: Self.headRoom + room)
        Self.write(status, to: &buffer)
        let hasBody = Self.hasBody(status)
        var hasLength = false
        for field in fields {
            switch field.name {
            case .connection:
                if field.value == "close" { isLast = true }
                continue
            // It would say something else than the framing does.
            case .transferEncoding: continue
            case .contentLength:
                hasLength = true
                if !hasBody { continue }
            case _: break
            }
            Self.write(field, to: &buffer)
        }
        if !hasBody {
            framing = .none
        } else if hasLength {
            framing = .length
        } else if version.isBeforeChunks {
            framing = .connection
            isLast = true
        } else {
            framing = .chunked
            buffer.writeStaticString("Transfer-Encoding: chunked\r\n")
        }
        if isLast {
            buffer.writeStaticString("Connection: close\r\n")
        } else if version.isBeforeChunks {
            buffer.writeStaticString("Connection: keep-alive\r\n")
        }
        buffer.writeStaticString("\r\n")
        return buffer
    }

    /// Whether an answer with this status can have a body (RFC 9112 §6.3).
    private static func hasBody(_ status: HTTPResponse.Status) -> Bool {
        switch status.code {
        case 100..<200, 204, 304: false
        case _: true
        }
    }

    private static func write(_ status: HTTPResponse.Status, to buffer: inout ByteBuffer) {
        guard status != .ok else {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
            return
        }
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        buffer.writeString(status.reasonPhrase)
        buffer.writeStaticString("\r\n")
    }

    /// A piece of a body, with what stands around it.
    func append(_ piece: ByteBuffer, to buffer: inout ByteBuffer) {
        // An empty chunk would be the end.
        guard piece.readableBytes > 0 else { return }
        switch framing {
        case .none: break
        case .length, .connection: buffer.writeImmutableBuffer(piece)
        case .chunked:
            buffer.writeString(String(piece.readableBytes, radix: 16))
            buffer.writeStaticString("\r\n")
            buffer.writeImmutableBuffer(piece)
            buffer.writeStaticString("\r\n")
        }
    }

    /// The end of an answer; only chunks leave room for trailers.
    func appendEnd(_ trailers: HTTPFields?, to buffer: inout ByteBuffer) {
        guard framing == .chunked else { return }
        buffer.writeStaticString("0\r\n")
        for field in trailers ?? [:] { Self.write(field, to: &buffer) }
        buffer.writeStaticString("\r\n")
    }

    /// What would break a line is in no field: its type takes none (RFC 9110 §5.5).
    private static func write(_ field: HTTPField, to buffer: inout ByteBuffer) {
        buffer.writeString(field.name.rawName)
        buffer.writeStaticString(": ")
        buffer.writeString(field.value)
        buffer.writeStaticString("\r\n")
    }
}

extension HTTPVersion {
    /// Whether it knows neither chunks nor connections that stay open unless somebody says otherwise
    /// (RFC 9112 §7.1, §9.3).
    var isBeforeChunks: Bool { major < 1 || (major == 1 && minor == 0) }
}
