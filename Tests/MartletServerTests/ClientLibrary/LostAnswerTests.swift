import Foundation
import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import MartletTransport
import Synchronization
import Testing

@testable import MartletClient
@testable import MartletServer

@Suite("A session of the client library whose answers get lost", .serialized)
struct LostAnswerTests {
    static let expiries = 50
    static let calls = 200

    static let losses: [LossyProxy.Losses] = [
        .everyThird, .atRandom(seed: 0x5EED_0001), .atRandom(seed: 0x5EED_0002),
    ]

    @Test(
        "200 calls at once over 50 expiries succeed, with one refresh under way and no log-out",
        arguments: losses
    )
    func oneProcess(losses: LossyProxy.Losses) async throws {
        try await ClientWorld.run(losses) { world in
            let api = GuardedAPI(world)
            let place = TokenPlace()
            let client = world.client(.overlapping, transport: api)
            let session = try await world.session(of: client, store: place.store)
            let url = try #require(URL(string: GuardedAPI.address))
            for round in 1...Self.expiries {
                world.clock.advance(by: ClientWorld.life)
                // Every fifth time the API has done with the tokens before they end.
                if round.isMultiple(of: 5) {
                    try await Self.callAll(session, url)
                    world.clock.advance(by: .seconds(10))
                    api.refuseKnown()
                }
                try await Self.callAll(session, url)
            }
            let rounds = Self.expiries + Self.expiries / 5
            #expect(api.answered == Self.calls * rounds)
            #expect(api.unauthorized > 0, "the API has refused tokens early")
            let seen = world.proxy.seen
            #expect(seen.mostRefreshes == 1)
            #expect(seen.presented.count == rounds, "one rotation for each end of a token")
            #expect(seen.lost > rounds / 5, "the proxy has lost answers")
            #expect(seen.refreshes >= rounds + seen.lost - 20, "each lost one was asked for again")
            #expect(try await place.store.read() != nil)
            print("\(losses.testDescription): \(seen.refreshes) refreshes, \(seen.lost) lost")
        }
    }

    private static func callAll(_ session: OAuthSession, _ url: URL) async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<calls {
                group.addTask { try await session.data(from: url).1.status.code }
            }
            for try await status in group { #expect(status == 200) }
        }
    }

    @Test("the same with four processes on one file of tokens", arguments: losses.prefix(2))
    func fourProcesses(losses: LossyProxy.Losses) async throws {
        try await ClientWorld.run(losses) { world in
            let place = TokenPlace()
            let client = world.client(.overlapping)
            let session = try await world.session(of: client, store: place.store)
            let rounds = Rounds(processes: 4, world.clock)
            world.proxy.aside("/rounds") { _ in await rounds.next() }

            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await AppProcess(world.proxy.issuer, place).runInProcessOfItsOwn()
                    }
                }
                try await group.waitForAll()
            }

            let seen = world.proxy.seen
            #expect(seen.mostRefreshes == 1, "one refresh under way among all processes")
            #expect(seen.presented.count == Self.expiries, "one rotation for each expiry")
            #expect(seen.lost > Self.expiries / 5, "the proxy has lost answers")
            // What is in the file is the newest, and works.
            world.clock.advance(by: ClientWorld.life)
            _ = try await session.accessToken()
            #expect(world.proxy.seen.presented.count == Self.expiries + 1)
            print("\(losses.testDescription): \(seen.refreshes) refreshes, \(seen.lost) lost")
        }
    }
}

@Suite("One process of an app that has four")
struct AppProcessTests {
    @Test(
        "it has a good token in every round that it is told of",
        .enabled(if: AppProcess.ofThisProcess != nil, "the test with four processes starts it")
    )
    func run() async throws {
        try await #require(AppProcess.ofThisProcess).run()
    }
}

/// Lets processes begin a round together: whoever is done with one waits until all are, and is told
/// what the time is then.
private final class Rounds: Sendable {
    private struct State {
        var waiting: [CheckedContinuation<String, Never>] = []
        var begun = 0
    }

    private let processes: Int
    private let clock: ManualClock
    private let state = Mutex(State())

    init(processes: Int, _ clock: ManualClock) {
        self.processes = processes
        self.clock = clock
    }

    /// The seconds since 1970 at which the next round takes place; nothing when there is none.
    func next() async -> String {
        await withCheckedContinuation { continuation in
            let (all, text) = state.withLock { state in
                state.waiting.append(continuation)
                guard state.waiting.count == processes else {
                    return ([] as [CheckedContinuation<String, Never>], "")
                }
                defer { state.waiting = [] }
                state.begun += 1
                guard state.begun <= LostAnswerTests.expiries else { return (state.waiting, "") }
                clock.advance(by: ClientWorld.life)
                return (state.waiting, "\(clock.now.seconds)")
            }
            all.forEach { $0.resume(returning: text) }
        }
    }
}

/// One process of an app that has four, with a clock that it is told: this very test program, run
/// anew for one test.
struct AppProcess: Codable {
    struct Refused: Error {}
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    private static let variable = "MARTLET_TEST_APP_PROCESS"

    let issuer: String
    let path: String
    let keyPath: String

    init(_ issuer: String, _ place: TokenPlace) {
        self.issuer = issuer
        path = place.path
        keyPath = place.keyPath
    }

    /// What this process was started to be, if it was.
    static var ofThisProcess: AppProcess? {
        ProcessInfo.processInfo.environment[variable]
            .flatMap { try? JSONDecoder().decode(AppProcess.self, from: Data($0.utf8)) }
    }

    func runInProcessOfItsOwn() async throws {
        let process = Process()
        let log = path + ".\(UUID().uuidString).log"
        #expect(FileManager.default.createFile(atPath: log, contents: nil))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = [
            "--testing-library", "swift-testing", "--filter", "AppProcessTests",
        ]
        let value = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        process.environment = ProcessInfo.processInfo.environment
            .merging([Self.variable: value]) { $1 }
        process.standardOutput = output
        process.standardError = output
        let _: Void = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
        let text = try String(contentsOfFile: log, encoding: .utf8)
        guard process.terminationStatus == 0, text.contains("1 test") else {
            throw Failed(description: text)
        }
    }

    /// The time that the test last told.
    private final class Clock: Sendable {
        private let told = Mutex<Double>(0)

        var seconds: Double {
            get { told.withLock { $0 } }
            set { told.withLock { $0 = newValue } }
        }
    }

    func run() async throws {
        let clock = Clock()
        let transport = AsyncHTTPClientTransport(patience: .seconds(120))
        let client = OAuthClient(
            issuer: issuer,
            clientID: KnownClient.overlapping.id,
            authentication: .secret(Secret(KnownClient.overlapping.secret ?? "")),
            transport: transport,
            surroundings: ClientSurroundings(
                now: { Date(timeIntervalSince1970: clock.seconds) },
                sleep: { _ in try await Task.sleep(for: .milliseconds(1)) }
            )
        )
        let store = FileTokenStore(path: path, key: .file(at: keyPath))
        let session = OAuthSession(client: client, store: store)
        let url = try #require(URL(string: issuer + "/rounds"))
        while true {
            let (data, _) = try await transport.send(.init(.get, url), body: Data())
            guard let seconds = Double(String(decoding: data, as: UTF8.self)) else { return }
            clock.seconds = seconds
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<(LostAnswerTests.calls / 4) {
                    group.addTask {
                        let token = try await session.accessToken()
                        try Self.check(token, at: seconds)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Whether a token is one of this round.
    private static func check(_ token: Secret, at seconds: Double) throws {
        let signed = try JSONWebSignature.parse(token.text)
        let claims = try AccessTokenClaims(json: JSONValue(parsing: signed.payload))
        guard Double(claims.expiresAt) > seconds else { throw Refused() }
    }
}
