import MartletCore

/// What kind of network an address belongs to, as far as calls from here are concerned (the
/// registries of RFC 6890 and its followers).
enum AddressKind: Sendable, Equatable, CaseIterable {
    case internet
    /// Private, or shared with a provider.
    case ownNetwork
    /// Loopback.
    case thisMachine
    /// No client of anybody's is there: this host, this link (where clouds keep the machine's own
    /// credentials), groups of hosts, examples, tunnels, what is reserved.
    case neverCalled

    /// The rule of which calls are made:
    ///
    /// | the address is | on the internet's behalf | on behalf of our own network |
    /// | --- | --- | --- |
    /// | of the internet | with TLS | with TLS |
    /// | of a private network | no | with TLS |
    /// | this machine's | no | with TLS or without |
    /// | anything else | no | no |
    func permits(_ transport: Transport, reach: LogoutCall.Reach) -> Bool {
        switch (self, reach) {
        case (.internet, _), (.ownNetwork, .ownNetwork): transport == .tls
        case (.thisMachine, .ownNetwork): true
        case (.ownNetwork, .internet), (.thisMachine, .internet), (.neverCalled, _): false
        }
    }

    /// How a call is protected.
    enum Transport: String, Sendable, CaseIterable {
        case tls = "https"
        case plain = "http"
    }
}

extension IPAddress {
    /// What the address is. Of IPv6 only what is given to the internet counts as such (RFC 4291
    /// §2.4); an IPv4 address that is dressed up as IPv6 is what it is undressed.
    var kind: AddressKind {
        if isIPv4 { return Self.first(of: Self.ipv4, containing: self) ?? .internet }
        if Self.translated.contains(self) {
            // Where there is IPv6 only, a translator reaches the IPv4 internet (RFC 6052).
            return embedded.kind == .internet ? .internet : .neverCalled
        }
        if let kind = Self.first(of: Self.ipv6, containing: self) { return kind }
        return Self.global.contains(self) ? .internet : .neverCalled
    }

    private static let ipv4: [(AddressRange, AddressKind)] = [
        (range("127.0.0.0/8"), .thisMachine), (range("10.0.0.0/8"), .ownNetwork),
        (range("172.16.0.0/12"), .ownNetwork), (range("192.168.0.0/16"), .ownNetwork),
        (range("100.64.0.0/10"), .ownNetwork), (range("0.0.0.0/8"), .neverCalled),
        (range("169.254.0.0/16"), .neverCalled), (range("192.0.0.0/24"), .neverCalled),
        (range("192.0.2.0/24"), .neverCalled), (range("192.88.99.0/24"), .neverCalled),
        (range("198.18.0.0/15"), .neverCalled), (range("198.51.100.0/24"), .neverCalled),
        (range("203.0.113.0/24"), .neverCalled), (range("224.0.0.0/3"), .neverCalled),
    ]

    private static let ipv6: [(AddressRange, AddressKind)] = [
        (range("::1"), .thisMachine), (range("fc00::/7"), .ownNetwork),
        (range("2001::/23"), .neverCalled), (range("2001:db8::/32"), .neverCalled),
        (range("2002::/16"), .neverCalled), (range("3fff::/20"), .neverCalled),
    ]

    private static let global = range("2000::/3")
    private static let translated = range("64:ff9b::/96")

    private static func range(_ text: String) -> AddressRange {
        guard let range = AddressRange(text) else { preconditionFailure("no range: \(text)") }
        return range
    }

    private static func first(
        of ranges: [(AddressRange, AddressKind)],
        containing address: IPAddress
    ) -> AddressKind? {
        ranges.first { $0.0.contains(address) }?.1
    }

    /// The IPv4 address in the last 32 bits.
    private var embedded: IPAddress {
        let text = [24, 16, 8, 0].map { String(low >> $0 & 0xFF) }.joined(separator: ".")
        guard let address = IPAddress(text) else { preconditionFailure("no address: \(text)") }
        return address
    }
}
