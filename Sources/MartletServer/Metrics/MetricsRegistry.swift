package import CoreMetrics
import Synchronization

/// The metrics of one server: the backend that swift-metrics counts into and that `/metrics` is
/// read from.
///
/// A series is made once, under a lock, and its handle kept by whoever counts; counting touches
/// that series' own atomics and nothing that is shared. The metrics are those of the table in
/// `Metric.swift`, and the values of labels come from enums and from the table of routes, never
/// from a request, so that no stranger can make more of them.
package final class MetricsRegistry: MetricsFactory {
    /// Several times what there is. Each series is a line or twenty in every answer; past this
    /// bound a new one is not kept.
    static let maximumSeries = 4096

    /// What a series is read from.
    enum Source: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case durations(DurationHistogram)
        case values(ValueHistogram)
        /// Known elsewhere and asked for when it is read; `nil` where it cannot be told.
        case observed(@Sendable () -> Double?)

        /// The handle by which it is counted.
        var handler: AnyObject? {
            switch self {
            case .counter(let handler): handler
            case .gauge(let handler): handler
            case .durations(let handler): handler
            case .values(let handler): handler
            case .observed: nil
            }
        }
    }

    private struct Series {
        let labels: [String]
        var source: Source
    }

    private struct State {
        var series: [Metric: [Series]] = [:]
        var count = 0
    }

    private let metrics: [String: Metric]
    private let order: [Metric]
    private let state = Mutex(State())

    init(_ metrics: [Metric] = Metric.all) {
        order = metrics
        self.metrics = Dictionary(metrics.map { ($0.name, $0) }) { first, _ in first }
    }

    // MARK: - Making

    package func makeCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any CounterHandler {
        let made = source(label, dimensions) { _ in .counter(CounterSeries()) }
        if case .counter(let handler)? = made { return handler }
        return NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return gauge(label, dimensions) ?? NOOPMetricsHandler.instance }
        let made = source(label, dimensions) {
            .values(ValueHistogram(bounds: $0.kind.bounds))
        }
        if case .values(let handler)? = made { return handler }
        return NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let made = source(label, dimensions) {
            .durations(DurationHistogram(bounds: $0.kind.bounds))
        }
        if case .durations(let handler)? = made { return handler }
        return NOOPMetricsHandler.instance
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries? {
        let made = source(label, dimensions) { _ in .gauge(GaugeSeries()) }
        if case .gauge(let handler)? = made { return handler }
        return nil
    }

    /// A series that is not counted but asked for whenever the metrics are read. Where there is one
    /// with these labels already, it is asked for here from now on.
    func observe(
        _ metric: Metric,
        labels: [String] = [],
        value: @escaping @Sendable () -> Double?
    ) {
        let dimensions = Array(zip(metric.labels.map(\.name), labels))
        _ = source(metric.name, dimensions, replacing: true) { _ in .observed(value) }
    }

    /// The source of the series, made if there is none yet; `nil` past the bound.
    private func source(
        _ name: String,
        _ dimensions: [(String, String)],
        replacing: Bool = false,
        make: (Metric) -> Source
    ) -> Source? {
        guard let metric = metrics[name] else {
            preconditionFailure("\(name) is not in the table of metrics")
        }
        precondition(
            dimensions.map(\.0) == metric.labels.map(\.name),
            "\(name) has the labels \(metric.labels.map(\.name))"
        )
        let labels = dimensions.map(\.1)
        return state.withLock { state in
            let index = state.series[metric]?.firstIndex { $0.labels == labels }
            if let index, let known = state.series[metric]?[index].source {
                guard replacing else { return known }
                state.series[metric]?[index].source = make(metric)
                return nil
            }
            guard state.count < Self.maximumSeries else { return nil }
            let source = make(metric)
            state.series[metric, default: []].append(Series(labels: labels, source: source))
            state.count += 1
            return source
        }
    }

    // MARK: - Taking away

    package func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func destroy(_ handler: AnyObject) {
        state.withLock { state in
            for (metric, series) in state.series {
                guard let index = series.firstIndex(where: { $0.source.handler === handler })
                else { continue }
                state.series[metric]?.remove(at: index)
                state.count -= 1
                return
            }
        }
    }

    // MARK: - Reading

    /// What the metrics say now, in the table's order.
    ///
    /// Each number is right by itself; two that are counted at the same moment may be apart by what
    /// is being counted.
    func read() -> [MetricReading] {
        // Nothing is asked for under the lock: whoever answers may take locks of their own.
        let series = state.withLock { $0.series }
        return order.map { metric in
            MetricReading(
                metric: metric,
                series: (series[metric] ?? []).compactMap { series in
                    Self.value(of: series.source, metric).map { (series.labels, $0) }
                }
            )
        }
    }

    private static func value(of source: Source, _ metric: Metric) -> MetricReading.Value? {
        switch source {
        case .counter(let counter): .whole(counter.value)
        case .gauge(let gauge): .number(gauge.value)
        case .durations(let histogram):
            .histogram(bounds: metric.kind.bounds, histogram.counts, sum: histogram.sum)
        case .values(let histogram):
            .histogram(bounds: metric.kind.bounds, histogram.counts, sum: histogram.sum)
        case .observed(let value): value().map { .number($0) }
        }
    }
}
