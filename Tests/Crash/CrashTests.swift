import AsyncHTTPClient
import Foundation
import MartletTesting
import Synchronization
import Testing

@Suite("What is answered survives", .serialized)
struct CrashTests {
    /// How often the server is killed; `scripts/check` asks for more.
    static let rounds =
        ProcessInfo.processInfo.environment["MARTLET_CRASH_ROUNDS"].flatMap { Int($0) } ?? 3
    static let chains = 8

    @Test("after kill -9 under load every token that was answered counts as it did")
    func killedUnderLoad() async throws {
        let server = try ServerProcess(configuration: TokenClient.configuration(overlap: 60))
        try await server.start()
        let client = TokenClient(url: server.url, http: .shared)
        var rotations = 0
        for round in 0..<Self.rounds {
            let loads = await withTaskGroup(of: [String].self) { group in
                for _ in 0..<Self.chains { group.addTask { await Self.chain(client) } }
                try? await Task.sleep(for: .milliseconds(600 + 97 * (round % 5)))
                server.kill()
                return await group.reduce(into: [[String]]()) { $0.append($1) }
            }
            try await server.start()
            // The newest first, all of them: what was committed and not answered can be had again
            // within the overlap only.
            for tokens in loads { try await expectNewestWorks(tokens, by: client) }
            for tokens in loads { await expectEarlierRefused(tokens, by: client) }
            rotations += loads.reduce(0) { $0 + $1.count }
        }
        print("killed \(Self.rounds) times, \(rotations) answered tokens presented")
        #expect(rotations > Self.rounds * Self.chains, "the load was hardly one")
        server.stop()
    }

    /// Signs in and rotates until the server is gone; answers every token in order.
    private static func chain(_ client: TokenClient) async -> [String] {
        var tokens: [String] = []
        var outcome = await client.signIn()
        while let token = outcome.refreshToken {
            tokens.append(token)
            outcome = await client.refresh(token)
        }
        return tokens
    }

    /// The newest answered token still works, although its rotation may have been committed and
    /// not answered; a retry gets the same successor, and the successor works too.
    private func expectNewestWorks(_ tokens: [String], by client: TokenClient) async throws {
        guard let newest = tokens.last else { return }
        var outcome = await client.refresh(newest)
        // A connection to the server that was killed may be tried first.
        if outcome == .lost { outcome = await client.refresh(newest) }
        let successor = try #require(outcome.refreshToken, "an answered token was lost")
        let again = await client.refresh(newest).refreshToken
        #expect(again == successor, "a retry after the crash got another token")
        let next = await client.refresh(successor).refreshToken
        #expect(next != nil, "the successor of an answered token does not work")
    }

    private func expectEarlierRefused(_ tokens: [String], by client: TokenClient) async {
        for earlier in tokens.dropLast() {
            guard case .refused(let error, _) = await client.refresh(earlier) else {
                Issue.record("a token from before the crash lives again")
                return
            }
            #expect(error == "invalid_grant")
        }
    }

    @Test("no answer leaves before fdatasync has returned")
    func answersWaitForTheDisk() async throws {
        let shim = try Shim.build()
        let hold = FileManager.default.temporaryDirectory
            .appending(path: "martlet-hold-\(UUID().uuidString)").path
        let entered = hold + ".entered"
        defer {
            try? FileManager.default.removeItem(atPath: hold)
            try? FileManager.default.removeItem(atPath: entered)
        }
        let server = try ServerProcess(
            configuration: TokenClient.configuration(overlap: 0),
            environment: ["LD_PRELOAD": shim, "HOLD_FILE": hold]
        )
        try await server.start()
        let client = TokenClient(url: server.url, http: .shared)
        let first = try #require(await client.signIn().refreshToken)

        #expect(FileManager.default.createFile(atPath: hold, contents: nil))
        let answered = Flag()
        let refresh = Task {
            let outcome = await client.refresh(first)
            answered.raise()
            return outcome
        }
        while !FileManager.default.fileExists(atPath: entered), !answered.isRaised {
            try await Task.sleep(for: .milliseconds(1))
        }
        // The commit stands in fdatasync. However long it stands there, nothing is answered.
        try await Task.sleep(for: .milliseconds(300))
        #expect(!answered.isRaised, "the answer left before the disk had it")
        try FileManager.default.removeItem(atPath: hold)
        #expect(await refresh.value.refreshToken != nil)
        server.stop()
    }
}

/// Raised once, by another task.
private final class Flag: Sendable {
    private let raised = Mutex(false)

    func raise() { raised.withLock { $0 = true } }
    var isRaised: Bool { raised.withLock { $0 } }
}

/// The library that holds fdatasync back, built when it is needed.
private enum Shim {
    static func build() throws -> String {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "hold_fdatasync.c")
        let library = FileManager.default.temporaryDirectory
            .appending(path: "martlet-hold-\(ProcessInfo.processInfo.processIdentifier).so").path
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        compiler.arguments = ["cc", "-shared", "-fPIC", "-o", library, source.path, "-ldl"]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0, "no C compiler: run scripts/setup --test")
        return library
    }
}
