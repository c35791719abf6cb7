import MartletCore
import Synchronization

/// The store in a PostgreSQL database, or in one that speaks its protocol: for any number of nodes.
///
/// Each connection has a thread of its own, which waits for the database so that no event loop and
/// no task has to: some read (``Reader``), one changes families (``FamilyWriter``), some do the rest
/// (``Stepper``). The first of each kind connects at once, so that none is missing when a database has
/// not enough connections for all; the others connect when they are first needed.
package final class PostgresStorage: Storage {
    /// Measured: a second one, which would write while the first one waits for its commit, halves the
    /// batches and makes each rotation dearer (docs/performance-of-the-store.md).
    static let familyConnections = 1
    static let stepConnections = 2
    static let readConnections = 3
    /// Connections of a node at most, for the arithmetic of operators.
    package static let connections = familyConnections + stepConnections + readConnections

    /// What families are judged by, on all nodes alike.
    package let clock: DatabaseClock
    let address: PostgresAddress
    private let reads = WorkQueue<Read>()
    private let changes = WorkQueue<FamilyChange>()
    private let steps = WorkQueue<AnyStep>()
    private let threads = ThreadCount()

    init(
        address: PostgresAddress,
        clock: DatabaseClock,
        committed: @escaping @Sendable (CommittedBatch) -> Void
    ) {
        self.address = address
        self.clock = clock
        start(
            FamilyWriter(queue: changes, clock: clock, committed: committed),
            Self.familyConnections
        )
        start(Stepper(queue: steps, clock: clock), Self.stepConnections)
        start(Reader(queue: reads), Self.readConnections)
    }

    deinit { closeQueues() }

    private func start(_ worker: some Worker, _ connections: Int) {
        for index in 0..<connections {
            threads.began()
            worker.start(address, clock, connecting: index == 0, ended: threads.ended)
        }
    }

    /// Writes that wait for the database now.
    package var waiting: Int { changes.waiting + steps.waiting }

    package func close() async {
        closeQueues()
        await threads.none()
    }

    private func closeQueues() {
        reads.close()
        changes.close()
        steps.close()
    }

    // MARK: The three doors

    func read<Value: Sendable>(
        _ query: Query,
        _ value: @escaping @Sendable (Rows) throws -> Value
    ) async throws(StorageError) -> Value {
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, StorageError>, Never>) in
            let read = Read(query: query) { answer in
                continuation.resume(
                    returning: answer.flatMap { rows in
                        Result { try value(rows) }.mapError { StorageError($0) }
                    }
                )
            }
            if let refusal = reads.append(read) { read.finish(refusal) }
        }
        return try outcome.get()
    }

    func step<Value: Sendable>(
        _ keys: [WorkKey],
        reading queries: [Query],
        conflict: StepConflict = .again,
        isTransfer: Bool = false,
        plan: @escaping @Sendable ([Rows]) throws -> StepPlan<Value>
    ) async throws(StorageError) -> Value {
        let outcome = await withCheckedContinuation { continuation in
            let step = Step(
                keys: keys,
                reads: queries,
                conflict: conflict,
                isTransfer: isTransfer,
                plan: plan,
                continuation: continuation
            )
            if let refusal = steps.append(AnyStep(step: step)) { step.finish(refusal) }
        }
        return try outcome.get()
    }

    /// A step of one statement, whose answer is all there is to it.
    func write<Value: Sendable>(
        _ keys: [WorkKey],
        _ query: Query,
        _ value: @escaping @Sendable (Rows) throws -> Value
    ) async throws(StorageError) -> Value {
        try await step(keys, reading: []) { _ in .write([query]) { try value($0[0]) } }
    }

    func change(
        _ family: AuthorizedFamily,
        _ step: @escaping @Sendable (FamilyView, Instant) -> ErasedChange
    ) async throws(StorageError) {
        let failure = await withCheckedContinuation {
            (continuation: CheckedContinuation<StorageError?, Never>) in
            let change = FamilyChange(family: family, step: step) {
                continuation.resume(returning: $0)
            }
            if let refusal = changes.append(change) { change.finish(refusal) }
        }
        if let failure { throw failure }
    }
}

/// Lets any number of callers wait for the threads to end.
private final class ThreadCount: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func began() {
        state.withLock { $0.running += 1 }
    }

    func ended() {
        let waiting = state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func none() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.running > 0 { state.waiting.append(continuation) }
                return state.running == 0
            }
            if isOver { continuation.resume() }
        }
    }
}
