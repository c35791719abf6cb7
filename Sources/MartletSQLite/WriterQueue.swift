import Dispatch
import MartletCore
import Synchronization

/// The writes that wait for the writer: any task appends, the writer's thread takes.
final class WriterQueue: Sendable {
    /// Accepted writes that are not answered yet. At the slowest rate that was measured for a disk
    /// this is a wait of about two seconds; who comes then is better told so at once.
    static let capacity = 8192

    /// Writes in one transaction. More would save next to nothing (measured: 64 cost an eighth of
    /// single commits, 256 hardly less), and each waits for all others of its batch.
    static let batchSize = 256

    private struct State {
        var arrived: [any WriteJob] = []
        /// Arrived, in the writer's hands or being committed: what ``capacity`` bounds.
        var waiting = 0
        var isClosed = false
        /// The writer has found nothing and wants to be woken.
        var writerSleeps = false
        var statistics = SQLiteStorage.Statistics()
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    /// Accepts a write, or tells why not.
    func append(_ job: some WriteJob) -> StorageError? {
        let (refusal, mustWake) = state.withLock { state -> (StorageError?, Bool) in
            guard !state.isClosed else { return (.closed, false) }
            guard state.waiting < Self.capacity else { return (.overloaded, false) }
            state.waiting += 1
            state.arrived.append(job)
            let slept = state.writerSleeps
            state.writerSleeps = false
            return (nil, slept)
        }
        if mustWake { wake.signal() }
        return refusal
    }

    /// Writes that are accepted and not answered yet.
    var waiting: Int { state.withLock { $0.waiting } }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    var statistics: SQLiteStorage.Statistics { state.withLock { $0.statistics } }

    /// Accepts nothing more.
    func close() {
        let mustWake = state.withLock { state in
            state.isClosed = true
            let slept = state.writerSleeps
            state.writerSleeps = false
            return slept
        }
        if mustWake { wake.signal() }
    }

    // MARK: For the writer's thread

    /// What the writer found.
    enum Arrival {
        case jobs
        /// It had to wait for them: the write lock was free meanwhile.
        case jobsAfterSleep
        /// Closed, and nothing is left.
        case end
    }

    /// Moves everything that arrived into the writer's hands, and sleeps only if they are empty.
    func collect(into backlog: inout [any WriteJob]) -> Arrival {
        var slept = false
        while true {
            let end = state.withLock { state in
                if backlog.isEmpty {
                    swap(&backlog, &state.arrived)
                } else {
                    backlog.append(contentsOf: state.arrived)
                    state.arrived.removeAll(keepingCapacity: true)
                }
                state.writerSleeps = backlog.isEmpty && !state.isClosed
                return backlog.isEmpty && state.isClosed
            }
            if end { return .end }
            if !backlog.isEmpty { return slept ? .jobsAfterSleep : .jobs }
            wake.wait()
            slept = true
        }
    }

    /// Moves everything that arrived into the writer's hands.
    func takeAll(into backlog: inout [any WriteJob]) {
        state.withLock { state in
            backlog.append(contentsOf: state.arrived)
            state.arrived.removeAll(keepingCapacity: true)
        }
    }

    /// That a batch is over and its writes are about to be answered.
    func finished(_ count: Int, committedAt instant: Instant?) {
        state.withLock { state in
            state.waiting -= count
            state.statistics.batches += 1
            state.statistics.writes += count
            if let instant { state.statistics.lastCommit = instant }
        }
    }
}

extension StorageError {
    static let closed = StorageError.unavailable("the store is closed")
    static let beingOpened = StorageError.unavailable("the store is being opened anew")
}
