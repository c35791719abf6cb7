import Foundation
import MartletServer
import MartletTesting
import Testing

extension CrashProofs {
    @Suite("With more requests than can be answered")
    struct OverloadTests {
        private typealias Request = (app: App, token: String)

        /// Past the bound; each is told so.
        private static let excess = 400
        /// Sessions with a token that must not be used twice. The rest of the crowd asks again and
        /// again for what it may have again.
        private static let strictSessions = 150
        private static let lenientSessions = 50
        /// How many times the excess may come back in vain, and by how much the server may grow in
        /// that time.
        private static let waves = 5
        private static let growth = 48 << 20

        @Test("requests past the bound are refused at once, and no token is burnt")
        func refusedAtOnce() async throws {
            let size = RequestsInProgress.maximum + Self.excess
            OpenFiles.raise(to: size + 512)
            try #require(OpenFiles.limit >= size + 256, "this user may not open enough files")
            let disk = try FaultyDisk()
            // What most systems allow a program that does not ask for more.
            let server = try ServerProcess(
                configuration: App.configuration,
                environment: disk.environment,
                openFiles: 1024
            )
            try await server.start()
            try await TokenClient.with(url: server.url) { client in
                let strict = try await signIn(Self.strictSessions, to: .strict, client)
                let lenient = try await signIn(Self.lenientSessions, to: .lenient, client)
                let requests = (0..<size).map { index -> Request in
                    index < strict.count
                        ? (.strict, strict[index]) : (.lenient, lenient[index % lenient.count])
                }
                let crowd = try Crowd(of: size, at: server)
                try disk.begin(.hold)
                // The strict ones last, so that they are among those who are refused, and before
                // them a few that are not.
                let order = Array((Self.strictSessions / 2..<size)) + (0..<Self.strictSessions / 2)
                for index in order { try ask(index, requests, crowd) }
                let early = try await refusedEarly(crowd, requests, server, client)
                try disk.end(.hold)
                try await expectAllGoOn(crowd, early, requests)
                #expect(await client.get("/login") != 503, "no page is shown afterwards")
            }
            server.stop()
        }

        /// While the disk is held nobody who waits for it can be answered, so every answer that
        /// comes is early.
        private func refusedEarly(
            _ crowd: Crowd,
            _ requests: [Request],
            _ server: ServerProcess,
            _ client: TokenClient
        ) async throws -> [Int] {
            var refused = try await crowd.answers(Self.excess)
            #expect(
                refused.count == Self.excess,
                "\(refused.count) of \(Self.excess) were told while the disk is held"
            )
            #expect(await client.get("/healthz") == 200, "/healthz does not answer")
            let page = await client.look(at: "/login")
            #expect(page?.status == 503, "a person is not told either")
            #expect(page?.retryAfter != nil, "a person is not told when to come back")
            #expect(page?.text.contains("<html") == true, "a person gets no page")

            let before = server.residentBytes
            for _ in 0..<Self.waves {
                expectRefusals(refused)
                for answer in refused { try ask(answer.index, requests, crowd) }
                refused = try await crowd.answers(refused.count)
            }
            expectRefusals(refused)
            let grown = server.residentBytes - before
            #expect(grown < Self.growth, "the server grew by \(grown >> 20) MiB of refusals")
            #expect(await client.get("/healthz") == 200, "/healthz does not answer")
            return refused.map(\.index)
        }

        private func expectRefusals(_ answers: [Crowd.Answer]) {
            let others = answers.filter { !$0.isRefusal }
            #expect(others.isEmpty, "somebody was answered without the disk")
        }

        /// Those who waited are answered, and whoever was refused comes back with the same token.
        private func expectAllGoOn(
            _ crowd: Crowd,
            _ early: [Int],
            _ requests: [Request]
        ) async throws {
            var answers = try await crowd.answers(requests.count - early.count)
            for index in early { try ask(index, requests, crowd) }
            answers += try await crowd.answers(early.count)
            #expect(answers.count == requests.count, "somebody was never answered")
            let burnt = answers.filter { $0.outcome.refreshToken == nil }
            #expect(
                burnt.isEmpty,
                "\(burnt.count) tokens are burnt, the first: \(burnt.first?.outcome ?? .lost)"
            )
        }

        private func ask(_ index: Int, _ requests: [Request], _ crowd: Crowd) throws {
            let request = requests[index]
            try crowd.ask(index, TokenClient.bytes(refreshing: request.token, of: request.app))
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
