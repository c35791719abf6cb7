import Foundation
import Testing

@testable import MartletBench

/// A load is worth a figure only if nothing went wrong in it.
struct LoadTests {
    private static func figures(
        answered: Int = 10,
        failed: Int = 0,
        dry: Int = 0,
        broken: Int = 0,
        late: Int = 0
    ) -> LoadFigures {
        LoadFigures(
            requests: 10,
            microseconds: 1_000_000,
            answered: answered,
            failed: failed,
            dry: dry,
            broken: broken,
            late: late,
            p50: 1,
            p99: 2,
            failure: ""
        )
    }

    @Test(
        "a bad answer, a lost chain, a broken connection, a late answer or none at all is an error",
        arguments: [
            Self.figures(failed: 1), Self.figures(dry: 1), Self.figures(broken: 1),
            Self.figures(late: 1),
            Self.figures(answered: 0),
        ]
    )
    func errors(figures: LoadFigures) {
        #expect(throws: BenchError.self) { try figures.assertClean() }
    }

    @Test("a load without errors is a figure")
    func clean() throws {
        try Self.figures().assertClean()
        #expect(Self.figures().perSecond == 10)
    }

    @Test("a token that was lent and not given back is lent to nobody else")
    func pool() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-bench-test-\(UUID().uuidString)")
        try Files.makeFolder(folder.path)
        defer { try? FileManager.default.removeItem(at: folder) }
        let seeded = SeededFolder(path: folder.path)
        try SeededFolder.write(["one", "two", "three"], to: seeded.refreshTokens)
        var pool = try TokenPool(seeded, seeded.refreshTokens)
        let lent = try pool.lend(2) { tokens, rest in
            try SeededFolder.write(["successor of one"], to: rest)
            return try SeededFolder.lines(of: tokens)
        }
        #expect(lent == ["one", "two"])
        #expect(pool.tokens == ["three", "successor of one"])
        #expect(throws: BenchError.self) { _ = try pool.take(3) }
    }

    @Test("a request is sent with its token and the length that it then has")
    func filled() {
        let client = SeededStore.Credentials(id: "load", secret: "secret")
        let text = LoadRequest.refresh(client, tokens: "").filled(with: "mrt_1")
        #expect(text.hasSuffix("\r\n\r\ngrant_type=refresh_token&refresh_token=mrt_1"))
        #expect(text.contains("\r\nContent-Length: 44\r\n"))
        #expect(text.contains("\r\nAuthorization: Basic bG9hZDpzZWNyZXQ=\r\n"))
    }

    @Test("a program that was started ends when whoever started it is gone")
    func lifeline() throws {
        let output = FileManager.default.temporaryDirectory
            .appending(path: "martlet-bench-test-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: output) }
        var program: PinnedProcess? = try PinnedProcess(
            ["sleep", "600"],
            core: nil,
            output: output
        )
        let process = try #require(program?.process)
        #expect(process.isRunning)
        program = nil
        process.waitUntilExit()
        #expect(process.terminationStatus == SIGTERM)
    }
}
