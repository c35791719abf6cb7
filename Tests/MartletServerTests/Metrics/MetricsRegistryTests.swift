import CoreMetrics
import Testing

@testable import MartletServer

@Suite("The backend of swift-metrics")
struct MetricsRegistryTests {
    private static let count = Metric("martlet_a_total", .counter, by: [.init("k", "any")], "A.")
    private static let level = Metric("martlet_b", .gauge, "B.")
    private static let time = Metric("martlet_c_seconds", .histogram([0.001, 0.5, 1]), "C.")
    private static let size = Metric("martlet_d", .histogram([1, 2, 4]), "D.")

    private let registry = MetricsRegistry([count, level, time, size])

    private func read(_ metric: Metric) -> [MetricReading.Value] {
        registry.read().first { $0.metric == metric }?.series.map(\.value) ?? []
    }

    @Test("a counter counts up, and never down")
    func counter() {
        let counter = registry.counter(Self.count, labels: ["x"])
        counter.increment()
        counter.increment(by: 5)
        counter.increment(by: -3)
        counter.increment(by: 0)
        #expect(read(Self.count) == [.whole(6)])
        counter.reset()
        #expect(read(Self.count) == [.whole(0)])
    }

    @Test("a meter and a gauge are set, and a meter goes up and down")
    func gauges() {
        let meter = registry.meter(Self.level)
        meter.set(7)
        meter.increment(by: 1.5)
        meter.decrement()
        #expect(read(Self.level) == [.number(7.5)])
        Gauge(label: Self.level.name, factory: registry).record(3)
        #expect(read(Self.level) == [.number(3)])
    }

    @Test("a timer's time falls into the first bucket that is not below it; the sum is in seconds")
    func timer() {
        let timer = registry.timer(Self.time)
        timer.recordNanoseconds(0)
        timer.recordMilliseconds(1)
        timer.recordNanoseconds(1_000_001)
        timer.recordMilliseconds(500)
        timer.recordSeconds(1)
        timer.recordSeconds(2)
        timer.recordNanoseconds(-5)
        #expect(
            read(Self.time) == [
                .histogram(bounds: [0.001, 0.5, 1], [3, 2, 1, 1], sum: 3.502000001)
            ]
        )
    }

    @Test("a recorder's values fall into buckets, fractions too; what is no number does not count")
    func recorder() {
        let recorder = registry.recorder(Self.size)
        recorder.record(1)
        recorder.record(1.5)
        recorder.record(4)
        recorder.record(5)
        recorder.record(Double.nan)
        #expect(
            read(Self.size) == [.histogram(bounds: [1, 2, 4], [1, 1, 1, 1], sum: 11.5)]
        )
    }

    @Test("nothing is lost when many count at once")
    func parallel() async {
        let counter = registry.counter(Self.count, labels: ["x"])
        let meter = registry.meter(Self.level)
        let timer = registry.timer(Self.time)
        let recorder = registry.recorder(Self.size)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<2000 {
                        counter.increment()
                        meter.increment()
                        timer.recordMilliseconds(2)
                        recorder.record(0.5)
                    }
                }
            }
        }
        #expect(read(Self.count) == [.whole(16_000)])
        #expect(read(Self.level) == [.number(16_000)])
        #expect(
            read(Self.time) == [.histogram(bounds: [0.001, 0.5, 1], [0, 16_000, 0, 0], sum: 32)]
        )
        #expect(read(Self.size) == [.histogram(bounds: [1, 2, 4], [16_000, 0, 0, 0], sum: 8000)])
    }

    @Test("the same name and labels are the same series, others are another")
    func identity() {
        registry.counter(Self.count, labels: ["x"]).increment()
        registry.counter(Self.count, labels: ["x"]).increment()
        registry.counter(Self.count, labels: ["y"]).increment()
        #expect(read(Self.count) == [.whole(2), .whole(1)])
    }

    @Test("what is told comes in the table's order, whenever it was made")
    func order() {
        _ = registry.recorder(Self.size)
        _ = registry.meter(Self.level)
        _ = registry.counter(Self.count, labels: ["x"])
        let told = registry.read().filter { !$0.series.isEmpty }.map(\.metric.name)
        #expect(told == ["martlet_a_total", "martlet_b", "martlet_d"])
    }

    @Test(
        "what is known elsewhere is asked for when it is read, and left out where it is not known"
    )
    func observed() {
        let queue = CounterSeries()
        registry.observe(Self.level) { queue.value > 1 ? nil : Double(queue.value) }
        #expect(read(Self.level) == [.number(0)])
        queue.increment(by: 1)
        #expect(read(Self.level) == [.number(1)])
        queue.increment(by: 1)
        #expect(read(Self.level).isEmpty)
        registry.observe(Self.level) { 9 }
        #expect(read(Self.level) == [.number(9)])
    }

    @Test("there is a bound to the series; beyond it counting goes on without being kept")
    func bound() {
        for index in 0..<MetricsRegistry.maximumSeries {
            registry.counter(Self.count, labels: ["\(index)"]).increment()
        }
        #expect(read(Self.count).count == MetricsRegistry.maximumSeries)
        registry.counter(Self.count, labels: ["one more"]).increment()
        registry.meter(Self.level).set(1)
        registry.timer(Self.time).recordSeconds(1)
        registry.recorder(Self.size).record(1)
        registry.observe(Self.level) { 1 }
        #expect(registry.read().map(\.series.count) == [MetricsRegistry.maximumSeries, 0, 0, 0])
        registry.counter(Self.count, labels: ["7"]).increment()
        #expect(read(Self.count)[7] == .whole(2))
    }

    @Test("a series that is destroyed is told no more, and makes room")
    func destroyed() {
        let counter = registry.counter(Self.count, labels: ["x"])
        let other = registry.counter(Self.count, labels: ["y"])
        let meter = registry.meter(Self.level)
        let timer = registry.timer(Self.time)
        let recorder = registry.recorder(Self.size)
        counter.destroy()
        meter.destroy()
        timer.destroy()
        recorder.destroy()
        other.increment()
        #expect(registry.read().map(\.series.count) == [1, 0, 0, 0])
        #expect(read(Self.count) == [.whole(1)])
    }
}
