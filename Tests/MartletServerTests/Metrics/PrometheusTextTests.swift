import Testing

@testable import MartletServer

@Suite("Prometheus' text format")
struct PrometheusTextTests {
    private func text(_ metric: Metric, _ series: [([String], MetricReading.Value)]) -> String {
        PrometheusText([MetricReading(metric: metric, series: series)]).text
    }

    @Test("a metric is told with its help and its type, and then its series")
    func layout() {
        let metric = Metric(
            "martlet_sheep_total",
            .counter,
            by: [.init("colour", "any"), .init("field", "any")],
            "Sheep that went by."
        )
        #expect(
            text(metric, [(["black", "north"], .whole(1)), (["white", "south"], .whole(20))]) == """
                # HELP martlet_sheep_total Sheep that went by.
                # TYPE martlet_sheep_total counter
                martlet_sheep_total{colour="black",field="north"} 1
                martlet_sheep_total{colour="white",field="south"} 20

                """
        )
    }

    @Test("the buckets of a histogram add up, the last one is the count")
    func histogram() {
        let metric = Metric(
            "martlet_nap_seconds",
            .histogram([0.005, 1, 2.5]),
            by: [.init("bed", "any")],
            "Naps."
        )
        let value = MetricReading.Value.histogram(
            bounds: [0.005, 1, 2.5],
            [3, 0, 2, 1],
            sum: 12.25
        )
        #expect(
            text(metric, [(["soft"], value)]) == """
                # HELP martlet_nap_seconds Naps.
                # TYPE martlet_nap_seconds histogram
                martlet_nap_seconds_bucket{bed="soft",le="0.005"} 3
                martlet_nap_seconds_bucket{bed="soft",le="1.0"} 3
                martlet_nap_seconds_bucket{bed="soft",le="2.5"} 5
                martlet_nap_seconds_bucket{bed="soft",le="+Inf"} 6
                martlet_nap_seconds_sum{bed="soft"} 12.25
                martlet_nap_seconds_count{bed="soft"} 6

                """
        )
    }

    @Test("a histogram without labels has the bound alone")
    func bareHistogram() {
        let metric = Metric("martlet_x", .histogram([1]), "X.")
        let told = text(metric, [([], .histogram(bounds: [1], [0, 0], sum: 0))])
        #expect(told.contains("\nmartlet_x_bucket{le=\"1.0\"} 0\n"))
        #expect(told.hasSuffix("\nmartlet_x_sum 0\nmartlet_x_count 0\n"))
    }

    @Test("a metric without series is not told at all")
    func empty() {
        #expect(text(Metric("martlet_x", .gauge, "X."), []).isEmpty)
    }

    @Test(
        "in help a backslash and a line end are escaped, in a label's value the quotation mark too",
        arguments: [
            ("plain", "plain", "plain"),
            (#"a\b"#, #"a\\b"#, #"a\\b"#),
            ("a\nb", #"a\nb"#, #"a\nb"#),
            (#"a"b"#, #"a"b"#, #"a\"b"#),
            ("\\\n\"", #"\\\n""#, #"\\\n\""#),
            ("\r\n", "\r\\n", "\r\\n"),
            ("naïve ✓", "naïve ✓", "naïve ✓"),
        ]
    )
    func escaping(text: String, inHelp: String, inLabel: String) {
        #expect(Array(PrometheusText.escaped(text, quotes: false).utf8) == Array(inHelp.utf8))
        #expect(Array(PrometheusText.escaped(text, quotes: true).utf8) == Array(inLabel.utf8))
        let metric = Metric("martlet_x", .gauge, by: [.init("y", "any")], text)
        let told = self.text(metric, [([text], .number(1))])
        #expect(
            Array(told.utf8)
                == Array(
                    """
                    # HELP martlet_x \(inHelp)
                    # TYPE martlet_x gauge
                    martlet_x{y="\(inLabel)"} 1

                    """.utf8
                )
        )
    }

    @Test(
        "numbers are spelt as Prometheus reads them",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (3, "3"), (-7, "-7"), (0.1, "0.1"), (1e-7, "1e-07"),
            (1_795_257_380.714805, "1795257380.714805"), (1e300, "1e+300"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"), (1e15, "1000000000000000"),
        ]
    )
    func numbers(value: Double, text: String) {
        #expect(PrometheusText.number(value) == text)
    }

    @Test("all metrics have names, labels and help that the format allows, and no two one name")
    func table() throws {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        for metric in Metric.all {
            #expect(metric.name.wholeMatch(of: /(martlet|process)_[a-z]+(_[a-z]+)*/) != nil)
            for label in metric.labels {
                #expect(label.name.wholeMatch(of: /[a-z]+/) != nil && label.name != "le")
                #expect(!label.values.isEmpty)
            }
            #expect(metric.help.hasSuffix(".") && !metric.help.contains("\n"), "\(metric.name)")
            switch metric.kind {
            case .counter:
                #expect(metric.name.hasSuffix("_total"), "\(metric.name)")
            case .gauge, .histogram:
                #expect(!metric.name.hasSuffix("_total"), "\(metric.name)")
            }
            let bounds = metric.kind.bounds
            #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "\(metric.name)")
        }
    }
}
