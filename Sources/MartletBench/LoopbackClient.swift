import Foundation

/// The smallest HTTP client: one request on a new connection to this machine, for what happens
/// before and between the loads.
struct LoopbackClient {
    let port: Int

    struct Answer {
        let status: Int
        /// The header as it came, with the blank line at its end.
        let head: String
        let body: String
    }

    /// - Returns: `nil` if nobody listens or the answer is none.
    func send(_ request: String) -> Answer? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        defer { close(socket) }
        guard connect(socket), write(request, to: socket) else { return nil }
        var bytes: [UInt8] = []
        while let more = read(from: socket) {
            bytes += more
            if let answer = Self.answer(in: bytes) { return answer }
        }
        return nil
    }

    /// Whether the server answers, and that it is well.
    func isHealthy() -> Bool {
        let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        return send(request)?.status == 200
    }

    private func connect(_ socket: Int32) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private func write(_ request: String, to socket: Int32) -> Bool {
        let bytes = Array(request.utf8)
        return Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// `nil` at the end.
    private func read(from socket: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// `nil` if it is not whole yet.
    static func answer(in bytes: [UInt8]) -> Answer? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.upperBound])
        let body = String(text[end.upperBound...])
        guard body.utf8.count >= contentLength(head),
            let status = head.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return Answer(status: status, head: head, body: body)
    }

    private static func contentLength(_ head: String) -> Int {
        for line in head.lowercased().split(whereSeparator: \.isNewline)
        where line.hasPrefix("content-length:") {
            return Int(line.dropFirst("content-length:".count).drop { $0 == " " }) ?? 0
        }
        return 0
    }

    /// A port of loopback that nobody listens on at this moment.
    static func freePort() throws -> Int {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard bound else { throw BenchError("there is no free port") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }
}
