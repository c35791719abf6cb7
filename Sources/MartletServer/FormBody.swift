import Hummingbird
import MartletProtocol
import NIOCore

/// The body of a form, within bounds. How long it may take to come is the door's to say
/// (``RequestHandler``).
enum FormBody {
    /// Longer bodies are refused; no request of these protocols comes near it.
    static let maximum = 64 * 1024

    private static let tooLong = OAuthError(
        .invalidRequest,
        "The request's body is longer than 64 KiB."
    )

    /// - Throws: ``OAuthError`` if the body is too long.
    static func read(_ request: Request) async throws -> ByteBuffer {
        var body = ByteBuffer()
        for try await chunk in request.body {
            if body.readableBytes == 0 { body = chunk } else { body.writeImmutableBuffer(chunk) }
            guard body.readableBytes <= maximum else { throw tooLong }
        }
        return body
    }
}
