/// Slows down the guessing of passwords, before any hash is computed.
///
/// Failures are counted for the pair of account and address first, so that a stranger's guesses
/// from elsewhere do not lock the owner out at once, and more generously for the address and the
/// account alone, which bounds spraying and distributed guessing. Counts are in memory, bounded,
/// and forgotten after a quarter of an hour.
package final class AttemptLimiter: Sendable {
    static let window: Duration = .minutes(15)
    static let remembered = 30_000
    /// Bytes of a name that count; no account has a longer one, and a stranger may send 64 KiB.
    static let maximumName = 256
    /// How many times the limit of a pair an address or an account alone may fail.
    static let generosity = 10

    private struct Failures {
        var count: Int
        var since: Instant
    }

    private enum Key: Hashable {
        case pair(name: String, address: String)
        case address(String)
        case name(String)
    }

    private let attempts: Int
    private let failures = BoundedCache<Key, Failures>(capacity: remembered)

    package init(attempts: Int) {
        self.attempts = attempts
    }

    /// Whether another attempt may be made now.
    package func allows(name: String, address: String, at now: Instant) -> Bool {
        Self.keys(name: name, address: address).allSatisfy { key, share in
            count(key, at: now) < attempts * share
        }
    }

    /// Counts a failure.
    package func failed(name: String, address: String, at now: Instant) {
        for (key, _) in Self.keys(name: name, address: address) {
            let count = count(key, at: now)
            let since = count == 0 ? now : failures[key]?.since ?? now
            failures[key] = Failures(count: count + 1, since: since)
        }
    }

    /// Forgets the failures of this account from this address: its owner signed in.
    package func succeeded(name: String, address: String) {
        failures[.pair(name: Self.cut(name), address: Self.network(of: address))] = nil
    }

    private func count(_ key: Key, at now: Instant) -> Int {
        guard let failures = failures[key], now - failures.since < Self.window else { return 0 }
        return failures.count
    }

    private static func keys(name: String, address: String) -> [(Key, share: Int)] {
        let name = cut(name)
        let network = network(of: address)
        return [
            (.pair(name: name, address: network), 1),
            (.address(network), generosity),
            (.name(name), generosity),
        ]
    }

    private static func cut(_ name: String) -> String {
        guard name.utf8.count > maximumName else { return name }
        return String(decoding: name.utf8.prefix(maximumName), as: UTF8.self)
    }

    /// An IPv4 address itself; of an IPv6 address its first 64 bits, which one subscriber has.
    static func network(of address: String) -> String {
        guard address.contains(":") else { return address }
        let halves = address.split(separator: "::", omittingEmptySubsequences: false)
        var groups = halves[0].split(separator: ":").map(String.init)
        if halves.count == 2 {
            let tail = halves[1].split(separator: ":").count
            groups += Array(repeating: "0", count: max(0, 8 - groups.count - tail))
            groups += halves[1].split(separator: ":").map(String.init)
        }
        return groups.prefix(4).joined(separator: ":")
    }
}
