package import MartletCore
import Synchronization

/// A clock that stands still until a test moves it, in either direction.
package final class ManualClock: Sendable {
    /// 2026-01-01T00:00:00Z.
    package static let start = Instant(seconds: 1_767_225_600)

    private let instant: Mutex<Instant>

    package init(_ instant: Instant = ManualClock.start) {
        self.instant = Mutex(instant)
    }

    package var now: Instant { instant.withLock { $0 } }

    package func advance(by duration: Duration) {
        instant.withLock { $0 = $0 + duration }
    }

    package func set(_ instant: Instant) {
        self.instant.withLock { $0 = instant }
    }
}
