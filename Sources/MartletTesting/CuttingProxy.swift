import Foundation
import Synchronization

/// Stands between a store and its database, and cuts a connection on demand: after the database has
/// answered a certain statement, and before the store hears of it.
package final class CuttingProxy: Sendable {
    package let port: Int
    private let target: Int
    private let listener: Int32
    /// What the request contains whose answer is to be lost.
    private let armed = Mutex<[UInt8]?>(nil)
    private let cuts = Mutex(0)
    private let aftermath = Mutex(Aftermath.nextOnesGetThrough)
    /// Whether nobody gets through.
    private let isShut = Mutex(false)

    /// How many connections it has cut.
    package var count: Int { cuts.withLock { $0 } }

    package init(to target: Int) throws {
        self.target = target
        port = try ServerProcess.freePort()
        listener = Self.listen(on: port)
        guard listener >= 0 else { throw POSIXError(.EADDRINUSE) }
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// What becomes of connections after one was cut.
    package enum Aftermath: Sendable {
        case nextOnesGetThrough
        /// Nobody gets through until ``letThrough()``.
        case nobodyGetsThrough
    }

    /// Loses the answer to the next request that contains this text.
    package func loseAnswer(to text: String, _ aftermath: Aftermath = .nextOnesGetThrough) {
        self.aftermath.withLock { $0 = aftermath }
        armed.withLock { $0 = Array(text.utf8) }
    }

    package func letThrough() { isShut.withLock { $0 = false } }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            guard !isShut.withLock({ $0 }), let server = Self.connect(to: target) else {
                close(client)
                continue
            }
            let connection = Connection(client: client, server: server)
            Thread { [self] in carryRequests(of: connection) }.start()
            Thread { [self] in carryAnswers(of: connection) }.start()
        }
    }

    /// Both ends of a connection, and whether its next answer is to be lost.
    private final class Connection: Sendable {
        let client: Int32
        let server: Int32
        let isToBeCut = Mutex(false)

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }

        func cut() {
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    private func carryRequests(of connection: Connection) {
        Self.carry(from: connection.client, to: connection.server) { bytes in
            let isFound = armed.withLock { armed in
                guard let text = armed, bytes.contains(text) else { return false }
                armed = nil
                return true
            }
            if isFound { connection.isToBeCut.withLock { $0 = true } }
            return true
        }
        connection.cut()
    }

    private func carryAnswers(of connection: Connection) {
        Self.carry(from: connection.server, to: connection.client) { bytes in
            // "Z" with its length of 5: ready for the next request, so what was asked for is done.
            guard connection.isToBeCut.withLock({ $0 }),
                bytes.contains([UInt8(ascii: "Z"), 0, 0, 0, 5])
            else { return !connection.isToBeCut.withLock { $0 } }
            cuts.withLock { $0 += 1 }
            if aftermath.withLock({ $0 }) == .nobodyGetsThrough { isShut.withLock { $0 = true } }
            connection.cut()
            return false
        }
        connection.cut()
    }

    /// Carries what comes, if `passes` says so of it, until either end is closed.
    private static func carry(
        from source: Int32,
        to destination: Int32,
        _ passes: ([UInt8]) -> Bool
    ) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            let bytes = Array(buffer[..<count])
            guard passes(bytes) else { continue }
            var sent = 0
            while sent < count {
                let step = bytes[sent...].withUnsafeBytes {
                    send(destination, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard step > 0 else { return }
                sent += step
            }
        }
    }

    private static func listen(on port: Int) -> Int32 {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        let isBound = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        return isBound && Glibc.listen(socket, 64) == 0 ? socket : -1
    }

    private static func connect(to port: Int) -> Int32? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port)
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return socket }
        close(socket)
        return nil
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }
}
