package import Hummingbird
import NIOCore

/// What a request brings beside itself: its connection, and the address that it comes from.
package struct ServerContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Where the client is: what the connection says, until ``ClientAddress`` knows better.
    package internal(set) var remoteAddress: String
    /// Whether too many others are being answered already.
    package internal(set) var isPastCapacity = false
    /// Among which it is counted; `nil` where nobody counts.
    var inProgress: RequestsInProgress?

    package init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remoteAddress = Self.unmapped(source.channel.remoteAddress?.ipAddress ?? "local")
    }

    /// The other end of the connection itself; `nil` if there is none.
    var connectionAddress: String? { channel.remoteAddress?.ipAddress }

    /// An IPv4 address as itself where a socket for both families shows it as `::ffff:192.0.2.1`:
    /// by their first 64 bits these would all be one network, and share its limits.
    static func unmapped(_ address: String) -> String {
        let prefix = "::ffff:"
        guard address.hasPrefix(prefix), address.contains(".") else { return address }
        return String(address.dropFirst(prefix.count))
    }
}
