import CoreMetrics
import Synchronization

/// A number that only goes up, as one atomic: any thread adds to it without waiting.
final class CounterSeries: CounterHandler {
    private let total = Atomic<Int64>(0)

    var value: Int64 { total.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        // A counter that falls would be read as a restart of the server.
        guard amount > 0 else { return }
        total.wrappingAdd(amount, ordering: .relaxed)
    }

    func reset() { total.store(0, ordering: .relaxed) }
}

/// A number that goes up and down, as one atomic.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func set(_ value: Int64) { set(Double(value)) }
    func increment(by amount: Double) { bits.add(amount) }
    func decrement(by amount: Double) { bits.add(-amount) }

    func record(_ value: Double) { set(value) }
    func record(_ value: Int64) { set(Double(value)) }
}

/// How often a value fell into each of some fixed ranges, with one atomic for each.
struct Buckets: Sendable {
    private final class Count: Sendable {
        let total = Atomic<UInt64>(0)
    }

    /// One more than there are bounds: the last takes what is above all of them.
    private let counts: [Count]

    init(bounds: Int) {
        counts = (0...bounds).map { _ in Count() }
    }

    func add(at index: Int) { counts[index].total.wrappingAdd(1, ordering: .relaxed) }

    var values: [UInt64] { counts.map { $0.total.load(ordering: .relaxed) } }
}

/// How long something took, in buckets.
final class DurationHistogram: TimerHandler {
    private static let nanosecondsPerSecond = 1e9

    /// In nanoseconds, so that nothing is converted where it counts.
    private let bounds: [Int64]
    private let buckets: Buckets
    private let nanoseconds = Atomic<Int64>(0)

    /// - Parameter bounds: the buckets' upper bounds, in seconds.
    init(bounds: [Double]) {
        self.bounds = bounds.map { Int64(($0 * Self.nanosecondsPerSecond).rounded()) }
        buckets = Buckets(bounds: bounds.count)
    }

    func recordNanoseconds(_ duration: Int64) {
        let duration = max(0, duration)
        buckets.add(at: bounds.firstIndex { duration <= $0 } ?? bounds.count)
        nanoseconds.wrappingAdd(duration, ordering: .relaxed)
    }

    var counts: [UInt64] { buckets.values }
    /// In seconds.
    var sum: Double {
        Double(nanoseconds.load(ordering: .relaxed)) / Self.nanosecondsPerSecond
    }
}

/// How large something was, in buckets.
final class ValueHistogram: RecorderHandler {
    private let bounds: [Double]
    private let buckets: Buckets
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    init(bounds: [Double]) {
        self.bounds = bounds
        buckets = Buckets(bounds: bounds.count)
    }

    func record(_ value: Double) {
        // It is in no bucket, and would make the sum useless for ever.
        guard !value.isNaN else { return }
        buckets.add(at: bounds.firstIndex { value <= $0 } ?? bounds.count)
        bits.add(value)
    }

    func record(_ value: Int64) { record(Double(value)) }

    var counts: [UInt64] { buckets.values }
    var sum: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

extension Atomic<UInt64> {
    /// Adds to the floating-point number whose bits these are.
    fileprivate func add(_ amount: Double) {
        var current = load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: current) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(
                expected: current,
                desired: sum,
                ordering: .relaxed
            )
            if exchanged { return }
            current = original
        }
    }
}
