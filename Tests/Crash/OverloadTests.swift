import Foundation
import MartletServer
import MartletTesting
import Synchronization
import Testing

extension CrashProofs {
    @Suite("With more requests than can be answered")
    struct OverloadTests {
        /// Past the bound; each is told so.
        private static let excess = 400
        /// Sessions with a token that must not be used twice. The rest of the crowd asks again and
        /// again for what it may have again.
        private static let strictSessions = 150
        private static let lenientSessions = 50
        /// How many times the crowd may come back in vain, and by how much the server may grow in
        /// that time.
        private static let waves = 5
        private static let growth = 48 << 20

        @Test(
            """
            those past the bound are told so while the others wait for the disk, /healthz answers, \
            memory is bounded; then all are answered, and no token is burnt
            """
        )
        func refusedEarly() async throws {
            let crowd = RequestsInProgress.maximum + Self.excess
            OpenFiles.raise(to: crowd + 512)
            try #require(OpenFiles.limit >= crowd + 256, "this user may not open enough files")
            let disk = try FaultyDisk()
            // What most systems allow a program that does not ask for more.
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment,
                openFiles: 1024
            )
            try await server.start()
            try await TokenClient.with(url: server.url, connections: crowd + 8) { client in
                let strict = try await signIn(Self.strictSessions, to: .strict, client)
                let lenient = try await signIn(Self.lenientSessions, to: .lenient, client)
                let tokens = (0..<crowd).map { index -> (App, String) in
                    index < strict.count
                        ? (.strict, strict[index]) : (.lenient, lenient[index % lenient.count])
                }
                try disk.begin(.hold)
                let answers = Answers()
                async let all: Void = ask(tokens, client, answers)
                try await expectEarlyRefusals(answers, server, client, tokens[0])
                try disk.end(.hold)
                await all
                try await expectAllGoOn(answers, client)
            }
            server.stop()
        }

        /// While the disk is held nobody who waits for it can be answered, so every answer that
        /// comes is early.
        private func expectEarlyRefusals(
            _ answers: Answers,
            _ server: ServerProcess,
            _ client: TokenClient,
            _ latecomer: (App, String)
        ) async throws {
            let isEarly = await answers.reach(Self.excess)
            #expect(
                isEarly,
                "\(answers.list.count) of \(Self.excess) were told while the disk is held"
            )
            #expect(answers.areRefusals, "somebody was answered without the disk")
            #expect(await client.get("/healthz") == 200, "/healthz does not answer")
            let page = await client.look(at: "/login")
            #expect(page?.status == 503, "a person is not told either")
            #expect(page?.retryAfter != nil)
            #expect(page?.text.contains("<html") == true)

            let before = server.residentBytes
            for _ in 0..<Self.waves {
                let wave = Answers()
                await ask(Array(repeating: latecomer, count: Self.excess), client, wave)
                #expect(wave.areRefusals, "there was room past the bound")
            }
            let grown = server.residentBytes - before
            #expect(grown < Self.growth, "the server grew by \(grown >> 20) MiB of refusals")
            #expect(await client.get("/healthz") == 200, "/healthz does not answer")
        }

        /// Whoever was refused comes back with the same token.
        private func expectAllGoOn(_ answers: Answers, _ client: TokenClient) async throws {
            let refused = answers.list.filter(\.isRefusal)
            #expect(refused.count >= Self.excess)
            let second = Answers()
            await ask(refused.map { ($0.app, $0.token) }, client, second)
            let burnt = (answers.list.filter { !$0.isRefusal } + second.list).filter {
                $0.outcome.refreshToken == nil
            }
            #expect(
                burnt.isEmpty,
                "\(burnt.count) tokens are burnt, so \(burnt.first?.outcome ?? .lost)"
            )
            #expect(await client.get("/login") != 503, "no page is shown afterwards")
        }

        private func signIn(
            _ count: Int,
            to app: App,
            _ client: TokenClient
        ) async throws -> [String] {
            let tokens = await withTaskGroup(of: [String].self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        var tokens: [String] = []
                        for _ in 0..<count / 10 {
                            tokens += [await client.signIn(to: app).refreshToken].compactMap(\.self)
                        }
                        return tokens
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            try #require(tokens.count == count, "not all could sign in")
            return tokens
        }

        /// Everybody at once.
        private func ask(
            _ tokens: [(App, String)],
            _ client: TokenClient,
            _ answers: Answers
        ) async {
            await withDiscardingTaskGroup { group in
                for (app, token) in tokens {
                    group.addTask {
                        let outcome = await client.refresh(token, of: app)
                        answers.add(.init(app: app, token: token, outcome: outcome))
                    }
                }
            }
        }
    }
}

/// What a crowd was told so far.
private final class Answers: Sendable {
    struct Answer: Sendable {
        let app: App
        let token: String
        let outcome: TokenClient.Outcome

        var isRefusal: Bool {
            if case .unavailable = outcome { true } else { false }
        }
    }

    private let answers = Mutex<[Answer]>([])

    var list: [Answer] { answers.withLock { $0 } }
    var areRefusals: Bool { list.allSatisfy { $0.isRefusal } }

    func add(_ answer: Answer) { answers.withLock { $0.append(answer) } }

    /// Waits for so many answers; `false` if they never come.
    func reach(_ count: Int) async -> Bool {
        let end = ContinuousClock.now + .seconds(20)
        while list.count < count {
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(5))) != nil
            else { return false }
        }
        return true
    }
}

extension ServerProcess {
    /// What it has in memory, in bytes.
    fileprivate var residentBytes: Int {
        guard let processID,
            let text = try? String(contentsOfFile: "/proc/\(processID)/statm", encoding: .ascii),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
