/// What one metric said when it was read: each of its series with the values of its labels.
struct MetricReading {
    enum Value: Equatable {
        case whole(Int64)
        case number(Double)
        /// How many fell into each bucket and no smaller one, the last above all bounds.
        case histogram(bounds: [Double], [UInt64], sum: Double)
    }

    let metric: Metric
    let series: [(labels: [String], value: Value)]
}

/// Prometheus' text format, version 0.0.4: a pure function of what was read.
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// What the metrics of a server come to.
    private static let expectedLength = 128 << 10

    private(set) var text = ""

    init(_ readings: [MetricReading]) {
        text.reserveCapacity(Self.expectedLength)
        for reading in readings where !reading.series.isEmpty { write(reading) }
    }

    private mutating func write(_ reading: MetricReading) {
        let metric = reading.metric
        text += "# HELP \(metric.name) \(Self.escaped(metric.help, quotes: false))\n"
        text += "# TYPE \(metric.name) \(metric.kind.name)\n"
        let names = metric.labels.map(\.name)
        for (values, value) in reading.series {
            let labels = zip(names, values)
                .map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
                .joined(separator: ",")
            write(metric.name, labels, value)
        }
    }

    private mutating func write(_ name: String, _ labels: String, _ value: MetricReading.Value) {
        switch value {
        case .whole(let value): line(name, labels, "\(value)")
        case .number(let value): line(name, labels, Self.number(value))
        case .histogram(let bounds, let counts, let sum):
            var total: UInt64 = 0
            for (bound, count) in zip(bounds + [.infinity], counts) {
                total += count
                let bucket = "le=\"\(Self.bound(bound))\""
                line(name + "_bucket", labels.isEmpty ? bucket : labels + "," + bucket, "\(total)")
            }
            line(name + "_sum", labels, Self.number(sum))
            line(name + "_count", labels, "\(total)")
        }
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        text += name
        if !labels.isEmpty {
            text += "{"
            text += labels
            text += "}"
        }
        text += " "
        text += value
        text += "\n"
    }

    // MARK: - Words

    /// Wholes without a fraction; everything else in the fewest digits that say which number it is.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// A bound is a label, and so a text: always with a fraction, as Prometheus itself writes it.
    static func bound(_ value: Double) -> String {
        value.isInfinite ? "+Inf" : "\(value)"
    }

    /// - Parameter quotes: whether the text stands between quotation marks.
    static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { isSpecial($0, quotes: quotes) }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += #"\\"#
            case "\n": escaped += #"\n"#
            case "\"" where quotes: escaped += #"\""#
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func isSpecial(_ byte: UInt8, quotes: Bool) -> Bool {
        byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n")
            || quotes && byte == UInt8(ascii: "\"")
    }
}
