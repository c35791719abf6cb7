/// What one load came to.
struct Sample: Codable {
    let perSecond: Double
    /// Microseconds of processor time that the server spent on a request.
    let processorTime: Double
    /// Milliseconds.
    let p50: Double
    let p99: Double

    init(perSecond: Double, processorTime: Double, p50: Double, p99: Double) {
        self.perSecond = perSecond
        self.processorTime = processorTime
        self.p50 = p50
        self.p99 = p99
    }

    init(_ figures: LoadFigures, processorTime: Double) {
        self.init(
            perSecond: figures.perSecond,
            processorTime: processorTime / Double(figures.answered),
            p50: Double(figures.p50) / 1000,
            p99: Double(figures.p99) / 1000
        )
    }

    /// Each figure's own median.
    static func median(_ samples: [Sample]) -> Sample {
        Sample(
            perSecond: samples.map(\.perSecond).median,
            processorTime: samples.map(\.processorTime).median,
            p50: samples.map(\.p50).median,
            p99: samples.map(\.p99).median
        )
    }
}

extension [Double] {
    /// 0 of nothing.
    var median: Double {
        guard !isEmpty else { return 0 }
        let sorted = sorted()
        let upper = sorted[count / 2]
        return count.isMultiple(of: 2) ? (sorted[count / 2 - 1] + upper) / 2 : upper
    }
}
