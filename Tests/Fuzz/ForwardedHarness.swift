import Foundation

@testable import MartletServer

extension Harness {
    /// What proxies say about the client's address, the lines of a header with line feeds between
    /// them; and addresses by themselves.
    static let forwarded = Harness(name: "forwarded") { bytes in
        try AddressRules.checkAddress(bytes.text)
        try AddressRules.checkRange(bytes.text)
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { [UInt8]($0).text }
        try ForwardedRules.check(
            lines,
            ForwardedRules.Header(addedHop: "6.6.6.6, ") {
                ForwardedHeader.hops(inForwardedFor: $0)
            } client: {
                ForwardedRules.client(forwardedFor: $0, forwarded: [])
            }
        )
        try ForwardedRules.check(
            lines,
            ForwardedRules.Header(addedHop: "for=6.6.6.6, ") {
                ForwardedHeader.hops(inForwarded: $0)
            } client: {
                ForwardedRules.client(forwardedFor: [], forwarded: $0)
            }
        )
    }
}

/// What holds of the headers that proxies write.
private enum ForwardedRules {
    struct Header {
        /// What somebody writes to the left of all that is there.
        let addedHop: String
        let hops: ([String]) -> [IPAddress?]
        let client: ([String]) -> String

        init(
            addedHop: String,
            hops: @escaping ([String]) -> [IPAddress?],
            client: @escaping ([String]) -> String
        ) {
            self.addedHop = addedHop
            self.hops = hops
            self.client = client
        }
    }

    private static let connection = "10.0.0.1"
    private static let ranges = ["10.0.0.0/8", "::1", "2001:db8::/32"].compactMap {
        AddressRange($0)
    }
    private static let proxies = TrustedProxies(ranges)

    static func client(forwardedFor: [String], forwarded: [String]) -> String {
        proxies.clientAddress(
            connection: connection,
            forwardedFor: forwardedFor,
            forwarded: forwarded
        )
    }

    static func check(_ lines: [String], _ header: Header) throws {
        for hop in header.hops(lines) {
            guard let hop else { continue }
            try require(IPAddress(hop.description) == hop, "an address comes back the same")
        }
        let client = header.client(lines)
        let address = try require(IPAddress(client), "the client has an address")
        try require(address.description == client, "it has one spelling")
        guard !ranges.contains(where: { $0.contains(address) }) else { return }
        let more = [header.addedHop + (lines.first ?? "")] + lines.dropFirst()
        let length = more.reduce(0) { $0 + $1.utf8.count }
        guard length <= ForwardedHeader.maximumLength else { return }
        try require(
            header.client(more) == client,
            "what stands left of the first that nobody vouches for does not count"
        )
    }
}

/// What holds of addresses: they are those that the C library reads.
private enum AddressRules {
    static func checkAddress(_ text: String) throws {
        let foreign = foreign(text)
        guard let address = IPAddress(text) else {
            try require(foreign == nil, "an address that the C library reads is refused")
            return
        }
        let bytes = try require(foreign, "an address is accepted that the C library refuses")
        try require(
            bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) } == address.high
                && bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) } == address.low,
            "an address has the bits that the C library reads"
        )
        try require(IPAddress(address.description) == address, "an address comes back the same")
    }

    static func checkRange(_ text: String) throws {
        guard let range = AddressRange(text) else { return }
        let parts = text.split(separator: "/")
        let network = try require(IPAddress(parts[0]), "a range begins with an address")
        try require(range.contains(network), "a range holds its first address")
        let first = IPAddress(network.description).map { AddressRange($0.description) }
        try require(first != nil, "one address is a range")
        if range.isEverything {
            let any = IPAddress(network.isIPv4 ? "203.0.113.7" : "2001:db8::7")
            try require(any.map(range.contains) ?? false, "everything is everything")
        }
    }

    /// The sixteen bytes that `inet_pton` reads, an IPv4 address as IPv6 maps it.
    private static func foreign(_ text: String) -> [UInt8]? {
        // To the C library a text ends at its first zero byte.
        guard !text.utf8.contains(0) else { return nil }
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, text, &four) == 1 {
            return [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + four
        }
        var sixteen = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, text, &sixteen) == 1 ? sixteen : nil
    }
}
