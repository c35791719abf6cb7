import NIOCore
import NIOHTTP2
import Synchronization

/// What one HTTP/2 connection may ask of the server (RFC 9113 §10.5).
struct HTTP2Limits {
    /// Requests at a time on one connection: what RFC 9113 §6.5.2 asks for at least.
    static let streamsOfConnection = 100
    /// Requests at a time on all of them, each of which may hold a form's body in memory: as many
    /// as there can be connections with HTTP/1.1, where each has one.
    static let streamsOfServer = ServerApplication.maximumConnections
    /// Bytes of a request's headers, decompressed; the longest authorization request is shorter.
    static let headers = 16 * 1024
    /// Requests that are taken back, or are malformed, in ``window``: who begins many and takes
    /// them back at once would have the work done for nothing (CVE-2023-44487).
    static let resetStreams = 100
    /// Frames that carry no request (pings, settings) in ``window``.
    static let controlFrames = 200
    static let window: TimeAmount = .seconds(30)
    /// Answers to such frames that wait for a client who does not read.
    static let waitingControlFrames = 200

    /// A connection without requests is given up after this time, politely: the client is told and
    /// sends its next request on another one.
    let idleTimeout: TimeAmount
    /// And one whose client says nothing at all after this time, without a word.
    let silence: TimeAmount

    init(idleTimeout: TimeAmount) {
        self.idleTimeout = idleTimeout
        silence = idleTimeout + .seconds(30)
    }

    static var configuration: NIOHTTP2Handler.Configuration {
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: streamsOfConnection),
            HTTP2Setting(parameter: .maxHeaderListSize, value: headers),
        ]
        configuration.connection.maximumBufferedControlFrames = waitingControlFrames
        configuration.connection.controlFrameRateLimit.maximumCount = controlFrames
        configuration.connection.controlFrameRateLimit.windowLength = window
        configuration.stream.streamResetFrameRateLimit.maximumCount = resetStreams
        configuration.stream.streamResetFrameRateLimit.windowLength = window
        configuration.stream.streamErrorRateLimit.maximumCount = resetStreams
        configuration.stream.streamErrorRateLimit.windowLength = window
        return configuration
    }

    var lifetime: NIOHTTP2ServerConnectionManagementHandler.Configuration {
        .init(maxIdleTime: idleTimeout, maxAge: nil, maxGraceTime: silence, keepalive: nil)
    }
}

/// Counts the requests that are open on all HTTP/2 connections together, and refuses those beyond.
final class OpenStreams: Sendable {
    struct TooMany: Error {}

    private let limit: Int
    private let count = Atomic<Int>(0)

    init(atMost limit: Int) {
        self.limit = limit
    }

    /// Counts a stream for as long as it is open.
    ///
    /// - Throws: ``TooMany``, upon which the stream is reset; its client may try again.
    func add(_ stream: any Channel) throws(TooMany) {
        guard count.add(1, ordering: .relaxed).newValue <= limit else {
            count.subtract(1, ordering: .relaxed)
            throw TooMany()
        }
        stream.closeFuture.whenComplete { _ in self.count.subtract(1, ordering: .relaxed) }
    }
}
