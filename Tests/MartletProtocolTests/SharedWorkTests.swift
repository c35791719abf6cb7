import Synchronization
import Testing

@testable import MartletProtocol

@Suite("Work that is shared")
struct SharedWorkTests {
    private struct Failure: Error {}

    /// Work that stands still until it is let go, and counts its runs.
    private final class Held: Sendable {
        let runs = Mutex(0)
        let asked = Mutex(0)
        private let isLetGo = Mutex(false)

        func run() async -> Int {
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            while !isLetGo.withLock({ $0 }) { await Task.yield() }
            return run
        }

        func letGo() { isLetGo.withLock { $0 = true } }
    }

    @Test("it is done once for all who ask while it runs, and again for the next")
    func once() async throws {
        let work = SharedWork<Int>()
        let held = Held()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    held.asked.withLock { $0 += 1 }
                    return try await work.value { await held.run() }
                }
            }
            while held.asked.withLock({ $0 }) < 100 || held.runs.withLock({ $0 }) == 0 {
                await Task.yield()
            }
            // Between counting and asking lies no suspension but the waiting itself.
            for _ in 0..<1000 { await Task.yield() }
            held.letGo()
            for try await value in group { #expect(value == 1) }
        }
        #expect(held.runs.withLock { $0 } == 1)
        #expect(try await work.value { 42 } == 42, "the next one is not given an old outcome")
    }

    @Test("a failure is everybody's, and the next one tries anew")
    func failure() async throws {
        let work = SharedWork<Int>()
        await #expect(throws: Failure.self) { _ = try await work.value { throw Failure() } }
        #expect(try await work.value { 1 } == 1)
    }

    @Test("whoever was cancelled before asking gets nothing, and the work is done")
    func cancelledBefore() async throws {
        let work = SharedWork<Int>()
        let held = Held()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await work.value { await held.run() }
        }
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        while held.runs.withLock({ $0 }) == 0 { await Task.yield() }
        held.letGo()
    }
}
