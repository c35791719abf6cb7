import Foundation

/// The whole measurement, from the top: make the stores, start the servers, take turns between
/// what is measured and its limit, so that both see the same machine.
struct Bench {
    let settings: BenchSettings
    let server: String
    let cores: Cores
    /// Where the stores lie; those that are there already are used again.
    let folder: String
    let tell: (String) -> Void

    func run() async throws -> Report {
        let empty = try await seeded("empty", families: 0, live: 0)
        let few = try await seeded("few", families: settings.fewFamilies, live: .max)
        let many = try await seeded("many", families: settings.families, live: settings.live)
        var facts = try starts(of: empty, many)
        let (fewRates, parts, fewFacts) = try await loads(on: few)
        let (manyRates, manyFacts) = try loads(onMany: many, beside: fewRates, parts)
        facts += fewFacts + manyFacts
        facts += try await comparisons()
        return Report(
            machine: .current(),
            settings: settings,
            parts: parts,
            rates: fewRates + manyRates,
            facts: facts + verifications(parts)
        )
    }

    /// A store that an earlier bench left, or a new one.
    private func seeded(
        _ name: String,
        families: Int,
        live: Int,
        in given: StoreKind? = nil
    ) async throws -> SeededFolder {
        let store = given ?? settings.store
        let seededFolder = SeededFolder(path: "\(folder)/\(name)")
        let live = min(live, families)
        if store.outlivesTheBench, let known = try? seededFolder.read(),
            known.families == families, known.live == live
        {
            return seededFolder
        }
        try? FileManager.default.removeItem(atPath: seededFolder.path)
        tell("making a store of \(Shown.count(Double(families))) sessions")
        _ = try await Seed(families: families, live: live, store: store)
            .sow(in: seededFolder)
        return seededFolder
    }

    /// A store in PostgreSQL beside one in SQLite.
    private func comparisons() async throws -> [Report.Fact] {
        guard settings.store == .postgres else { return [] }
        let families = Comparison.families(settings)
        let file = try await seeded("beside", families: families, live: .max, in: .sqlite)
        let database = try await seeded("compared", families: 2 * families, live: .max)
        tell("beside SQLite, and with a second server")
        return try Comparison(settings: settings, server: server, cores: cores)
            .facts(file: file, database: database)
    }

    // MARK: Start and rest

    private func starts(of empty: SeededFolder, _ many: SeededFolder) throws -> [Report.Fact] {
        tell("starting")
        var memory: [Double] = []
        func time(_ folder: SeededFolder) throws -> Double {
            let running = try RunningServer.start(server, on: folder, core: cores.server)
            defer { running.process.stop() }
            if folder.path == empty.path {
                Thread.sleep(forTimeInterval: Self.restTime)
                memory.append(try running.process.figures.mebibytes())
            }
            return running.startTime.inMicroseconds / 1000
        }
        let ofEmpty = try (0..<settings.starts).map { _ in try time(empty) }.median
        let ofMany = try (0..<settings.starts).map { _ in try time(many) }.median
        let families = Shown.count(Double(settings.families))
        return [
            .init("start to first answer, empty store", ofEmpty, .milliseconds),
            .init("start to first answer, \(families) sessions stored", ofMany, .milliseconds),
            .init("memory at rest", memory.median, .mebibytes, limit: 40, "at most"),
        ]
    }

    /// After its start a server has done what it does by itself.
    private static let restTime: TimeInterval = 1

    // MARK: Few sessions, many kinds of request

    private func loads(
        on folder: SeededFolder
    ) async throws -> ([Report.Rate], PartFigures, [Report.Fact]) {
        tell("loads on few sessions")
        let bytesBefore = try settings.store.bytes(in: folder)
        let running = try RunningServer.start(server, on: folder, core: cores.server)
        var load = try ServerLoad(running, folder, seconds: settings.seconds, cores: cores)
        try load.collectAccessTokens(connections: settings.middle)
        var bare: [Workload: BareLoad] = [:]
        for workload in Workload.allCases {
            bare[workload] = try BareLoad.start(
                workload,
                beside: &load,
                largestLoad: settings.connections.max() ?? settings.middle,
                seconds: settings.seconds,
                cores: cores,
                in: folder
            )
        }
        var turns = Turns(settings: settings, load: load, bare: bare)
        var parts: [PartFigures] = []
        for run in 1...settings.runs {
            tell("run \(run) of \(settings.runs)")
            parts.append(try measureParts(in: folder))
            try turns.takeAll()
        }
        try turns.load.keepTokens()
        for server in bare.values { server.stop() }
        running.process.stop()
        let bytes = try settings.store.bytes(in: folder) - bytesBefore
        let median = PartFigures.median(parts)
        let rotations = turns.rotations
        return (
            turns.rates(families: settings.fewFamilies, median),
            median,
            [
                turns.aloneFact(median),
                .init(
                    "growth of the store per rotation",
                    Double(bytes) / Double(max(1, rotations)),
                    .bytes
                ),
            ] + turns.signInFacts()
        )
    }

    private func measureParts(in folder: SeededFolder) throws -> PartFigures {
        let output = folder.file("parts.json")
        let process = try PinnedProcess(
            [
                try OwnProgram.path(), "parts", "--folder", folder.path, "--seconds",
                "\(settings.partSeconds)", "--rows", "\(settings.families)", "--live",
                "\(settings.live)",
            ],
            core: cores.server,
            output: output
        )
        process.process.waitUntilExit()
        let text = try String(contentsOfFile: output, encoding: .utf8)
        guard process.process.terminationStatus == 0 else {
            throw BenchError("the parts could not be measured: \(text)")
        }
        return try Report.read(PartFigures.self, from: text)
    }

    // MARK: Many sessions

    private func loads(
        onMany folder: SeededFolder,
        beside few: [Report.Rate],
        _ parts: PartFigures
    ) throws -> ([Report.Rate], [Report.Fact]) {
        tell("loads on \(Shown.count(Double(settings.live))) of many sessions")
        let seeded = try folder.read()
        let running = try RunningServer.start(server, on: folder, core: cores.server)
        defer { running.process.stop() }
        var load = try ServerLoad(running, folder, seconds: settings.seconds, cores: cores)
        // Each of them once, so that whatever is cached of sessions is.
        let warm = try load.refresh(connections: settings.middle, sessions: load.sessions)
        let all = Double(load.sessions) / max(1, warm.perSecond)
        _ = try load.refresh(
            connections: settings.middle,
            sessions: load.sessions,
            seconds: max(1, Int(all.rounded(.up)) - settings.seconds)
        )
        let connections = [settings.middle, settings.connections.max() ?? settings.middle]
        var samples: [[Sample]] = connections.map { _ in [] }
        for _ in 0..<settings.runs {
            for (index, count) in connections.enumerated() {
                samples[index].append(
                    try load.refresh(connections: count, sessions: load.sessions)
                )
            }
        }
        let largest = try running.process.figures.largestMebibytes()
        let growth = try growth(of: running, under: &load, at: samples[0].map(\.perSecond).median)
        try load.keepTokens()
        let rates = zip(connections, samples).map { count, samples in
            let bare = few.first { $0.isRefresh(connections: count) }?.bare ?? []
            return Report.Rate(
                workload: .refresh,
                pace: .full,
                connections: count,
                sessions: settings.live,
                families: settings.families,
                samples: samples,
                bare: bare,
                limit: parts.limit(of: .refresh, bare, row: parts.rowOfMany, count)
            )
        }
        let live = Shown.count(Double(settings.live))
        return (
            rates,
            [
                .init(
                    "memory, \(connections[1]) connections, \(live) live sessions",
                    largest,
                    .mebibytes,
                    limit: 120,
                    "at most"
                ),
                .init("store per session", Double(seeded.bytesPerFamily), .bytes),
            ] + growth
        )
    }

    /// How the memory grows while very many tokens are rotated, after the first tenth of them.
    private func growth(
        of running: RunningServer,
        under load: inout ServerLoad,
        at perSecond: Double
    ) throws -> [Report.Fact] {
        guard settings.watchedRotations > 0 else { return [] }
        tell("watching the memory over \(Shown.count(Double(settings.watchedRotations))) rotations")
        let seconds = Double(settings.watchedRotations) / perSecond
        func rotate(_ share: Double) throws {
            _ = try load.refresh(
                connections: settings.middle,
                sessions: load.sessions,
                seconds: max(1, Int((seconds * share).rounded(.up)))
            )
        }
        try rotate(0.1)
        let before = try running.process.figures.residentMemory()
        try rotate(1)
        let after = try running.process.figures.residentMemory()
        let rotations = Shown.count(Double(settings.watchedRotations))
        return [
            .init(
                "growth of memory over \(rotations) rotations",
                Double(after - before),
                .kibibytes
            )
        ]
    }

    // MARK: Verification

    private func verifications(_ parts: PartFigures) -> [Report.Fact] {
        let limit = 1_000_000 / parts.verification
        return [
            .init(
                "local verifications, each token once",
                1_000_000 / parts.tokenVerification,
                .perSecond,
                limit: limit,
                "swift-crypto alone"
            ),
            .init(
                "local verifications, the same token",
                1_000_000 / parts.repeatedTokenVerification,
                .perSecond,
                limit: limit,
                "swift-crypto alone"
            ),
        ]
    }
}

extension Report.Fact {
    init(
        _ name: String,
        _ value: Double,
        _ unit: Unit,
        limit: Double? = nil,
        _ limitMeans: String? = nil
    ) {
        self.init(name: name, value: value, unit: unit, limit: limit, limitMeans: limitMeans)
    }
}

extension ProcessFigures {
    fileprivate func mebibytes() throws -> Double { Double(try residentMemory()) / 1024 }

    fileprivate func largestMebibytes() throws -> Double { Double(try largestMemory()) / 1024 }
}
