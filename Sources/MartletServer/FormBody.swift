import Hummingbird
import MartletProtocol
import NIOCore

/// Reads the body of a form, within bounds of length and time.
///
/// A body that is too long is read to its end and thrown away, so that the connection can go on
/// with the next request. There is an end to that too: past ``maximumDiscarded`` bytes, or when it
/// has not arrived within ``patience``, the connection is closed.
enum FormBody {
    /// Longer bodies are refused; no request of these protocols comes near it.
    static let maximum = 64 * 1024
    /// How much of a body that is refused already is still listened to.
    static let maximumDiscarded = 1024 * 1024
    /// How long a body that has begun may take; the slowest phone sends 64 KiB in less.
    static let patience: TimeAmount = .seconds(20)
    /// How long an answer gets to leave before its connection is closed.
    static let farewell: TimeAmount = .seconds(1)

    /// The body broke off, or was no HTTP: the connection is of no more use.
    struct Unreadable: Error {}

    private static let tooLong = OAuthError(
        .invalidRequest,
        "The request's body is longer than 64 KiB."
    )

    /// - Throws: ``OAuthError`` if the body is too long, ``Unreadable`` if it did not come whole.
    static func read(_ request: Request, on channel: any Channel) async throws -> ByteBuffer {
        let announced = request.headers[.contentLength].flatMap(Int.init)
        var body = ByteBuffer()
        var length = 0
        var end: Scheduled<Void>?
        defer { end?.cancel() }
        do {
            for try await chunk in request.body {
                length += chunk.readableBytes
                if length <= maximum { body.writeImmutableBuffer(chunk) }
                if length > maximumDiscarded { break }
                // Most bodies arrive in one piece and need no clock.
                if end == nil, length != announced { end = closing(channel, in: patience) }
            }
        } catch {
            throw Unreadable()
        }
        if length > maximumDiscarded {
            _ = closing(channel, in: farewell)
            throw tooLong
        }
        // The stream ends alike when the request is over and when the server gives it up.
        guard announced == nil || announced == length else { throw Unreadable() }
        guard length <= maximum else { throw tooLong }
        return body
    }

    private static func closing(_ channel: any Channel, in delay: TimeAmount) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: delay) { channel.close(promise: nil) }
    }
}
