import Foundation
import MartletCore
import MartletTesting
import Synchronization
import Testing

@testable import MartletPostgres

@Suite("what a PostgreSQL store survives", .serialized)
struct PostgresFaultTests {
    private let clock = ManualClock()

    private func open(_ url: String) async throws -> PostgresStorage {
        let address = try #require(PostgresAddress(url))
        return try await PostgresStorage.open(address, clock: { [clock] in clock.now })
    }

    @Test("a connection that is cut after the commit, before the answer: the rotation is answered")
    func cutAfterCommit() async throws {
        let server = try await PostgresFixture.server()
        let proxy = try CuttingProxy(to: server.port)
        let url = try await PostgresFixture.url()
            .replacingOccurrences(of: ":\(server.port)/", with: ":\(proxy.port)/")
        let storage = try await open(url)
        let made = try family(1)
        try await storage.make(made)
        for number in UInt32(1)...10 {
            proxy.loseAnswer(to: "write_states")
            let generation = try await storage.rotate(made.authorized)
            #expect(generation == Generation(number))
            let found = try await storage.find(made.authorized.id)
            #expect(found.family?.state.generation == Generation(number))
            #expect(proxy.count == Int(number))
        }
        await storage.close()
        proxy.stop()
    }

    @Test("an answer that is lost with its events leaves each of them once")
    func eventsOnce() async throws {
        let server = try await PostgresFixture.server()
        let proxy = try CuttingProxy(to: server.port)
        let url = try await PostgresFixture.url()
            .replacingOccurrences(of: ":\(server.port)/", with: ":\(proxy.port)/")
        let storage = try await open(url)
        let made = try family(1)
        try await storage.make(made)
        proxy.loseAnswer(to: "write_states_with_events")
        let event = AuditEvent.accountEnabled(made.authorized.account)
        try await storage.change(made.authorized) { _, now in
            Change(
                state: FamilyState(generation: Generation(1), lastRotation: now),
                events: [event],
                answer: ()
            )
        }
        #expect(proxy.count == 1)
        let events = try await storage.events(of: .all, limit: 10)
        #expect(events.map(\.event) == [event])
        await storage.close()
        proxy.stop()
    }

    @Test("connections that the database ends all the time: no change is lost, none made twice")
    func terminated() async throws {
        let server = try await PostgresFixture.server()
        let url = try await PostgresFixture.url() + "&application_name=ended"
        let storage = try await open(url)
        let families = try (1...8).map { try family($0) }
        for family in families { try await storage.make(family) }
        let isOver = Mutex(false)
        async let ended: Void = {
            while !isOver.withLock({ $0 }) {
                try server.execute(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'ended'
                    """
                )
            }
        }()
        let counts = await Self.rotate(families, times: 100, in: storage)
        isOver.withLock { $0 = true }
        try await ended
        try await Self.expect(counts, of: families, in: storage)
        await storage.close()
    }

    @Test("a database that restarts under load: no answered change is lost")
    func restart() async throws {
        let server = try PostgresServer()
        try await server.start()
        let storage = try await open(server.url())
        let families = try (1...8).map { try family($0) }
        for family in families { try await storage.make(family) }
        async let counts = Self.rotate(families, times: 200, in: storage)
        server.kill()
        try await server.start()
        try await Self.expect(await counts, of: families, in: storage)
        // Whatever was refused meanwhile, it goes on.
        for family in families {
            var isDone = false
            for _ in 0..<200 where !isDone {
                isDone = (try? await storage.rotate(family.authorized)) != nil
            }
            #expect(isDone)
        }
        await storage.close()
        server.stop()
    }

    @Test("a database that is gone: whoever asks is told in time, and then at once")
    func gone() async throws {
        let server = try PostgresServer()
        try await server.start()
        let storage = try await open(server.url())
        let made = try family(1)
        try await storage.make(made)
        server.stop()
        await #expect(throws: StorageError.self) { try await storage.rotate(made.authorized) }
        let begin = ContinuousClock.now
        for _ in 0..<1000 {
            let error = await #expect(throws: StorageError.self) {
                try await storage.rotate(made.authorized)
            }
            guard case .unavailable = error else {
                Issue.record("refused with \(String(describing: error))")
                break
            }
        }
        #expect(ContinuousClock.now - begin < outagePatience)
        await storage.close()
    }

    @Test("more than may wait is refused at once")
    func bound() {
        let queue = WorkQueue<Marker>()
        for _ in 0..<WorkQueue<Marker>.capacity { #expect(queue.append(Marker()) == nil) }
        #expect(queue.append(Marker()) == .overloaded)
    }

    @Test("when the oldest has waited too long, whoever comes is refused at once")
    func slow() {
        let queue = WorkQueue<Marker>()
        let long = WorkQueue<Marker>.longestWait + .seconds(1)
        #expect(queue.append(Marker(since: .now - long)) == nil)
        #expect(queue.append(Marker()) == .overloaded)
        let taken = queue.take(10)
        #expect(taken?.count == 1)
        #expect(queue.append(Marker()) == nil)
    }

    @Test("work with a key in common waits until the first is done")
    func keys() throws {
        let key = WorkKey.family(try #require(FamilyID(1)))
        let queue = WorkQueue<Marker>()
        for _ in 0..<2 { #expect(queue.append(Marker(keys: [key])) == nil) }
        #expect(queue.append(Marker()) == nil)
        let first = try #require(queue.take(10))
        #expect(first.map(\.keys) == [[key], []])
        queue.finished(first)
        #expect(queue.take(10)?.map(\.keys) == [[key]])
    }

    // MARK: Load

    private struct Count: Sendable {
        var done = 0
        var refused = 0
    }

    private static func rotate(
        _ families: [TokenFamily],
        times: Int,
        in storage: PostgresStorage
    ) async -> [Count] {
        await withTaskGroup(of: (Int, Count).self) { group in
            for (index, family) in families.enumerated() {
                group.addTask {
                    var count = Count()
                    for _ in 0..<times {
                        do {
                            try await storage.rotate(family.authorized)
                            count.done += 1
                        } catch {
                            count.refused += 1
                        }
                    }
                    return (index, count)
                }
            }
            var counts = families.map { _ in Count() }
            for await (index, count) in group { counts[index] = count }
            return counts
        }
    }

    /// Each answered change is there once; of a refused one the store may not know itself.
    private static func expect(
        _ counts: [Count],
        of families: [TokenFamily],
        in storage: PostgresStorage
    ) async throws {
        #expect(counts.contains { $0.done > 0 })
        for (family, count) in zip(families, counts) {
            let found = try await storage.find(family.authorized.id)
            let generation = Int(found.family?.state.generation.value ?? 0)
            #expect(
                (count.done...count.done + count.refused).contains(generation),
                "\(count.done) answered, \(count.refused) refused, generation \(generation)"
            )
        }
    }
}

/// Work that only stands in the queue.
private struct Marker: Work {
    var keys: [WorkKey] = []
    var since = ContinuousClock.now

    func finish(_ failure: StorageError?) {}
}
