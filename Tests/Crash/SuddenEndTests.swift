import MartletTesting
import Synchronization
import Testing

extension CrashProofs {
    @Suite("After a sudden end under load")
    struct SuddenEndTests {
        @Test(
            "every answered token counts, none is burnt, and no session lives twice",
            arguments: SuddenEnd.allCases
        )
        func nothingAnsweredIsLost(_ end: SuddenEnd) async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await server.start()
            var going: [Session] = []
            var answered = 0
            for round in 1...rounds {
                let before = going
                let (tally, sessions) = try await TokenClient.with(url: server.url) { client in
                    try await load(server, disk, from: before, until: end, client)
                }
                answered += tally.answered
                report(tally.complaints, "round \(round)")
                // The store opens by itself, or this throws.
                try await server.start()
                going = try await TokenClient.with(url: server.url) { client in
                    try await look(at: sessions, round, client)
                }
            }
            print("\(end.testDescription): \(rounds) times, after \(answered) answers")
            server.stop()
            try expectSound(server)
        }

        /// Runs a load and ends the server in the middle of it.
        private func load(
            _ server: ServerProcess,
            _ disk: FaultyDisk,
            from going: [Session],
            until end: SuddenEnd,
            _ client: TokenClient
        ) async throws -> (Load.Tally, [Session]) {
            let sessions = try await sessions(going, by: client)
            let load = Load(on: client)
            async let loaded = load.run(sessions)
            #expect(await load.goesOn(by: .random(in: 100...500)), "the load was hardly one")
            try await Task.sleep(for: .microseconds(.random(in: 0...20_000)))
            try await end.happens(to: server, on: disk)
            return (load.soFar, await loaded)
        }

        /// What was lost, as issues; the sessions that go on in the next round.
        private func look(
            at sessions: [Session],
            _ round: Int,
            _ client: TokenClient
        ) async throws -> [Session] {
            let inspection = Inspection(client: client)
            let (alive, complaints) = await inspection.inspect(sessions)
            report(complaints, "round \(round)")
            // Some live through all rounds, others are used up.
            let going = round == rounds ? [] : Array(alive.prefix(Session.mixture.count / 2))
            report(await inspection.end(Array(alive.dropFirst(going.count))), "round \(round)")
            return going
        }

        @Test("these tests notice a disk that lies about its syncs")
        func lyingDiskIsNoticed() async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await server.start()
            var complaints: Complaints = []
            // What a power cut takes is chance; that it takes nothing ten times is none.
            for _ in 0..<10 where complaints.isEmpty {
                try disk.begin(.lying)
                let (_, sessions) = try await TokenClient.with(url: server.url) { client in
                    try await load(server, disk, from: [], until: .powerCut, client)
                }
                try disk.end(.lying)
                try await server.start()
                complaints = try await TokenClient.with(url: server.url) { client in
                    await Inspection(client: client).inspect(sessions).complaints
                }
            }
            #expect(!complaints.isEmpty)
        }

        @Test("no answer leaves before the sync of its commit has returned")
        func answersWaitForTheDisk() async throws {
            let disk = try FaultyDisk()
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment
            )
            try await server.start()
            try await TokenClient.with(url: server.url) { client in
                let first = try #require(await client.signIn(to: .strict).refreshToken)
                try disk.begin(.hold)
                let answered = Flag()
                async let refresh = refreshed(first, by: client, then: answered)
                while !disk.hasHeld, !answered.isRaised {
                    try await Task.sleep(for: .milliseconds(1))
                }
                // The commit stands in its sync. However long it stands there, nothing is answered.
                try await Task.sleep(for: .milliseconds(300))
                #expect(!answered.isRaised, "the answer left before the disk had it")
                try disk.end(.hold)
                #expect(await refresh.refreshToken != nil)
            }
            server.stop()
        }

        private func refreshed(
            _ token: String,
            by client: TokenClient,
            then answered: Flag
        ) async -> TokenClient.Outcome {
            let outcome = await client.refresh(token, of: .strict)
            answered.raise()
            return outcome
        }
    }
}

/// Raised once, by another task.
private final class Flag: Sendable {
    private let raised = Mutex(false)

    func raise() { raised.withLock { $0 = true } }
    var isRaised: Bool { raised.withLock { $0 } }
}
