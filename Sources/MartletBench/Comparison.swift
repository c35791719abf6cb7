import Foundation

/// What a database costs beside a file, and a second server beside the first: loads that take turns
/// in one run, with everything but wrk on one core.
struct Comparison {
    let settings: BenchSettings
    let server: String
    let cores: Cores

    /// Sessions that the loads use up: each takes as many as it has connections, and loses them.
    static func families(_ settings: BenchSettings) -> Int {
        (settings.runs + 1) * 3 * settings.middle + 100
    }

    /// - Parameters:
    ///   - file: a store in SQLite.
    ///   - database: one in PostgreSQL.
    func facts(file: SeededFolder, database: SeededFolder) throws -> [Report.Fact] {
        let half = try database.half()
        let onFile = try RunningServer.start(server, on: file, core: cores.server)
        defer { onFile.process.stop() }
        let first = try RunningServer.start(server, on: database, core: cores.server)
        defer { first.process.stop() }
        let second = try RunningServer.start(server, on: half, core: cores.server)
        defer { second.process.stop() }
        var fileLoad = try load(onFile, file)
        var firstLoad = try load(first, database)
        let secondLoad = Beside(try load(second, half))
        // Each once, so that everybody has his connections and caches.
        _ = try one(&fileLoad)
        _ = try both(&firstLoad, secondLoad)
        var (ofFile, ofOne, ofBoth): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<settings.runs {
            ofFile.append(try one(&fileLoad))
            ofOne.append(try one(&firstLoad))
            ofBoth.append(try both(&firstLoad, secondLoad))
        }
        let connections = "\(settings.middle) connections"
        return [
            .init(
                "rotations beside PostgreSQL on one core, \(connections)",
                ofOne.median,
                .perSecond,
                limit: ofFile.median,
                "on SQLite in the same run"
            ),
            .init(
                "the same by two servers on the core, with half of the connections each",
                ofBoth.median,
                .perSecond,
                limit: ofOne.median,
                "by one"
            ),
        ]
    }

    private func load(_ running: RunningServer, _ folder: SeededFolder) throws -> ServerLoad {
        try ServerLoad(running, folder, seconds: settings.seconds, cores: cores)
    }

    private func one(_ load: inout ServerLoad) throws -> Double {
        try load.refresh(connections: settings.middle, sessions: settings.middle).perSecond
    }

    /// Both at once, each with half of the connections.
    private func both(_ one: inout ServerLoad, _ other: Beside) throws -> Double {
        let connections = settings.middle / 2
        let mine = try one.refresh(connections: connections, sessions: connections) {
            try other.refresh(connections: connections)
        }
        return mine.perSecond + other.perSecond
    }

    /// The load on the second server, which runs while that on the first one does.
    private final class Beside {
        private var load: ServerLoad
        private(set) var perSecond = 0.0

        init(_ load: ServerLoad) { self.load = load }

        func refresh(connections: Int) throws {
            perSecond = try load.refresh(connections: connections, sessions: connections)
                .perSecond
        }
    }
}

extension SeededFolder {
    /// Gives half of its tokens to another folder for the same store.
    fileprivate func half() throws -> SeededFolder {
        let other = SeededFolder(path: file("half"))
        try Files.makeFolder(other.path)
        try other.write(read())
        try FileManager.default.copyItem(atPath: configuration, toPath: other.configuration)
        for (mine, others) in [
            (refreshTokens, other.refreshTokens), (openIDRefreshTokens, other.openIDRefreshTokens),
        ] {
            let tokens = try Self.lines(of: mine)
            try Self.write(Array(tokens.prefix(tokens.count / 2)), to: mine)
            try Self.write(Array(tokens.dropFirst(tokens.count / 2)), to: others)
        }
        return other
    }
}
