import GRDB
import MartletCore
import MartletTesting
import Synchronization
import Testing

@testable import MartletSQLite

@Suite("the one writer")
struct BatchWriterTests {
    private let clock = ManualClock()

    @Test("writes that wait together share a commit")
    func batches() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        let families = try (1...64).map { try family($0) }
        for family in families { try await storage.make(family) }
        let before = storage.statistics
        try await whileHeld(file) {
            try await storage.rotate(families, times: 1)
        } until: {
            storage.waiting == 64
        }
        let after = storage.statistics
        #expect(after.writes - before.writes == 64)
        // The first may have set out alone before the others came.
        #expect(after.batches - before.batches <= 2)
        await storage.close()
    }

    @Test("each batch that is durable is told with its writes and its times")
    func toldOf() async throws {
        let told = Mutex<[CommittedBatch]>([])
        let file = try TemporaryStore()
        let storage = try file.open(clock) { batch in told.withLock { $0.append(batch) } }
        let families = try (1...32).map { try family($0) }
        for family in families { try await storage.make(family) }
        let before = told.withLock { $0.count }
        #expect(before == 32)
        try await whileHeld(file) {
            try await storage.rotate(families, times: 1)
        } until: {
            storage.waiting == 32
        }
        let batches = told.withLock { $0.dropFirst(before) }
        #expect(batches.map(\.writes).reduce(0, +) == 32)
        #expect(batches.count <= 2)
        for batch in batches { #expect(.zero < batch.commit && batch.commit < batch.duration) }
        let statistics = storage.statistics
        #expect(statistics.batches == before + batches.count)
        await storage.close()
    }

    @Test("a batch holds at most one write of each family, and loses the order of none")
    func onePerFamily() throws {
        let ids = [1, 2, 1, 3, 2, 1].compactMap { FamilyID($0) }
        var backlog: [any WriteJob] = ids.map { Marker(family: $0) }
        backlog.append(Marker(family: nil))
        backlog.append(Marker(family: nil))
        var batches: [[Int64?]] = []
        while !backlog.isEmpty {
            batches.append(BatchWriter.nextBatch(from: &backlog).map { $0.family?.value })
        }
        #expect(batches == [[1, 2, 3, nil, nil], [1, 2], [1]])
    }

    @Test("a batch is bounded")
    func bounded() {
        var backlog: [any WriteJob] = (0..<600).map { _ in Marker(family: nil) }
        var counts: [Int] = []
        while !backlog.isEmpty { counts.append(BatchWriter.nextBatch(from: &backlog).count) }
        #expect(counts == [256, 256, 88])
    }

    @Test("a reader does not wait while another process holds the write lock")
    func reading() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        let made = try family(1)
        try await storage.make(made)
        // On a busy machine the reads may take longer than a write waits for the lock; then it is
        // refused, and has written nothing.
        let written = try await whileHeld(file) {
            try? await storage.rotate(made.authorized)
        } until: {
            storage.waiting == 1
        } meanwhile: {
            let found = try await storage.find(made.authorized.id)
            #expect(found.family?.state.generation == .first)
            _ = try await storage.revision()
            _ = try await storage.list(of: .all, before: nil, limit: 10)
            _ = try await storage.events(of: .all, limit: 10)
        }
        if written == nil { try await storage.rotate(made.authorized) }
        let found = try await storage.find(made.authorized.id)
        #expect(found.family?.state.generation == Generation(1))
        await storage.close()
    }

    @Test("a member that fails does not take its batch with it")
    func failingMember() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        let families = try (1...20).map { try family($0) }
        for family in families { try await storage.make(family) }
        let other = try OtherProcess(file.path)
        // One fails as it is read, one as it is written.
        try await other.execute("UPDATE family_state SET end_reason = 'whim' WHERE id = 7")
        try await other.execute(
            """
            CREATE TRIGGER refuse BEFORE UPDATE ON family_state WHEN new.id = 13
            BEGIN SELECT RAISE(ROLLBACK, 'no'); END
            """
        )
        let failed = try await whileHeld(file) {
            await withTaskGroup(of: (Int64, StorageError?).self) { group in
                for family in families {
                    group.addTask {
                        do throws(StorageError) {
                            try await storage.rotate(family.authorized)
                        } catch {
                            return (family.authorized.id.value, error)
                        }
                        return (family.authorized.id.value, nil)
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
        } until: {
            storage.waiting == 20
        }
        #expect(failed.keys.sorted() == [7, 13])
        #expect(failed[7] == .corrupt("\"whim\" is no reason for an end"))
        for family in families where failed[family.authorized.id.value] == nil {
            let found = try await storage.find(family.authorized.id)
            #expect(found.family?.state.generation == Generation(1))
        }
        await storage.close()
    }

    @Test("more writes than it holds are refused at once, and it recovers")
    func overload() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        let made = try family(1)
        try await storage.make(made)
        let key = OneTimeKey(.deniedAccessToken, "none")
        let refused = Counter()
        let surplus = 100
        let done = try await whileHeld(file) {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<WriterQueue.capacity + surplus {
                    group.addTask {
                        do throws(StorageError) {
                            _ = try await storage.take(key)
                            return true
                        } catch {
                            if error == .overloaded { refused.add() }
                            return false
                        }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
        } until: {
            refused.value == surplus
        }
        #expect(done == WriterQueue.capacity)
        #expect(refused.value == surplus)
        #expect(try await storage.rotate(made.authorized) == Generation(1))
        #expect(storage.waiting == 0)
        await storage.close()
    }

    @Test("refusals of a dead family write nothing, however many")
    func reuseFlood() async throws {
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        let made = try family(1)
        try await storage.make(made)
        var ended = made.state
        ended.ended = Ended(reason: .reuse, at: clock.now)
        try await storage.change(made.authorized) { [ended] _, _ in
            Change(state: ended, answer: ())
        }
        let before = (file.size(), file.size("-wal"))
        for _ in 0..<2000 {
            try await storage.change(made.authorized) { view, _ in
                Change(state: view.family?.state, answer: ())
            }
        }
        #expect((file.size(), file.size("-wal")) == before)
        await storage.close()
    }

    @Test("two processes see each other's writes at once, and both get on under load")
    func twoProcesses() async throws {
        let file = try TemporaryStore()
        let server = try file.open(clock)
        let commandLine = try file.open(clock)
        let families = try (1...32).map { try family($0) }
        for family in families { try await server.make(family) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.rotate(families, times: 200) }
            group.addTask {
                for number in 1...50 {
                    let id = ClientID(rawValue: "\(number)")
                    try await commandLine.save([], events: [.clientCreated(id)])
                    let revision = try await server.revision()
                    #expect(revision == Revision(Int64(number)))
                    let (seen, _) = try await server.change(families[0].authorized) {
                        view,
                        now in Change(answer: (view, now))
                    }
                    #expect(seen.revision == revision)
                }
            }
            try await group.waitForAll()
        }
        try await commandLine.rotate(families, times: 1)
        for family in families {
            let found = try await server.find(family.authorized.id)
            #expect(found.family?.state.generation == Generation(201))
        }
        await server.close()
        await commandLine.close()
    }

    @Test("after the log could not be copied the store is opened anew, and no write is lost")
    func openedAnew() async throws {
        let file = try TemporaryStore()
        let (clock, path) = (clock, file.path)
        try await file.open(clock).close()
        let opened = Counter()
        let storage = SQLiteStorage(
            file: try StoreFile(
                open: {
                    opened.add()
                    return try SQLiteStorage.pool(path) { clock.now }
                },
                connect: { throw DatabaseError(resultCode: .SQLITE_IOERR) },
                pagesToCopy: 20
            ),
            clock: { clock.now },
            committed: { _ in }
        )
        let families = try (1...8).map { try family($0) }
        for family in families { try await storage.make(family) }
        try await storage.rotate(families, times: 200)
        #expect(opened.value > 1)
        // A read that comes as the store is being opened is refused, so ask the writer.
        for family in families {
            #expect(try await storage.rotate(family.authorized) == Generation(201))
        }
        await storage.close()
        let later = try file.open(clock)
        for family in families {
            let found = try await later.find(family.authorized.id)
            #expect(found.family?.state.generation == Generation(201))
        }
        await later.close()
    }

    @Test("the log is copied while writes go on, and starts over")
    func copying() async throws {
        let file = try TemporaryStore()
        let (clock, path) = (clock, file.path)
        try await file.open(clock).close()
        let storage = SQLiteStorage(
            file: try StoreFile(
                open: { try SQLiteStorage.pool(path) { clock.now } },
                connect: { try DatabaseQueue(path: path) },
                pagesToCopy: 20
            ),
            clock: { clock.now },
            committed: { _ in }
        )
        let families = try (1...8).map { try family($0) }
        for family in families { try await storage.make(family) }
        let before = file.size("-wal")
        try await storage.rotate(families, times: 3000)
        // Each of at least 3000 commits wrote a page.
        #expect(file.size("-wal") - before < 2000 * 1024)
        for family in families {
            #expect(try await storage.rotate(family.authorized) == Generation(3001))
        }
        await storage.close()
    }

    /// Does the work while another process holds the write lock, which it lets go once the
    /// condition is met and what is to happen meanwhile has happened.
    @discardableResult
    private func whileHeld<Value: Sendable>(
        _ file: TemporaryStore,
        _ work: @escaping @Sendable () async throws -> Value,
        until condition: @escaping @Sendable () -> Bool,
        meanwhile: @escaping @Sendable () async throws -> Void = {}
    ) async throws -> Value {
        let other = try OtherProcess(file.path)
        try await other.holdWriteLock()
        async let value = work()
        while !condition() { await Task.yield() }
        do { try await meanwhile() } catch {
            try await other.release()
            throw error
        }
        try await other.release()
        return try await value
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func add() {
        count.withLock { $0 += 1 }
    }
}

/// A job that only stands in the queue.
private final class Marker: WriteJob {
    let family: FamilyID?

    init(family: FamilyID?) {
        self.family = family
    }

    func run(_ access: WriteAccess) {}

    func finish(_ failure: StorageError?) {}
}
