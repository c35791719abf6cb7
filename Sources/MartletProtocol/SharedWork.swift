import Synchronization

/// Work that many ask for at once and that is done once: whoever asks while it runs is given its
/// outcome.
///
/// The work belongs to nobody who asks. A caller that is cancelled goes away at once, and the work
/// goes on for the others, or for its own sake: a refresh whose answer nobody kept would be lost.
package final class SharedWork<Value: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Value, any Error>

    private struct State {
        var isRunning = false
        var waiters: [UInt64: Waiter] = [:]
        var lastWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Whether the work is being done now.
    package var isRunning: Bool { state.withLock { $0.isRunning } }

    /// The outcome of the work that is running, or else of `work`, which is started.
    ///
    /// - Throws: What the work threw, or `CancellationError` if the caller was cancelled meanwhile.
    package func value(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let starts = state.withLock { state in
                    state.waiters[id] = continuation
                    defer { state.isRunning = true }
                    return !state.isRunning
                }
                if starts { start(work) }
                // A cancellation that came before the waiter was known found nobody.
                if Task.isCancelled { dismiss(id) }
            }
        } onCancel: {
            dismiss(id)
        }
    }

    private func start(_ work: @escaping @Sendable () async throws -> Value) {
        Task {
            let outcome: Result<Value, any Error>
            do {
                outcome = .success(try await work())
            } catch {
                outcome = .failure(error)
            }
            let waiters = state.withLock { state in
                defer { state.waiters = [:] }
                state.isRunning = false
                return state.waiters
            }
            for waiter in waiters.values { waiter.resume(with: outcome) }
        }
    }

    private func dismiss(_ id: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(throwing: CancellationError())
    }
}
