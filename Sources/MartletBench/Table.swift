/// A report as text for a terminal.
struct Table {
    let report: Report

    var text: String {
        let machine = report.machine
        var lines = [
            "Martlet on one core of \(machine.processor), \(machine.cores) cores, "
                + "\(machine.system), Linux \(machine.kernel), \(machine.date).",
            "Every rotation is on the disk before its answer leaves. \(report.settings.told).",
        ]
        if !report.settings.hasCores || report.settings.runs < 3 {
            lines.append("These are no figures to keep: see --help.")
        }
        lines.append("")
        lines += Self.aligned(rates)
        lines.append("")
        lines += Self.aligned(facts)
        lines.append("")
        lines.append("The limits are made of, in microseconds of one core: \(parts).")
        return lines.joined(separator: "\n")
    }

    private var rates: [[String]] {
        let head = ["", "per second", "limit", "ratio", "us each", "p50 ms", "p99 ms"]
        return [head]
            + report.rates.map { rate in
                let median = rate.median
                return [
                    report.name(of: rate), Shown.count(median.perSecond),
                    rate.limit.map(Shown.count) ?? "", rate.ratio.map(Shown.percent) ?? "",
                    Shown.tenths(median.processorTime), Shown.hundredths(median.p50),
                    Shown.hundredths(median.p99),
                ]
            }
    }

    private var facts: [[String]] {
        report.facts.map { fact in
            let limit = fact.limit == nil ? "" : "\(fact.shownLimit) (\(fact.limitMeans ?? ""))"
            return [fact.name, fact.shownValue, limit]
        }
    }

    private var parts: String {
        let parts = report.parts
        return """
            ES256 signature \(Shown.tenths(parts.signature)), verification \
            \(Shown.tenths(parts.verification)), HMACs of a refresh \
            \(Shown.tenths(parts.refreshCodes)), of a secret \(Shown.tenths(parts.secretCode)), \
            one row in a commit of 64 \(Shown.tenths(PartFigures.row(parts.row, for: 64))) \
            (\(Shown.tenths(PartFigures.row(parts.rowOfMany, for: 64))) of many), \
            a bare request \(Shown.tenths(report.bareRequest))
            """
    }

    /// The first column to the left, the others to the right.
    static func aligned(_ rows: [[String]]) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
    }
}

extension BenchSettings {
    /// What a figure is.
    var told: String {
        runs == 1 ? "One run of \(seconds) s" : "Medians of \(runs) runs of \(seconds) s"
    }
}

extension Report {
    func name(of rate: Rate) -> String {
        let connections = rate.connections == 1 ? "1 connection" : "\(rate.connections) connections"
        var name = "\(rate.workload.shown), \(connections)"
        if rate.pace == .half { name += ", half load" }
        if rate.families == settings.families {
            name +=
                ", \(Shown.count(Double(settings.live))) of "
                + "\(Shown.count(Double(settings.families))) sessions"
        }
        return name
    }

    /// Microseconds of one.
    var bareRequest: Double {
        let bare = ofFew.first { $0.isRefresh(connections: settings.middle) }?.bare ?? []
        let perSecond = Sample.median(bare).perSecond
        return perSecond > 0 ? 1_000_000 / perSecond : 0
    }
}
