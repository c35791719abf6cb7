import MartletCore
import Synchronization

/// An atomic step other than the change of one family: what it reads, what it decides to write, and
/// what comes of it.
///
/// What was read is not locked: among what is written are provisos, which fail if it is not so any
/// more, and then the step begins again.
protocol StepWork: Work {
    var reads: [Query] { get }

    /// What to write, `nil` for nothing; may be asked again.
    func decide(_ rows: [Rows]) throws -> StepStatements?

    /// Takes note of what the writing answered.
    func conclude(_ rows: [Rows]) throws

    /// What a proviso that failed means.
    var conflict: StepConflict { get }

    /// Whether it goes on while the store is out of service; such a step has a transaction of its
    /// own (``StoreTransfer``).
    var isTransfer: Bool { get }
}

/// What a step writes.
struct StepStatements: Sendable {
    /// In this order; what they answer comes back to the step.
    let queries: [Query]
    /// What ended with it, written last of all.
    let ends: [EndTable.Entry]
}

/// What it means for a step that a proviso failed or a key was taken.
enum StepConflict: Sendable {
    /// Somebody else was faster: look again.
    case again
    /// What the request expected is not so.
    case refused
}

/// What a step decided to write, and what it answers after that.
struct StepPlan<Value: Sendable>: Sendable {
    let statements: StepStatements?
    let value: @Sendable ([Rows]) throws -> Value

    static func answer(_ value: Value) -> StepPlan { StepPlan(statements: nil) { _ in value } }

    static func write(
        _ queries: [Query],
        ends: [EndTable.Entry] = [],
        _ value: @escaping @Sendable ([Rows]) throws -> Value
    ) -> StepPlan {
        StepPlan(statements: StepStatements(queries: queries, ends: ends), value: value)
    }
}

/// A step with a value for the request that waits for it.
final class Step<Value: Sendable>: StepWork {
    typealias Outcome = Result<Value, StorageError>

    let keys: [WorkKey]
    let since = ContinuousClock.now
    let reads: [Query]
    let conflict: StepConflict
    let isTransfer: Bool
    private let plan: @Sendable ([Rows]) throws -> StepPlan<Value>
    private let continuation: CheckedContinuation<Outcome, Never>

    private struct Progress {
        var plan: StepPlan<Value>?
        var value: Value?
    }

    private let progress = Mutex(Progress())

    init(
        keys: [WorkKey],
        reads: [Query],
        conflict: StepConflict,
        isTransfer: Bool,
        plan: @escaping @Sendable ([Rows]) throws -> StepPlan<Value>,
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.keys = keys
        self.reads = reads
        self.conflict = conflict
        self.isTransfer = isTransfer
        self.plan = plan
        self.continuation = continuation
    }

    func decide(_ rows: [Rows]) throws -> StepStatements? {
        let plan = try plan(rows)
        progress.withLock { $0.plan = plan }
        return plan.statements
    }

    func conclude(_ rows: [Rows]) throws {
        guard let plan = progress.withLock({ $0.plan }) else { return }
        let value = try plan.value(rows)
        progress.withLock { $0.value = value }
    }

    func finish(_ failure: StorageError?) {
        if let failure {
            continuation.resume(returning: .failure(failure))
        } else if let value = progress.withLock({ $0.value }) {
            continuation.resume(returning: .success(value))
        } else {
            preconditionFailure("a step was finished that never ran")
        }
    }
}

/// A step of any value, for the queue.
struct AnyStep: Work {
    let step: any StepWork

    var keys: [WorkKey] { step.keys }
    var since: ContinuousClock.Instant { step.since }

    func finish(_ failure: StorageError?) { step.finish(failure) }
}
