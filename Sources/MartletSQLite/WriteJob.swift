import MartletCore
import Synchronization

/// One write, from the request that asks for it to the answer that it waits for.
protocol WriteJob: AnyObject, Sendable {
    /// The family that it changes: a batch holds at most one job of each.
    var family: FamilyID? { get }

    /// Does the work within the writer's transaction. Runs a second time if the first transaction
    /// came to nothing. It throws what must undo the transaction; a refusal that wrote nothing is
    /// a result like any other.
    func run(_ access: WriteAccess) throws

    /// Answers the request: with the result of the last run if there is no failure.
    func finish(_ failure: StorageError?)
}

/// The job that runs a closure and answers a continuation.
final class Write<Value: Sendable>: WriteJob {
    typealias Outcome = Result<Value, StorageError>

    let family: FamilyID?
    private let body: @Sendable (WriteAccess) throws -> Outcome
    private let outcome = Mutex<Outcome?>(nil)
    private let continuation: CheckedContinuation<Outcome, Never>

    init(
        family: FamilyID?,
        body: @escaping @Sendable (WriteAccess) throws -> Outcome,
        continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.family = family
        self.body = body
        self.continuation = continuation
    }

    func run(_ access: WriteAccess) throws {
        let result = try body(access)
        outcome.withLock { $0 = result }
    }

    func finish(_ failure: StorageError?) {
        if let failure {
            continuation.resume(returning: .failure(failure))
        } else if let result = outcome.withLock({ $0 }) {
            continuation.resume(returning: result)
        } else {
            preconditionFailure("a write was committed that never ran")
        }
    }
}
