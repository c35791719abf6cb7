import Foundation
import GRDB
import MartletTesting
import Testing

extension CrashProofs {
    /// What a commit brought to the log is copied into the store's file later, and a sync that fails
    /// then is answered by nobody's 503: what counts is in the log (ADR 0017).
    @Suite("While the log is copied into the store")
    struct LogCopyTests {
        /// More than what makes the server copy it.
        private static let logBytes = 20 << 20
        /// Failures before the disk works again: the store was opened anew after each.
        private static let failures = 5

        @Test("no answer is lost when its syncs fail, and the server goes on by itself")
        func failedCopies() async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await server.start()
            let before = try await TokenClient.with(url: server.url) { client in
                try await CrashProofs.sessions(by: client)
            }
            server.stop()
            let log = LongLog(of: server.storePath)
            try log.make(bytes: Self.logBytes)
            try disk.begin(.uncopied)
            try await server.start()
            let (tally, told) = try await TokenClient.with(url: server.url) { client in
                try await load(before, server, disk, log, client)
            }
            report(tally.complaints, "while the log is copied")
            try await server.start()
            try await TokenClient.with(url: server.url) { client in
                let (alive, complaints) = await Inspection(client: client).inspect(told)
                report(complaints, "after failed copies and a power cut")
                #expect(!alive.isEmpty)
            }
            server.stop()
            try expectSound(server)
        }

        /// Through the failures, out of them, and to a power cut as soon as a new log has begun:
        /// what was in the old one is in the store's file by then, or lost.
        private func load(
            _ given: [Session],
            _ server: ServerProcess,
            _ disk: FaultyDisk,
            _ log: LongLog,
            _ client: TokenClient
        ) async throws -> (Load.Tally, [Session]) {
            let load = Load(on: client)
            async let loaded = load.run(given)
            let began = try log.mark()
            #expect(await load.reaches { _ in disk.failedCopies >= Self.failures })
            #expect(await load.goesOn(by: 50), "the server does not answer while copying fails")
            #expect(try log.mark() == began, "the log starts over although it was never copied")
            try disk.end(.uncopied)
            #expect(
                await load.reaches { _ in (try? log.mark()).map { $0 != began } ?? false },
                "the log is never copied"
            )
            #expect(await load.goesOn(by: 5), "the server does not go on")
            try await SuddenEnd.powerCut.happens(to: server, on: disk)
            return (load.soFar, await loaded)
        }
    }
}

/// The write-ahead log beside a store that no server has open, as a server that was killed under a
/// long load would have left it.
private struct LongLog {
    private let store: String

    init(of store: String) {
        self.store = store
    }

    private var path: String { store + "-wal" }

    /// Writes so much into the store, and puts it back as it was before that was copied into it.
    func make(bytes: Int) throws {
        let (storeAside, logAside) = (store + "-aside", store + "-aside-wal")
        let files = FileManager.default
        let database = try DatabaseQueue(path: store)
        try database.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            // Rows of the store's own, so that nothing strange is in it: far in the future, for the
            // housekeeping leaves them alone.
            try database.execute(
                sql: """
                    INSERT INTO one_time (kind, id, expires_at, body)
                    VALUES ('code', 'long', 9000000000000000, zeroblob(?))
                    """,
                arguments: [bytes]
            )
        }
        try files.copyItem(atPath: store, toPath: storeAside)
        try files.copyItem(atPath: path, toPath: logAside)
        try database.close()
        for (aside, place) in [(storeAside, store), (logAside, path)] {
            try? files.removeItem(atPath: place)
            try files.moveItem(atPath: aside, toPath: place)
        }
    }

    /// What a log has in its head that the next one has not: its salts.
    func mark() throws -> Data {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        try file.seek(toOffset: 16)
        return try file.read(upToCount: 8) ?? Data()
    }
}
