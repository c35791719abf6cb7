import Testing

@testable import MartletServer

/// What `/metrics` said, line by line.
struct ToldMetrics {
    private let values: [String: String]

    init(_ text: String) {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        values = Dictionary(
            lines.compactMap { line in
                line.lastIndex(of: " ").map {
                    (String(line[..<$0]), String(line[line.index(after: $0)...]))
                }
            }
        ) { first, _ in first }
    }

    init(_ metrics: ServerMetrics) {
        self.init(PrometheusText(metrics.registry.read()).text)
    }

    var count: Int { values.count }

    /// The value of the series as it is spelt, labels and all.
    subscript(_ series: String) -> Double? { values[series].flatMap(Double.init) }

    /// The series of some counters that are not zero: all that was counted, and nothing else.
    func counted(_ prefix: String) -> [String: Int] {
        values.filter { $0.key.hasPrefix(prefix) && $0.key.contains("_total") && $0.value != "0" }
            .compactMapValues { Int($0) }
    }
}
