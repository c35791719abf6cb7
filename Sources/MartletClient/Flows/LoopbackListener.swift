import Dispatch
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A listener on 127.0.0.1 for one answer of one sign-in (RFC 8252 §7.3).
///
/// It serves the browser's own habits as well: connections that are opened ahead and never used, and
/// requests for an icon. Whatever is not the answer gets 404 and changes nothing, so a page of a
/// stranger that guesses the port cannot end a sign-in.
final class LoopbackListener: Sendable {
    /// At the same moment; a browser opens two or three. The oldest gives way.
    static let maximumConnections = 16
    /// The longest request: a code, a state and a browser's header are a few kilobytes.
    static let maximumRequest = 32 * 1024

    private let listening: Int32
    /// Written to when the wait is called off.
    private let wake: (reading: Int32, writing: Int32)
    private let queue = DispatchQueue(label: "martlet.loopback")

    /// The port that the system chose, or the one that was asked for.
    let port: Int

    /// - Parameter port: 0 for any that is free.
    init(port: Int) throws(ClientError) {
        let listening = LoopbackSocket.listen(port: port)
        var ends: [Int32] = [-1, -1]
        guard let listening, pipe(&ends) == 0 else {
            throw ClientError(.unsupported, "There is no port on 127.0.0.1 to listen on.")
        }
        self.listening = listening.descriptor
        self.port = listening.port
        wake = (ends[0], ends[1])
    }

    deinit {
        close(listening)
        close(wake.reading)
        close(wake.writing)
    }

    /// Waits for the answer and thanks for it with a page.
    ///
    /// - Parameters:
    ///   - page: What the browser shows afterwards, as HTML.
    ///   - isAnswer: Whether a request's target, path and query, is the answer.
    /// - Returns: The answer's target.
    /// - Throws: `CancellationError`.
    func answer(
        page: @escaping @Sendable (String) -> String,
        where isAnswer: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        let target: String? = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                queue.async { [self] in
                    continuation.resume(returning: serve(page: page, where: isAnswer))
                }
            }
        } onCancel: {
            var signal: UInt8 = 1
            _ = write(wake.writing, &signal, 1)
        }
        guard let target else { throw CancellationError() }
        return target
    }

    private struct Connection {
        let descriptor: Int32
        var bytes: [UInt8] = []
    }

    /// One thread, until the answer is there (its target) or the wait is called off (nil).
    private func serve(
        page: (String) -> String,
        where isAnswer: (String) -> Bool
    ) -> String? {
        var connections: [Connection] = []
        defer { connections.forEach { close($0.descriptor) } }
        while true {
            var watched = [wake.reading, listening] + connections.map(\.descriptor)
            let ready = Self.readable(&watched)
            if ready.contains(wake.reading) { return nil }
            for index in connections.indices.reversed()
            where ready.contains(connections[index].descriptor) {
                switch Self.read(&connections[index]) {
                case .more:
                    continue
                case .over:
                    break
                case .request(let target) where isAnswer(target):
                    Self.send(.ok, page(target), to: connections[index].descriptor)
                    return target
                case .request:
                    Self.send(.notFound, "Not found", to: connections[index].descriptor)
                }
                close(connections.remove(at: index).descriptor)
            }
            if ready.contains(listening), let accepted = LoopbackSocket.accept(listening) {
                if connections.count == Self.maximumConnections {
                    close(connections.removeFirst().descriptor)
                }
                connections.append(Connection(descriptor: accepted))
            }
        }
    }

    /// Waits until one of some descriptors can be read.
    private static func readable(_ descriptors: inout [Int32]) -> Set<Int32> {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&polled, nfds_t(polled.count), -1) > 0 else { return [] }
        return Set(polled.filter { $0.revents != 0 }.map(\.fd))
    }

    private enum Reading {
        case more
        case request(target: String)
        /// The browser went away, or sends what is no request.
        case over
    }

    private static func read(_ connection: inout Connection) -> Reading {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(connection.descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return .more }
        guard count > 0 else { return .over }
        connection.bytes += buffer[..<count]
        guard connection.bytes.firstRange(of: Array("\r\n\r\n".utf8)) != nil else {
            return connection.bytes.count > maximumRequest ? .over : .more
        }
        let line = connection.bytes.prefix { $0 != UInt8(ascii: "\r") }
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 3, words[0].elementsEqual("GET".utf8) else {
            return .request(target: "")
        }
        return .request(target: String(decoding: words[1], as: UTF8.self))
    }

    private enum Status: String {
        case ok = "200 OK"
        case notFound = "404 Not Found"
    }

    /// The page is a few hundred bytes, which a new connection takes at once.
    private static func send(_ status: Status, _ page: String, to descriptor: Int32) {
        let head = [
            "HTTP/1.1 \(status.rawValue)", "Content-Type: text/html; charset=utf-8",
            "Content-Length: \(page.utf8.count)", "Cache-Control: no-store",
            "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'",
            "Referrer-Policy: no-referrer", "Connection: close",
        ]
        let bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n" + page).utf8)
        LoopbackSocket.send(bytes, to: descriptor)
        shutdown(descriptor, Int32(SHUT_WR))
    }
}

/// The calls for sockets on 127.0.0.1, which differ between systems in small ways.
private enum LoopbackSocket {
    static func listen(port: Int) -> (descriptor: Int32, port: Int)? {
        guard let port = in_port_t(exactly: port) else { return nil }
        #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { return nil }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound, closesOnExec(descriptor), neverWaits(descriptor),
            Self.start(descriptor)
        else {
            close(descriptor)
            return nil
        }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }

    private static func start(_ descriptor: Int32) -> Bool {
        #if canImport(Darwin)
            Darwin.listen(descriptor, 8) == 0
        #elseif canImport(Musl)
            Musl.listen(descriptor, 8) == 0
        #else
            Glibc.listen(descriptor, 8) == 0
        #endif
    }

    static func accept(_ listening: Int32) -> Int32? {
        #if canImport(Darwin)
            let descriptor = Darwin.accept(listening, nil, nil)
        #elseif canImport(Musl)
            let descriptor = Musl.accept(listening, nil, nil)
        #else
            let descriptor = Glibc.accept(listening, nil, nil)
        #endif
        guard descriptor >= 0 else { return nil }
        guard closesOnExec(descriptor), neverWaits(descriptor) else {
            close(descriptor)
            return nil
        }
        #if canImport(Darwin)
            var yes: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, size)
        #endif
        return descriptor
    }

    static func send(_ bytes: [UInt8], to descriptor: Int32) {
        #if canImport(Darwin)
            _ = Darwin.send(descriptor, bytes, bytes.count, 0)
        #elseif canImport(Musl)
            _ = Musl.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        #else
            _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        #endif
    }

    private static func closesOnExec(_ descriptor: Int32) -> Bool {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
    }

    private static func neverWaits(_ descriptor: Int32) -> Bool {
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0
    }
}
