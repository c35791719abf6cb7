import Foundation

/// Rotations per second against latency as an SVG: one point for each number of connections, and
/// the limit as a line that no point can pass.
///
/// Latency is drawn on a logarithmic scale. The picture carries its colours for light and dark
/// pages and asks for no font.
struct Picture {
    let report: Report

    private static let width = 760.0
    private static let height = 400.0
    private static let left = 64.0
    private static let right = 24.0
    private static let top = 62.0
    private static let bottom = 52.0

    private struct Point {
        let connections: Int
        let sample: Sample
    }

    private var points: [Point] {
        report.ofFew.filter { $0.workload == .refresh && $0.pace == .full }
            .map { Point(connections: $0.connections, sample: $0.median) }
    }

    private var halfLoad: Sample? {
        report.ofFew.first { $0.workload == .refresh && $0.pace == .half }?.median
    }

    private var limit: Double? {
        report.ofFew.first { $0.isRefresh(connections: report.settings.middle) }?.limit
    }

    var text: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" \
        role="img" aria-labelledby="title description">
        <title id="title">Rotations per second against latency</title>
        <desc id="description">\(description)</desc>
        \(Self.style)
        <rect class="paper" width="100%" height="100%" rx="8"/>
        <text class="head" x="\(Int(Self.left))" y="26">Refresh token rotations on one core, \
        durable</text>
        <text class="soft" x="\(Int(Self.left))" y="46">\(subtitle)</text>
        \((grid + limitLine + curve(\.p99, "p99") + curve(\.p50, "p50") + halfMark + labels)
            .joined(separator: "\n"))
        </svg>

        """
    }

    private var subtitle: String {
        "\(report.machine.processor), \(report.settings.store.shown), \(report.machine.date); "
            + "numbers at the points: connections"
    }

    private var description: String {
        points.map { point in
            "\(point.connections) connections: \(Shown.count(point.sample.perSecond)) per second, "
                + "p50 \(Shown.hundredths(point.sample.p50)) ms, "
                + "p99 \(Shown.hundredths(point.sample.p99)) ms."
        }.joined(separator: " ")
    }

    private static let style = """
        <style>
        svg { font: 13px system-ui, sans-serif; --ink: #1d2733; --soft: #5a6775; --paper: #fbfaf7;
          --line: #e2ded4; --p50: #1f5f8b; --p99: #b25a00; --limit: #b3261e; }
        @media (prefers-color-scheme: dark) { svg { --ink: #e8eaed; --soft: #a5b0bb;
          --paper: #14181d; --line: #303943; --p50: #7db8e0; --p99: #f0a860; --limit: #ff8a80; } }
        .paper { fill: var(--paper); } .head { fill: var(--ink); font-size: 16px; font-weight: 600; }
        text { fill: var(--ink); } .soft { fill: var(--soft); } .grid { stroke: var(--line); }
        .p50 { stroke: var(--p50); } .p99 { stroke: var(--p99); } .dot.p50 { fill: var(--p50); }
        .dot.p99 { fill: var(--p99); } text.p50 { fill: var(--p50); stroke: none; }
        text.p99 { fill: var(--p99); stroke: none; } polyline { fill: none; stroke-width: 2; }
        .half { fill: var(--paper); stroke-width: 2; } text.limit { fill: var(--limit); }
        .limit { stroke: var(--limit); stroke-dasharray: 5 4; } text.limit { stroke: none; }
        </style>
        """

    // MARK: Scales

    private var largestRate: Double {
        let most = (points.map(\.sample.perSecond) + [limit ?? 0]).max() ?? 1
        return (most / 5000).rounded(.up) * 5000
    }

    /// Powers of ten around all latencies.
    private var decades: ClosedRange<Int> {
        let samples = points.map(\.sample) + (halfLoad.map { [$0] } ?? [])
        let all = samples.flatMap { [$0.p50, $0.p99] }.filter { $0 > 0 }
        let low = Int(log10(all.min() ?? 0.1).rounded(.down))
        return low...max(low + 1, Int(log10(all.max() ?? 100).rounded(.up)))
    }

    private func x(_ perSecond: Double) -> Double {
        Self.left + (Self.width - Self.left - Self.right) * perSecond / largestRate
    }

    private func y(_ milliseconds: Double) -> Double {
        let span = Double(decades.upperBound - decades.lowerBound)
        let share = (log10(milliseconds) - Double(decades.lowerBound)) / span
        return Self.height - Self.bottom - (Self.height - Self.top - Self.bottom) * share
    }

    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    // MARK: Parts of the picture

    private var grid: [String] {
        let (floor, ceiling) = (Self.height - Self.bottom, Self.top)
        let rates = stride(from: 0, through: largestRate, by: 5000).flatMap { rate in
            [
                line("grid", x(rate), floor, x(rate), ceiling),
                label("soft", x(rate), floor + 18, Shown.count(rate), anchor: "middle"),
            ]
        }
        let latencies = decades.flatMap { power in
            let value = pow(10, Double(power))
            let shown = power < 0 ? "\(value)" : Shown.count(value)
            return [
                line("grid", Self.left, y(value), Self.width - Self.right, y(value)),
                label("soft", Self.left - 8, y(value) + 4, shown, anchor: "end"),
            ]
        }
        return rates + latencies
    }

    private var limitLine: [String] {
        guard let limit else { return [] }
        return [
            line("limit", x(limit), Self.height - Self.bottom, x(limit), Self.top),
            label("limit", x(limit) - 6, Self.height - Self.bottom - 8, "limit", anchor: "end"),
        ]
    }

    private func curve(_ latency: (Sample) -> Double, _ name: String) -> [String] {
        let places = points.map { (x($0.sample.perSecond), y(latency($0.sample)), $0.connections) }
        let path = places.map { "\(number($0.0)),\(number($0.1))" }.joined(separator: " ")
        let dots = places.flatMap { place in
            [
                "<circle class=\"dot \(name)\" cx=\"\(number(place.0))\" "
                    + "cy=\"\(number(place.1))\" r=\"4\"/>",
                label(name, place.0 - 8, place.1 - 8, "\(place.2)", anchor: "end"),
            ]
        }
        return ["<polyline class=\"\(name)\" points=\"\(path)\"/>"] + dots
    }

    private var halfMark: [String] {
        guard let halfLoad else { return [] }
        let marks = [(halfLoad.p50, "p50"), (halfLoad.p99, "p99")].map { latency, name in
            "<circle class=\"half \(name)\" cx=\"\(number(x(halfLoad.perSecond)))\" "
                + "cy=\"\(number(y(latency)))\" r=\"4\"/>"
        }
        let words = "\(report.settings.middle), half load"
        return marks
            + [
                label(
                    "soft",
                    x(halfLoad.perSecond) + 9,
                    y(halfLoad.p50) + 16,
                    words,
                    anchor: "start"
                )
            ]
    }

    private var labels: [String] {
        let floor = Self.height - 12
        return [
            label("soft", Self.width / 2, floor, "rotations per second", anchor: "middle"),
            label("soft", Self.left - 8, Self.top - 8, "ms", anchor: "end"),
            label("p50", Self.width - Self.right - 120, 26, "● half within (p50)", anchor: "start"),
            label("p99", Self.width - Self.right - 120, 44, "● 99 % within", anchor: "start"),
        ]
    }

    private func line(
        _ name: String,
        _ x1: Double,
        _ y1: Double,
        _ x2: Double,
        _ y2: Double
    ) -> String {
        "<line class=\"\(name)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" "
            + "y2=\"\(number(y2))\"/>"
    }

    private func label(
        _ name: String,
        _ x: Double,
        _ y: Double,
        _ text: String,
        anchor: String
    ) -> String {
        "<text class=\"\(name)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">"
            + "\(text)</text>"
    }
}
