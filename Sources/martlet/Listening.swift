import Hummingbird
import NIOCore
import ServiceLifecycle
import UnixSignals

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Runs an application until it is told to stop; what keeps it from listening becomes a sentence.
enum Listening {
    /// How long requests that have begun may take to end after the server was told to stop.
    private static let patience: Duration = .seconds(10)

    /// - Parameter others: what is told to stop before it, and it only after they did.
    static func run(
        _ application: some ApplicationProtocol,
        endingFirst others: [any Service] = [],
        host: String,
        port: Int
    ) async throws {
        try await explain(host: host, port: port) {
            var configuration = ServiceGroupConfiguration(
                // The last one is the first that is told.
                services: ([application] + others).map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: application.logger
            )
            configuration.maximumGracefulShutdownDuration = patience
            try await ServiceGroup(configuration: configuration).run()
        }
    }

    /// Turns what keeps `body` from listening on this address into a sentence.
    static func explain(
        host: String,
        port: Int,
        _ body: () async throws -> Void
    ) async throws {
        do {
            try await body()
        } catch let error as IOError {
            throw Refusal(sentence(for: error.errnoCode, address: "\(host):\(port)"))
        } catch is SocketAddressError {
            throw Refusal("The address \(host):\(port) cannot be listened on: no such host.")
        }
    }

    private static func sentence(for code: CInt, address: String) -> String {
        switch code {
        case EADDRINUSE:
            "Something listens on \(address) already; stop it, or choose another port."
        case EACCES: "The system does not allow this user to listen on \(address)."
        case EADDRNOTAVAIL: "This machine has no address \(address) to listen on."
        default: "The address \(address) cannot be listened on: \(String(cString: strerror(code)))."
        }
    }
}

/// Finds the port that 0 stands for before the server starts, since the issuer's URL names it.
enum FreePort {
    static func resolve(_ port: Int) throws -> Int {
        guard port == 0 else { return port }
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
            }
        }
        guard bound else { throw Refusal("There is no free port on loopback.") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }
}
