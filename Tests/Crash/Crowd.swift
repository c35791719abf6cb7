import Foundation
import MartletTesting

/// Thousands of plain connections, each with one request at a time. The HTTP client of the other
/// tests would take half a minute to open so many.
final class Crowd {
    /// What one of them was told.
    struct Answer: Sendable {
        /// Who asked.
        let index: Int
        let outcome: TokenClient.Outcome

        var isRefusal: Bool {
            if case .unavailable = outcome { true } else { false }
        }
    }

    private var connections: [Int32] = []
    private var received: [[UInt8]] = []
    /// Those who have asked and not been answered.
    private var waiting: Set<Int> = []

    init(of size: Int, at server: ServerProcess) throws {
        for _ in 0..<size {
            let connection = try server.connect()
            _ = fcntl(connection, F_SETFL, O_NONBLOCK)
            connections.append(connection)
        }
        received = Array(repeating: [], count: size)
    }

    deinit {
        for connection in connections { close(connection) }
    }

    /// Has one of them send a request, which is small enough to be sent at once.
    func ask(_ index: Int, _ request: [UInt8]) throws {
        let count = send(connections[index], request, request.count, Int32(MSG_NOSIGNAL))
        guard count == request.count else { throw CocoaError(.fileWriteUnknown) }
        received[index] = []
        waiting.insert(index)
    }

    /// The next answers, once there are so many or the time is over.
    func answers(_ count: Int, within patience: Duration = .seconds(30)) async throws -> [Answer] {
        let end = ContinuousClock.now + patience
        var answers: [Answer] = []
        while answers.count < count, ContinuousClock.now < end {
            let indices = Array(waiting)
            var polled = indices.map {
                pollfd(fd: connections[$0], events: Int16(POLLIN), revents: 0)
            }
            if poll(&polled, nfds_t(polled.count), 0) == 0 {
                try await Task.sleep(for: .milliseconds(2))
                continue
            }
            for (index, state) in zip(indices, polled) where state.revents != 0 {
                guard let outcome = receive(index) else { continue }
                waiting.remove(index)
                answers.append(Answer(index: index, outcome: outcome))
            }
        }
        return answers
    }

    /// What came, if it is a whole answer.
    private func receive(_ index: Int) -> TokenClient.Outcome? {
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        let count = recv(connections[index], &bytes, bytes.count, 0)
        guard count > 0 else { return count < 0 && errno == EAGAIN ? nil : .lost }
        received[index] += bytes[..<count]
        let text = String(decoding: received[index], as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.lowerBound].components(separatedBy: "\r\n")
        let body = text[end.upperBound...]
        let length = Self.field("content-length", of: head).flatMap { Int($0) } ?? 0
        guard body.utf8.count >= length else { return nil }
        return .init(
            status: Int(head[0].split(separator: " ").dropFirst().first ?? "") ?? 0,
            retryAfter: Self.field("retry-after", of: head),
            body: Array(body.utf8)
        )
    }

    private static func field(_ name: String, of head: [String]) -> String? {
        head.first { $0.lowercased().hasPrefix(name + ":") }?
            .dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
    }
}
