import CoreMetrics
import HummingbirdCore

/// Bounds how many connections are open, and tells how many are. Further ones wait to be taken.
struct OpenConnections: AvailableConnectionsDelegate {
    private let maximum: Int
    private let meter: Meter
    private var count = 0

    init(maximum: Int, meter: Meter) {
        self.maximum = maximum
        self.meter = meter
    }

    mutating func connectionOpened() {
        count += 1
        meter.set(count)
    }

    mutating func connectionClosed() {
        count -= 1
        meter.set(count)
    }

    func isAcceptingNewConnections() -> Bool { count < maximum }
}
