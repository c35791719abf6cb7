import Foundation

/// The figures as the marked section of a Markdown page: nobody types them.
struct PageSection {
    let report: Report

    static let beginning = "<!-- bench: from here -->"
    static let end = "<!-- bench: to here -->"

    /// Replaces what stands between the marks.
    func write(into path: String) throws {
        let page = try String(contentsOfFile: path, encoding: .utf8)
        guard let beginning = page.firstRange(of: Self.beginning),
            let end = page.firstRange(of: Self.end), beginning.upperBound <= end.lowerBound
        else {
            throw BenchError("\(path) has no section between \(Self.beginning) and \(Self.end)")
        }
        let renewed =
            page[..<beginning.upperBound] + "\n" + text + "\n" + page[end.lowerBound...]
        try String(renewed).write(toFile: path, atomically: true, encoding: .utf8)
    }

    var text: String {
        let machine = report.machine
        let settings = report.settings
        return """
            \(machine.processor), \(machine.cores) cores: one for the server, one for the load. \
            \(machine.system), Linux \(machine.kernel), \(machine.date). \
            \(settings.told); every rotation is on the disk before its \
            answer leaves. The limit is what a bare NIO server, one signature, the HMACs and one row \
            in a shared commit would come to together, measured in the same run.

            \(Self.table(["", "per second", "limit", "ratio", "p50", "p99"], rates))

            \(Self.table(["", "", "limit"], facts))

            Other servers, measured in November 2026 on the same kind of machine with \
            \(settings.middle) connections, server and database together on one core:

            \(Self.table(Self.peerHead, peers))
            """
    }

    private var rates: [[String]] {
        report.rates.filter { $0.connections >= Self.fewestShown }.map { rate in
            let median = rate.median
            return [
                report.name(of: rate), Shown.count(median.perSecond),
                rate.limit.map(Shown.count) ?? "", rate.ratio.map(Shown.percent) ?? "",
                "\(Shown.tenths(median.p50)) ms", "\(Shown.tenths(median.p99)) ms",
            ]
        }
    }

    /// With fewer the disk is waited for; the picture has them.
    private static let fewestShown = 16

    private var facts: [[String]] {
        report.facts.map { fact in
            let limit = fact.limit == nil ? "" : "\(fact.shownLimit) (\(fact.limitMeans ?? ""))"
            return [fact.name, fact.shownValue, limit]
        }
    }

    private static let peerHead = [
        "", "durability", "refreshes/s", "client credentials/s", "introspections/s",
    ]

    private var peers: [[String]] {
        let own = [
            "**Martlet, ES256**", "\(report.settings.store.shown)", shown(.refresh),
            shown(.clientCredentials), shown(.introspection),
        ]
        return [own]
            + Peers.all.map { peer in
                [
                    peer.name, peer.durability, peer.refreshes, peer.clientCredentials,
                    peer.introspections,
                ]
            }
    }

    private func shown(_ workload: Workload) -> String {
        let rate = report.ofFew.first { rate in
            rate.workload == workload && rate.pace == .full
                && rate.connections == report.settings.middle
        }
        return rate.map { "**\(Shown.count($0.median.perSecond))**" } ?? ""
    }

    /// The first column to the left, the others to the right.
    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        let rule = head.indices.map { $0 == 0 ? "---" : "---:" }
        return ([head, rule] + rows)
            .map { "| " + $0.joined(separator: " | ") + " |" }
            .joined(separator: "\n")
    }
}
