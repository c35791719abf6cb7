import Synchronization

/// Runs stories on the thread that asks it to, in the order in which they became ready, and never
/// by itself: what a machine's threads decide by chance, a simulation's seed decides.
final class StepExecutor: TaskExecutor {
    private let ready = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        ready.withLock { $0.append(job) }
    }

    /// Runs until every story waits for something or has ended.
    func settle() {
        while let job = next() {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    private func next() -> UnownedJob? {
        ready.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
