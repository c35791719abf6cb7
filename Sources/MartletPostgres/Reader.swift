import MartletCore

/// One read: a statement, and what is made of its answer on the connection's thread.
struct Read: Work {
    let query: Query
    let since = ContinuousClock.now
    let answer: @Sendable (Result<Rows, StorageError>) -> Void

    var keys: [WorkKey] { [] }

    func finish(_ failure: StorageError?) {
        answer(.failure(failure ?? .closed))
    }
}

/// Sends reads as they come, many at once, each a snapshot of its own; it waits for no writer.
struct Reader: Worker {
    let queue: WorkQueue<Read>
    let batchSize = 64

    func work(_ jobs: [Read], over link: Link) throws(PostgresFailure) {
        let deadline = ContinuousClock.now + outagePatience
        var open = jobs
        while true {
            do throws(PostgresFailure) {
                let answers = try link.connection(until: deadline).run(open.map { [$0.query] })
                let again = answer(open, with: answers, mayAgain: ContinuousClock.now < deadline)
                if again.isEmpty { return }
                open = again
            } catch {
                link.drop()
                guard ContinuousClock.now < deadline, !queue.isClosed else {
                    queue.finished(open)
                    for job in open { job.finish(StorageError(error)) }
                    throw error
                }
            }
        }
    }

    /// Answers what was answered; the rest is to be tried again.
    private func answer(
        _ jobs: [Read],
        with answers: [Result<[Rows], PostgresFailure>],
        mayAgain: Bool
    ) -> [Read] {
        var done: [(Read, Result<Rows, StorageError>)] = []
        var again: [Read] = []
        for (job, answer) in zip(jobs, answers) {
            switch answer {
            case .success(let rows): done.append((job, .success(rows[0])))
            case .failure(let failure) where failure.kind == .contention && mayAgain:
                again.append(job)
            case .failure(let failure): done.append((job, .failure(StorageError(failure))))
            }
        }
        queue.finished(done.map(\.0))
        for (job, answer) in done { job.answer(answer) }
        return again
    }
}
