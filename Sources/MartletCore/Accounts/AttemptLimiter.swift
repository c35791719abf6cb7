import Synchronization

/// Slows down the guessing of passwords, before any hash is computed.
///
/// Failures are counted for the pair of account and address first, so that a stranger's guesses
/// from elsewhere do not lock the owner out at once, and more generously for the address and the
/// account alone, which bounds spraying and distributed guessing. Counts are in memory, bounded,
/// and forgotten after a quarter of an hour.
package final class AttemptLimiter: Sendable {
    static let window: Duration = .minutes(15)
    static let remembered = 30_000
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
    /// Held while an attempt is judged and counted, so that parallel ones do not slip through.
    private let turn = Mutex(())

    package init(attempts: Int) {
        self.attempts = attempts
    }

    /// Whether another attempt may be made now. If so, it counts as failed until ``succeeded``
    /// takes that back.
    package func begin(name: String, address: String, at now: Instant) -> Bool {
        turn.withLock { _ in
            let keys = Self.keys(name: name, address: address)
            let mayTry = keys.allSatisfy { key, share in count(key, at: now) < attempts * share }
            guard mayTry else { return false }
            for (key, _) in keys {
                let count = count(key, at: now)
                let since = count == 0 ? now : failures[key]?.since ?? now
                failures[key] = Failures(count: count + 1, since: since)
            }
            return true
        }
    }

    /// The attempt was right: it is not counted, and the failures of this account from this address
    /// are forgotten.
    package func succeeded(name: String, address: String) {
        turn.withLock { _ in
            for (key, _) in Self.keys(name: name, address: address) {
                guard let failed = failures[key] else { continue }
                failures[key] = Failures(count: max(0, failed.count - 1), since: failed.since)
            }
            failures[.pair(name: name, address: Self.network(of: address))] = nil
        }
    }

    private func count(_ key: Key, at now: Instant) -> Int {
        guard let failures = failures[key], now - failures.since < Self.window else { return 0 }
        return failures.count
    }

    private static func keys(name: String, address: String) -> [(Key, share: Int)] {
        let network = network(of: address)
        var keys: [(Key, share: Int)] = [
            (.pair(name: name, address: network), 1),
            (.name(name), generosity),
        ]
        // Behind a proxy on this machine everybody comes from the same address.
        if !isLoopback(network) { keys.append((.address(network), generosity)) }
        return keys
    }

    private static func isLoopback(_ network: String) -> Bool {
        network.hasPrefix("127.") || network == "0:0:0:0"
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
