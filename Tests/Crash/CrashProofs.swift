import Foundation
import GRDB
import MartletTesting
import Testing

/// The proofs that nothing answered is lost, one after the other: each wants the machine to itself.
@Suite("Crash and disk proofs", .serialized)
enum CrashProofs {
    /// How often a server comes to a sudden end in each of its ways; `scripts/crash` asks for more.
    static let rounds =
        ProcessInfo.processInfo.environment["MARTLET_CRASH_ROUNDS"].flatMap { Int($0) } ?? 3

    /// How a server ends without having been asked.
    enum SuddenEnd: String, Sendable, CaseIterable, CustomTestStringConvertible {
        case kill
        case powerCut

        var testDescription: String {
            switch self {
            case .kill: "kill -9"
            case .powerCut: "the power goes"
            }
        }

        /// Brings it about. A power cut comes with a server's next write or sync.
        func happens(to server: ServerProcess, on disk: FaultyDisk) async throws {
            switch self {
            case .kill: server.kill()
            case .powerCut:
                let seed = Int.random(in: 1..<1_000_000)
                try disk.begin(.cut, "\(seed)")
                let isOver = try await server.ends(within: .seconds(20))
                #expect(isOver, "the power never went: nothing was written")
                server.kill()
                try disk.end(.cut)
            }
        }
    }

    /// Signs in until there are as many sessions as the mixture has.
    static func sessions(_ given: [Session] = [], by client: TokenClient) async throws -> [Session]
    {
        var sessions = given
        for (app, habit) in Session.mixture.dropFirst(given.count) {
            let token = try #require(await client.signIn(to: app).refreshToken, "nobody signs in")
            sessions.append(Session(app: app, tokens: [token], habit: habit))
        }
        return sessions
    }

    /// One issue for each thing that should not have happened, the same things once.
    static func report(_ complaints: Complaints, _ course: String) {
        for complaint in Set(complaints).sorted() { Issue.record("\(course): \(complaint)") }
    }

    /// That SQLite finds nothing wrong with a store that no server has open.
    static func expectSound(_ server: ServerProcess) throws {
        let findings = try DatabaseQueue(path: server.storePath)
            .read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        #expect(findings == ["ok"], "the store is damaged")
    }
}
