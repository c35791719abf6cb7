import Synchronization

/// How often devices ask whether their person is done, and how many begin: in memory, so that
/// neither costs a write.
///
/// Each server process counts for itself, and forgets when it stops. That is good enough: the
/// counts keep devices from asking too often, and no secret hangs on them.
final class DevicePacing: Sendable {
    /// Devices that may begin within a code's lifetime, in all: what is kept of them is bounded,
    /// and so is the number of codes that a guess could meet.
    static let maximumCodes = 10_000
    /// The same for one network: a shop full of televisions, or somebody who tries.
    static let maximumCodesOfNetwork = 100
    /// What a poll that came too soon adds to the interval (RFC 8628 §3.5).
    static let slowingDown: Duration = .seconds(5)
    /// What part of the interval a poll may come early: an answer takes longer one time than the
    /// other.
    static let tolerance = 10

    private struct Pace {
        let last: Instant
        let interval: Duration
    }

    private struct Count {
        var number: Int
        let since: Instant
    }

    private let interval: Duration
    private let window: Duration
    private let loopback: AttemptLimiter.Loopback
    private let paces = BoundedCache<OneTimeKey, Pace>(capacity: 4 * maximumCodes)
    private let networks = BoundedCache<String, Count>(capacity: 4 * maximumCodes)
    private let everybody = Mutex<Count?>(nil)

    /// - Parameters:
    ///   - interval: how long a device waits between two polls.
    ///   - lifetime: a code's.
    init(interval: Duration, lifetime: Duration, loopback: AttemptLimiter.Loopback = .everybody) {
        self.loopback = loopback
        self.interval = interval
        window = lifetime
    }

    /// A device asks. Whether it waited as long as it was told to; if not, it has to wait longer
    /// from now on.
    func poll(_ key: OneTimeKey, at now: Instant) -> Bool {
        everybody.withLock { _ in
            guard let pace = paces[key] else {
                paces[key] = Pace(last: now, interval: interval)
                return true
            }
            let isInTime = now - pace.last >= pace.interval - pace.interval / Self.tolerance
            let interval = isInTime ? pace.interval : pace.interval + Self.slowingDown
            paces[key] = Pace(last: now, interval: interval)
            return isInTime
        }
    }

    /// A device wants to begin.
    ///
    /// - Returns: how long it has to wait if it is one too many, and is then not counted.
    func begin(from address: String, at now: Instant) -> Duration? {
        let network = AttemptLimiter.network(of: address)
        return everybody.withLock { all in
            var total = current(all, at: now)
            var here = current(networks[network], at: now)
            let isEverybody = loopback == .everybody && AttemptLimiter.isLoopback(network)
            let limit = isEverybody ? Self.maximumCodes : Self.maximumCodesOfNetwork
            guard here.number < limit else { return here.since + window - now }
            guard total.number < Self.maximumCodes else { return total.since + window - now }
            here.number += 1
            total.number += 1
            networks[network] = here
            all = total
            return nil
        }
    }

    private func current(_ count: Count?, at now: Instant) -> Count {
        guard let count, now - count.since < window else { return Count(number: 0, since: now) }
        return count
    }
}
