/// The loads that are put on the real server and on the bare ones in turn.
struct Turns {
    private let settings: BenchSettings
    private let bare: [Workload: BareLoad]
    private(set) var load: ServerLoad
    private var samples: [Turn: [Sample]] = [:]
    private var bareSamples: [Turn: [Sample]] = [:]
    private var signInSamples: [Int: [Sample]] = [:]

    private struct Turn: Hashable {
        let workload: Workload
        let pace: Report.Rate.Pace
        let connections: Int
    }

    init(settings: BenchSettings, load: ServerLoad, bare: [Workload: BareLoad]) {
        self.settings = settings
        self.load = load
        self.bare = bare
    }

    /// The connections of the loads beside which people sign in: a light one, and a full one.
    private var besideSignIns: [Int] { [1, settings.middle] }

    /// Everything once.
    mutating func takeAll() throws {
        for connections in settings.connections {
            try take(.refresh, connections: connections) { load in
                try load.refresh(connections: connections, sessions: connections)
            }
        }
        try takeAtHalfPace()
        for connections in besideSignIns {
            signInSamples[connections, default: []].append(
                try load.refreshBesideSignIns(connections: connections)
            )
        }
        for workload in Workload.allCases where workload != .refresh {
            try take(workload, connections: settings.middle) { [settings] load in
                try load.call(load.request(workload), connections: settings.middle)
            }
        }
    }

    private mutating func take(
        _ workload: Workload,
        connections: Int,
        _ body: (inout ServerLoad) throws -> Sample
    ) throws {
        let turn = Turn(workload: workload, pace: .full, connections: connections)
        samples[turn, default: []].append(try body(&load))
        if let bare = bare[workload] {
            bareSamples[turn, default: []].append(try bare.run(connections: connections))
        }
    }

    /// Each connection waits between answer and request, on average as long as it takes for all of
    /// them to come to half of what was just found.
    private mutating func takeAtHalfPace() throws {
        let connections = settings.middle
        let full = Turn(workload: .refresh, pace: .full, connections: connections)
        guard let sample = samples[full]?.last else { return }
        let half = Turn(workload: .refresh, pace: .half, connections: connections)
        let cycle = Double(connections) * 1000 / (sample.perSecond / 2)
        // An answer comes soon at half load: the rest of the cycle is pause.
        let pause = max(1, cycle - sample.p50 / Double(connections) * 4)
        samples[half, default: []].append(
            try load.refresh(connections: connections, sessions: connections, pause: pause)
        )
    }

    // MARK: What came of it

    /// How many tokens were rotated while this watched.
    var rotations: Int {
        samples.filter { $0.key.workload == .refresh }.values.joined()
            .reduce(0) { $0 + Int($1.perSecond * Double(settings.seconds)) }
    }

    func rates(families: Int, _ parts: PartFigures) -> [Report.Rate] {
        let order = Workload.allCases.flatMap { workload in
            samples.keys.filter { $0.workload == workload }
                .sorted { ($0.pace.rawValue, $0.connections) < ($1.pace.rawValue, $1.connections) }
        }
        return order.map { turn in
            let bare = bareSamples[turn] ?? []
            return Report.Rate(
                workload: turn.workload,
                pace: turn.pace,
                connections: turn.connections,
                sessions: turn.workload == .refresh ? turn.connections : nil,
                families: families,
                samples: samples[turn] ?? [],
                bare: bare,
                limit: limit(turn, bare, parts)
            )
        }
    }

    /// With fewer connections the server waits for the disk or the client, and the processor sets
    /// no limit.
    private static let fewestForLimit = 16

    private func limit(_ turn: Turn, _ bare: [Sample], _ parts: PartFigures) -> Double? {
        guard turn.pace == .full, turn.connections >= Self.fewestForLimit else { return nil }
        return parts.limit(of: turn.workload, bare, row: parts.row, turn.connections)
    }

    /// A single client's refresh beside what it cannot be quicker than: the disk, a bare request
    /// and the operations one after the other.
    func aloneFact(_ parts: PartFigures) -> Report.Fact {
        let turn = Turn(workload: .refresh, pace: .full, connections: 1)
        let bare = Sample.median(bareSamples[turn] ?? []).p50
        let operations = parts.signature + parts.refreshCodes + parts.synchronization
        return .init(
            "a single client's refresh, half of them within",
            Sample.median(samples[turn] ?? []).p50,
            .milliseconds,
            limit: bare + operations / 1000,
            "of it \(Shown.hundredths(parts.synchronization / 1000)) ms one fdatasync"
        )
    }

    /// How much longer refreshes take while people sign in with their passwords.
    func signInFacts() -> [Report.Fact] {
        besideSignIns.map { connections in
            let alone = Turn(workload: .refresh, pace: .full, connections: connections)
            return .init(
                "p99 of refreshes with \(SignIns.perSecond) password sign-ins a second beside them, "
                    + (connections == 1 ? "1 connection" : "\(connections) connections"),
                Sample.median(signInSamples[connections] ?? []).p99,
                .milliseconds,
                limit: Sample.median(samples[alone] ?? []).p99 * Self.mostTimesSlower,
                "at most, \(Int(Self.mostTimesSlower)) times that without them"
            )
        }
    }

    private static let mostTimesSlower = 10.0
}
