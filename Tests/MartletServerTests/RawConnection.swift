import NIOCore
import NIOPosix
import Testing

/// One TCP connection whose bytes a test writes by hand.
struct RawConnection {
    struct Silent: Error {}

    /// Longer than any answer takes, even on a busy machine and under the thread sanitizer.
    static let patience: Duration = .seconds(60)
    /// Between two pieces, so that they travel apart.
    static let pause: Duration = .milliseconds(20)

    let port: Int

    /// Sends the pieces one after the other and reads until so many answers are complete, or the
    /// server closes.
    ///
    /// - Parameter ending: whether the client says that it will send no more.
    func exchange(
        _ pieces: [String],
        answers count: Int,
        ending: Bool = false
    ) async throws -> [RawAnswer] {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
        return try await withThrowingTaskGroup { group in
            group.addTask {
                try await channel.executeThenClose { inbound, outbound in
                    for piece in pieces {
                        if piece != pieces.first { try await Task.sleep(for: Self.pause) }
                        // The server may have hung up already; what it said counts.
                        try? await outbound.write(ByteBuffer(string: piece))
                    }
                    if ending { outbound.finish() }
                    return await Self.read(inbound, answers: count)
                }
            }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw Silent()
            }
            let answers = try await group.next()
            group.cancelAll()
            return answers ?? []
        }
    }

    private static func read(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        answers count: Int
    ) async -> [RawAnswer] {
        var received = ""
        do {
            for try await buffer in inbound {
                received += String(buffer: buffer)
                if RawAnswer.all(in: received).count >= count { break }
            }
        } catch {
            // Reset by the server: what came before counts.
        }
        return RawAnswer.all(in: received)
    }
}

/// One answer as it came over the wire.
struct RawAnswer {
    let status: Int
    let head: String
    let body: String

    /// The complete answers in what was received.
    static func all(in text: String) -> [RawAnswer] {
        var answers: [RawAnswer] = []
        var rest = text[...]
        while let end = rest.firstRange(of: "\r\n\r\n") {
            let head = rest[..<end.lowerBound]
            guard
                let next = rest.utf8.index(
                    end.upperBound,
                    offsetBy: length(of: head),
                    limitedBy: rest.endIndex
                )
            else { break }
            answers.append(
                RawAnswer(
                    status: head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0,
                    head: head.lowercased(),
                    body: String(rest[end.upperBound..<next])
                )
            )
            rest = rest[next...]
        }
        return answers
    }

    private static func length(of head: Substring) -> Int {
        head.split(separator: "\r\n")
            .first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
    }
}
