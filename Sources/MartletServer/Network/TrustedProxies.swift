/// The proxies in front of the server, whose word about the client's address counts.
///
/// Each proxy on the way notes whom it got the request from, at the right end of a header. From
/// there leftwards the notes are believed for as long as the one who made them is a trusted proxy;
/// what stands further left anybody may have written.
package struct TrustedProxies: Sendable, Equatable {
    /// The published ranges of a large content delivery network fit several times.
    package static let maximumRanges = 1000
    /// Proxies in a row. Each costs a look through all ranges.
    static let maximumHops = 16

    /// The server is on the network by itself: no header is looked at.
    package static let none = TrustedProxies([])

    private let ranges: [AddressRange]

    package init(_ ranges: [AddressRange]) {
        self.ranges = ranges
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// Where the client is.
    ///
    /// | the connection is from | the headers | the client's address |
    /// | --- | --- | --- |
    /// | somebody else | whatever they say | the connection's |
    /// | a trusted proxy | none | the connection's |
    /// | | malformed as far as they are read | the connection's |
    /// | | two kinds that contradict each other | the connection's |
    /// | | name somebody who is no trusted proxy | the right-most of those |
    /// | | name trusted proxies only | the left-most: all vouch for it |
    ///
    /// Two kinds contradict each other when a proxy sets the one and passes the other on as the
    /// client sent it; which is which cannot be told here, so neither is believed.
    ///
    /// - Parameters:
    ///   - forwardedFor: the lines of `X-Forwarded-For`, in their order.
    ///   - forwarded: the lines of `Forwarded` (RFC 7239), in their order.
    func clientAddress(
        connection: String,
        forwardedFor: [String],
        forwarded: [String]
    ) -> String {
        guard let peer = IPAddress(connection), trust(peer) else { return connection }
        var told: [IPAddress?] = []
        if !forwardedFor.isEmpty {
            told.append(client(among: ForwardedHeader.hops(inForwardedFor: forwardedFor)))
        }
        if !forwarded.isEmpty {
            told.append(client(among: ForwardedHeader.hops(inForwarded: forwarded)))
        }
        guard let first = told.first, let address = first, told.allSatisfy({ $0 == address }) else {
            return connection
        }
        return address.description
    }

    /// - Parameter hops: from the nearest on; `nil` for what is no address.
    private func client(among hops: [IPAddress?]) -> IPAddress? {
        for hop in hops.prefix(Self.maximumHops) {
            guard let hop else { return nil }
            if !trust(hop) { return hop }
        }
        return hops.count <= Self.maximumHops ? hops.last ?? nil : nil
    }

    private func trust(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }
}
