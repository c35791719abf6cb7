import Foundation
package import MartletCore
import Synchronization

/// The database's clock, as this process can tell it without asking each time: its own clock, and
/// by how much the two differ.
///
/// Families are judged by one clock, whichever node they come to, so nodes may be minutes apart.
package final class DatabaseClock: Sendable {
    /// A sample is as good as its round trip was short; after so long any newer one is better, for
    /// clocks drift and are set.
    private static let sampleLifetime: Int64 = 10_000_000

    private struct Sample {
        var roundTrip: Int64
        var takenAt: Int64
    }

    enum Reason {
        /// One more answer of the same database.
        case continued
        /// A new connection, perhaps to another server.
        case afresh
    }

    private let offset = Atomic<Int64>(0)
    private let best = Mutex<Sample?>(nil)
    /// Takes the place of the database's clock in tests.
    private let given: (@Sendable () -> Instant)?

    init(given: (@Sendable () -> Instant)?) {
        self.given = given
    }

    /// This process's own clock, in microseconds.
    static func local() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// What the database's clock shows now, to about half a round trip.
    package var now: Instant { given?() ?? estimate }

    private var estimate: Instant {
        Instant(microseconds: Self.local() + offset.load(ordering: .relaxed))
    }

    /// The time of an answer that tells the database's clock.
    func time(of answer: Instant) -> Instant { given?() ?? answer }

    /// What the test's clock shows, for statements that compare with it in the database.
    var override: Int64? { given?().microseconds }

    /// Takes note of an answer that tells the database's time, and when that was asked for.
    func note(_ database: Instant, sent: Int64, received: Int64, _ reason: Reason = .continued) {
        let roundTrip = max(0, received - sent)
        best.withLock { best in
            let isBetter =
                switch (reason, best) {
                case (.afresh, _), (_, nil): true
                case (.continued, let known?):
                    roundTrip <= known.roundTrip || received < known.takenAt
                        || received - known.takenAt > Self.sampleLifetime
                }
            guard isBetter else { return }
            best = Sample(roundTrip: roundTrip, takenAt: received)
            offset.store(database.microseconds - (sent + roundTrip / 2), ordering: .relaxed)
        }
    }

    // MARK: Keys of the audit log

    private let lastKey = Atomic<Int64>(0)

    /// A key for an entry of the audit log: microseconds of the database's clock, each once in this
    /// process, and 11 random bits, so that two nodes do not meet.
    func nextKey() -> Int64 {
        let now = estimate.microseconds
        var known = lastKey.load(ordering: .relaxed)
        while true {
            let next = max(known + 1, now)
            let (exchanged, original) = lastKey.compareExchange(
                expected: known,
                desired: next,
                ordering: .relaxed
            )
            if exchanged { return next << 11 | Int64.random(in: 0..<(1 << 11)) }
            known = original
        }
    }
}
