import NIOCore
import NIOPosix

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Asks the system for the addresses of a host's name.
enum NameResolution {
    /// All addresses of the name, the preferred one first (RFC 6724). None if there is no such host.
    ///
    /// The system's resolver waits for name servers as long as the operator set in resolv.conf.
    static func addresses(of host: String) async throws -> [IPAddress] {
        try await NIOThreadPool.singleton.runIfActive { lookUp(host) }
    }

    private static func lookUp(_ host: String) -> [IPAddress] {
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, nil, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        var addresses: [IPAddress] = []
        var next = first
        while let entry = next?.pointee {
            // Each address comes once for each kind of socket.
            if let address = address(entry), !addresses.contains(address) {
                addresses.append(address)
            }
            next = entry.ai_next
        }
        return addresses
    }

    private static func address(_ entry: addrinfo) -> IPAddress? {
        guard let raw = UnsafeRawPointer(entry.ai_addr) else { return nil }
        let address: SocketAddress
        switch entry.ai_family {
        case AF_INET: address = SocketAddress(raw.loadUnaligned(as: sockaddr_in.self))
        case AF_INET6: address = SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self))
        case _: return nil
        }
        return address.ipAddress.flatMap { IPAddress($0) }
    }
}
