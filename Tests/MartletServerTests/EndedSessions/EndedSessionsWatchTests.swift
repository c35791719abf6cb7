import MartletCore
import MartletProtocol
import Testing

@testable import MartletServer

@Suite("APIs that wait for sessions to end")
struct EndedSessionsWatchTests {
    private static let api = ResourceID(rawValue: "https://api.example.com")
    private static let other = ResourceID(rawValue: "https://other.example.com")

    /// A watch that looks when the test says so.
    private func withWatch(
        _ body: @Sendable (TestServer, EndedSessionsWatch) async throws -> Void
    ) async throws {
        let world = try await TestServer()
        let watch = EndedSessionsWatch(server: world.server)
        watch.begin()
        try await body(world, watch)
        watch.end()
    }

    @Test("whoever an end concerns is answered at the next look, and nobody else")
    func concerned() async throws {
        try await withWatch { world, watch in
            async let mine = watch.wait(for: Self.api, behind: .start)
            async let theirs = watch.wait(for: Self.other, behind: .start)
            while watch.waiting < 2 { await Task.yield() }
            await watch.look()
            #expect(watch.waiting == 2)
            try await world.storage.change(OneTimeKey(.signIn, "x")) { _, _ in
                OneTimeChange(
                    writes: [.end(.accessToken("t", audience: [Self.api.rawValue]))],
                    answer: ()
                )
            }
            await watch.look()
            #expect(await mine == .ended)
            #expect(watch.waiting == 1)
            for _ in 0..<EndedSessionsWatch.patience { await watch.look() }
            #expect(await theirs == .over)
            #expect(watch.waiting == 0)
        }
    }

    @Test("a store that cannot be read is looked at again")
    func unreadable() async throws {
        try await withWatch { world, watch in
            async let mine = watch.wait(for: Self.api, behind: .start)
            while watch.waiting < 1 { await Task.yield() }
            try await world.storage.change(OneTimeKey(.signIn, "x")) { _, _ in
                OneTimeChange(writes: [.end(.everything)], answer: ())
            }
            world.storage.fail(with: .unavailable("test"))
            await watch.look()
            #expect(watch.waiting == 1)
            world.storage.fail(with: nil)
            await watch.look()
            #expect(await mine == .ended)
        }
    }

    @Test("the instances of one API that wait have a bound, and all together have one")
    func bounds() async throws {
        try await withWatch { _, watch in
            await withTaskGroup(of: EndedSessionsWatch.Outcome.self) { group in
                let ofOne = EndedSessionsWatch.maximumWaitingOfOne
                for _ in 0..<ofOne {
                    group.addTask { await watch.wait(for: Self.api, behind: .start) }
                }
                while watch.waiting < ofOne { await Task.yield() }
                #expect(await watch.wait(for: Self.api, behind: .start) == .full)
                let rest = EndedSessionsWatch.maximumWaiting - ofOne
                for number in 0..<rest {
                    let resource = ResourceID(rawValue: "urn:api:\(number / 200)")
                    group.addTask { await watch.wait(for: resource, behind: .start) }
                }
                while watch.waiting < EndedSessionsWatch.maximumWaiting { await Task.yield() }
                #expect(await watch.wait(for: Self.other, behind: .start) == .full)
                for _ in 0..<EndedSessionsWatch.patience { await watch.look() }
                for await outcome in group { #expect(outcome == .over) }
            }
            // The places are free again.
            async let next = watch.wait(for: Self.api, behind: .start)
            while watch.waiting < 1 { await Task.yield() }
            for _ in 0..<EndedSessionsWatch.patience { await watch.look() }
            #expect(await next == .over)
        }
    }

    @Test("when the server stops, nobody waits any longer")
    func stopped() async throws {
        let world = try await TestServer()
        let watch = EndedSessionsWatch(server: world.server)
        #expect(await watch.wait(for: Self.api, behind: .start) == .full)
        watch.begin()
        async let waiting = watch.wait(for: Self.api, behind: .start)
        while watch.waiting < 1 { await Task.yield() }
        let running = Task { await watch.run() }
        running.cancel()
        await running.value
        #expect(await waiting == .full)
        #expect(watch.waiting == 0)
        #expect(await watch.wait(for: Self.api, behind: .start) == .full)
    }

    @Test("a request that waits is not counted among those in progress")
    func notCounted() async throws {
        let counter = RequestsInProgress()
        for _ in 0..<RequestsInProgress.maximum { #expect(counter.enter()) }
        #expect(!counter.enter())
        counter.leave()
        let hadRoom = await counter.whileWaiting { counter.enter() }
        #expect(hadRoom)
        #expect(!counter.enter())
    }
}
