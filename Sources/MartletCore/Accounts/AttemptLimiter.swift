import Synchronization

/// Slows down the guessing of passwords, before any hash is computed.
///
/// Failures are counted for the pair of account and address first, so that a stranger's guesses
/// from elsewhere do not lock the owner out at once, and more generously for the address and the
/// account alone, which bounds spraying and distributed guessing. A browser that signed in to the
/// account before has a share of its own, which no stranger's guesses use up: the owner is not
/// locked out by others. Counts are in memory, bounded, and forgotten after a quarter of an hour.
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
        /// The account from browsers that it was signed in from before.
        case known(name: String)
    }

    /// Who comes from this machine's own address.
    package enum Loopback: Sendable {
        /// Perhaps a proxy that nobody told the server of, and so everybody.
        case everybody
        /// Whoever is on this machine: the proxies are known, and the address that counts is that
        /// of whom they speak for.
        case thisMachine
    }

    private let attempts: Int
    private let loopback: Loopback
    private let failures = BoundedCache<Key, Failures>(capacity: remembered)
    /// Held while the counts of one attempt are read and written.
    private let counting = Mutex(())

    package init(attempts: Int, loopback: Loopback = .everybody) {
        self.attempts = attempts
        self.loopback = loopback
    }

    /// Whether another attempt may be made now. One that may is counted as a failure until it
    /// turns out to be none: guesses at the same moment cannot all slip in before the first of
    /// them is judged.
    ///
    /// - Parameter known: whether it comes from a browser that signed in to this account before,
    ///   and proved it.
    package func begin(
        name: String,
        address: String,
        at now: Instant,
        known: Bool
    ) -> Bool {
        counting.withLock { _ in
            let keys = keys(name: name, address: address, known: known)
            guard keys.allSatisfy({ count($0, at: now) < attempts * $1 }) else { return false }
            for (key, _) in keys { add(1, to: key, at: now) }
            return true
        }
    }

    /// The attempt was the owner's: it counts for nobody, and the earlier failures of this account
    /// from this address, or from known browsers, are forgotten.
    package func succeeded(name: String, address: String, at now: Instant, known: Bool) {
        takeBack(name: name, address: address, at: now, known: known)
        counting.withLock { _ in
            let keys = keys(name: name, address: address, known: known)
            for (key, share) in keys where share == 1 { failures[key] = nil }
        }
    }

    /// The attempt was not judged at all: it counts for nobody.
    package func takeBack(name: String, address: String, at now: Instant, known: Bool) {
        counting.withLock { _ in
            for (key, _) in keys(name: name, address: address, known: known) {
                add(-1, to: key, at: now)
            }
        }
    }

    private func count(_ key: Key, at now: Instant) -> Int {
        guard let failures = failures[key], now - failures.since < Self.window else { return 0 }
        return failures.count
    }

    private func add(_ change: Int, to key: Key, at now: Instant) {
        let count = count(key, at: now)
        let since = count == 0 ? now : failures[key]?.since ?? now
        let changed = count + change
        failures[key] = changed > 0 ? Failures(count: changed, since: since) : nil
    }

    private func keys(
        name: String,
        address: String,
        known: Bool
    ) -> [(Key, share: Int)] {
        let name = Self.cut(name)
        // Nothing that strangers can count up: neither the account nor an address shared with them.
        if known { return [(.known(name: name), 1)] }
        let network = Self.network(of: address)
        var keys: [(Key, share: Int)] = [
            (.pair(name: name, address: network), 1),
            (.name(name), Self.generosity),
        ]
        if loopback == .thisMachine || !Self.isLoopback(network) {
            keys.append((.address(network), Self.generosity))
        }
        return keys
    }

    private static func cut(_ name: String) -> String {
        guard name.utf8.count > maximumName else { return name }
        return String(decoding: name.utf8.prefix(maximumName), as: UTF8.self)
    }

    static func isLoopback(_ network: String) -> Bool {
        network.hasPrefix("127.") || network == "0:0:0:0"
    }

    /// An IPv4 address itself, also one that a socket for both families spells `::ffff:192.0.2.1`;
    /// of an IPv6 address its first 64 bits, which one subscriber has.
    static func network(of address: String) -> String {
        guard address.contains(":") else { return address }
        if address.contains("."), let mapped = address.split(separator: ":").last {
            return String(mapped)
        }
        let halves = address.split(separator: "::", omittingEmptySubsequences: false)
        var groups = halves[0].split(separator: ":").map(String.init)
        if halves.count == 2 {
            let tail = halves[1].split(separator: ":").count
            groups += Array(repeating: "0", count: max(0, 8 - groups.count - tail))
            groups += halves[1].split(separator: ":").map(String.init)
        }
        return groups.prefix(4).map(Self.canonical).joined(separator: ":")
    }

    /// Lower case, without leading zeros.
    private static func canonical(_ group: String) -> String {
        let digits = group.lowercased().drop { $0 == "0" }
        return digits.isEmpty ? "0" : String(digits)
    }
}
