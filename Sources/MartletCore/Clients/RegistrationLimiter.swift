import Synchronization

/// Counts what strangers do to the list of clients, so that nobody fills it or keeps all servers
/// busy reading it again. Counts are in memory, bounded, and forgotten after an hour.
final class RegistrationLimiter: Sendable {
    static let window: Duration = .hours(1)
    static let remembered = 10_000

    /// Who is counted, each with what is enough for honest use in an hour.
    enum Subject: Hashable {
        /// Registers without an initial access token: a developer who tries, an office behind one
        /// address.
        case network(String)
        /// Changes itself.
        case client(ClientID)

        var limit: Int { 20 }
    }

    private struct Count {
        var number: Int
        let since: Instant
    }

    private let counts = BoundedCache<Subject, Count>(capacity: remembered)
    /// Held while one count is read and written.
    private let counting = Mutex(())

    /// Counts one more.
    ///
    /// - Returns: how long to wait if it is one too many, and is then not counted.
    func begin(_ subject: Subject, at now: Instant) -> Duration? {
        counting.withLock { _ in
            var count = counts[subject] ?? Count(number: 0, since: now)
            if now - count.since >= Self.window { count = Count(number: 0, since: now) }
            guard count.number < subject.limit else { return count.since + Self.window - now }
            count.number += 1
            counts[subject] = count
            return nil
        }
    }
}
