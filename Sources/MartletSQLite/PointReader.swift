import Dispatch
import Foundation
import GRDB
import MartletCore
import Synchronization

/// Reads of single rows, which requests wait for: a thread that lives inside one long access to one
/// of the pool's reading connections and answers what waits together from one snapshot.
///
/// Crossing GRDB's queues for every read cost an introspection more than its signature (measured,
/// docs/performance.md). Lists do not come here: they take their time.
final class PointReader: Sendable {
    /// Reads that are accepted and not answered yet; who comes then is better told so at once.
    static let capacity = 8192
    /// Nobody waits for more to join than so many; they save next to nothing.
    private static let enough = 256
    /// So long it is tried again to get a connection before anybody is told that there is none.
    private static let patience: Duration = .seconds(2)
    private static let retryInterval: TimeInterval = 0.02

    private struct State {
        var arrived: [any PointRead] = []
        /// Arrived or being answered: what ``capacity`` bounds.
        var waiting = 0
        var isClosed = false
        /// The thread has found nothing and wants to be woken.
        var sleeps = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)

    /// Starts the thread.
    init(_ pool: DatabasePool) {
        let thread = Thread { self.run(pool) }
        thread.name = "martlet.reader"
        thread.start()
    }

    /// Accepts a read, or tells why not.
    func append(_ read: some PointRead) -> StorageError? {
        let (refusal, mustWake) = state.withLock { state -> (StorageError?, Bool) in
            guard !state.isClosed else { return (.beingOpened, false) }
            guard state.waiting < Self.capacity else { return (.overloaded, false) }
            state.waiting += 1
            state.arrived.append(read)
            defer { state.sleeps = false }
            return (nil, state.sleeps)
        }
        if mustWake { wake.signal() }
        return refusal
    }

    /// Answers what was accepted, lets go of the connection, and blocks until it has.
    func stop() {
        let mustWake = state.withLock { state in
            state.isClosed = true
            defer { state.sleeps = false }
            return state.sleeps
        }
        if mustWake { wake.signal() }
        end.wait()
    }

    // MARK: The thread

    private func run(_ pool: DatabasePool) {
        var reads: [any PointRead] = []
        let deadline = ContinuousClock.now + Self.patience
        var isOver = false
        while !isOver {
            do {
                try pool.unsafeRead { database in
                    while take(&reads) { answer(reads, from: database) }
                }
                isOver = true
            } catch  where ContinuousClock.now < deadline {
                Thread.sleep(forTimeInterval: Self.retryInterval)
            } catch {
                // There is no connection to be had now: whoever waits is told so, and for whoever
                // comes next it is tried again.
                isOver = !take(&reads)
                let failure = StorageError(error)
                for read in reads { read.fail(failure) }
            }
        }
        end.signal()
    }

    /// Takes everything that has arrived in place of what was answered; waits until something has,
    /// and answers `false` after the end.
    private func take(_ reads: inout [any PointRead]) -> Bool {
        let answered = reads.count
        reads.removeAll(keepingCapacity: true)
        var isCounted = false
        while true {
            if answered > 1 { gather() }
            let isOver = state.withLock { state in
                if !isCounted { state.waiting -= answered }
                swap(&reads, &state.arrived)
                state.sleeps = reads.isEmpty && !state.isClosed
                return reads.isEmpty && state.isClosed
            }
            isCounted = true
            if !reads.isEmpty { return true }
            if isOver { return false }
            wake.wait()
        }
    }

    private func gather() {
        let begin = ContinuousClock.now
        var gathering = Gathering(upTo: Self.enough)
        while gathering.goesOn(
            arrived: state.withLock { $0.arrived.count },
            after: .now - begin
        ) {
            sched_yield()
        }
    }

    /// One read is one statement and so of one moment; several share a transaction, which begins
    /// after all of them were asked for.
    private func answer(_ reads: [any PointRead], from database: Database) {
        guard reads.count > 1 else {
            for read in reads { read.run(database) }
            return
        }
        do {
            try SQLStatement(database, cached: "BEGIN").execute()
        } catch {
            let failure = StorageError(error)
            for read in reads { read.fail(failure) }
            return
        }
        for read in reads { read.run(database) }
        // It only gives up the snapshot. After some errors SQLite has done so by itself.
        try? SQLStatement(database, cached: "COMMIT").execute()
    }
}

/// One read, from the request that asks for it to the answer that it waits for.
protocol PointRead: Sendable {
    /// Reads and answers.
    func run(_ database: Database)
    func fail(_ failure: StorageError)
}

/// The read that runs a closure and answers a continuation.
struct Read<Value: Sendable>: PointRead {
    typealias Outcome = Result<Value, StorageError>

    let body: @Sendable (Database) throws -> Value
    let continuation: CheckedContinuation<Outcome, Never>

    func run(_ database: Database) {
        continuation.resume(
            returning: Result { try body(database) }.mapError { StorageError($0) }
        )
    }

    func fail(_ failure: StorageError) {
        continuation.resume(returning: .failure(failure))
    }
}
