import MartletCore

/// Runs steps, several at once: one round trip reads for all of them, a second writes for all in one
/// transaction. If that fails, each is tried alone, so that none takes another with it.
struct Stepper: Worker {
    let queue: WorkQueue<AnyStep>
    let clock: DatabaseClock
    let batchSize = 64
    /// Each attempt that came to nothing means that somebody else's step was done.
    private static let maximumAttempts = 40

    init(queue: WorkQueue<AnyStep>, clock: DatabaseClock) {
        self.queue = queue
        self.clock = clock
    }

    /// One transaction reads them all.
    private static let begin = Statement(
        "begin_reading",
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
    )
    private static let end = Statement("end_reading", "COMMIT")
    private static let beginTransfer = Statement("begin_transfer", "BEGIN")
    private static let endTransfer = Statement("end_transfer", "COMMIT")

    func work(_ jobs: [AnyStep], over link: Link) throws(PostgresFailure) {
        let deadline = ContinuousClock.now + outagePatience
        if jobs.count > 1, !jobs.contains(where: \.step.isTransfer),
            attempt(jobs, over: link, until: deadline) == nil
        {
            return
        }
        for (index, job) in jobs.enumerated() {
            do throws(PostgresFailure) {
                try alone(job, over: link, until: deadline)
            } catch {
                // The database is away: waiting for it once is enough.
                let rest = Array(jobs[(index + 1)...])
                queue.finished(rest)
                for job in rest { job.finish(StorageError(error)) }
                throw error
            }
        }
    }

    private func alone(
        _ job: AnyStep,
        over link: Link,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        for _ in 0..<Self.maximumAttempts {
            guard let failure = attempt([job], over: link, until: deadline) else { return }
            switch failure.kind {
            case .contention: continue
            case .overtaken, .taken:
                if job.step.conflict == .again { continue }
                return finish([job], with: .conflict)
            case .lost:
                finish([job], with: StorageError(failure))
                throw failure
            case .missingTable, .refused, .outOfService:
                return finish([job], with: StorageError(failure))
            }
        }
        finish([job], with: .unavailable("others change the same things all the time"))
    }

    private func finish(_ jobs: [AnyStep], with failure: StorageError?) {
        queue.finished(jobs)
        for job in jobs { job.finish(failure) }
    }

    // MARK: One attempt

    /// Does all steps and answers them; a failure means that nothing was changed and nobody was
    /// answered.
    private func attempt(
        _ jobs: [AnyStep],
        over link: Link,
        until deadline: ContinuousClock.Instant
    ) -> PostgresFailure? {
        do throws(PostgresFailure) {
            let found = try read(jobs, over: link, until: deadline)
            let (decided, answers) = decide(jobs, found)
            guard let failure = try write(decided, over: link, until: deadline) else {
                for (job, failure) in answers { finish([job], with: failure) }
                return nil
            }
            return failure
        } catch {
            return error
        }
    }

    /// Reading can be tried again on another connection.
    private func read(
        _ jobs: [AnyStep],
        over link: Link,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> [[Rows]] {
        let reads = jobs.flatMap(\.step.reads)
        guard !reads.isEmpty else { return jobs.map { _ in [] } }
        while true {
            do throws(PostgresFailure) {
                let all = try link.connection(until: deadline)
                    .run([Self.begin()] + reads + [Self.end()])
                return Self.deal(all.dropFirst(), to: jobs.map(\.step.reads.count))
            } catch {
                // The transaction may be left open.
                link.drop()
                guard error.kind == .lost || error.kind == .contention,
                    ContinuousClock.now < deadline
                else { throw error }
            }
        }
    }

    /// What each step writes; a step that writes nothing, or cannot decide, has its answer.
    private func decide(
        _ jobs: [AnyStep],
        _ found: [[Rows]]
    ) -> (writing: [(AnyStep, StepStatements)], answers: [(AnyStep, StorageError?)]) {
        var writing: [(AnyStep, StepStatements)] = []
        var answers: [(AnyStep, StorageError?)] = []
        for (job, rows) in zip(jobs, found) {
            do {
                if let statements = try job.step.decide(rows) {
                    writing.append((job, statements))
                } else {
                    try job.step.conclude([])
                    answers.append((job, nil))
                }
            } catch {
                answers.append((job, StorageError(error)))
            }
        }
        return (writing, answers)
    }

    /// Writes and answers. Once it was sent, nobody can tell whether a lost connection lost it too,
    /// so it is not sent twice.
    private func write(
        _ writing: [(AnyStep, StepStatements)],
        over link: Link,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> PostgresFailure? {
        guard !writing.isEmpty else { return nil }
        let connection = try link.connection(until: deadline)
        do throws(PostgresFailure) {
            let rows = try run(writing, over: connection)
            let dealt = Self.deal(rows, to: writing.map(\.1.queries.count))
            for ((job, _), rows) in zip(writing, dealt) {
                do {
                    try job.step.conclude(rows)
                    finish([job], with: nil)
                } catch {
                    finish([job], with: StorageError(error))
                }
            }
            return nil
        } catch {
            // The transaction of a transfer may be left open.
            if error.kind == .lost || writing.contains(where: \.0.step.isTransfer) { link.drop() }
            guard error.kind == .lost else { return error }
            for (job, _) in writing { finish([job], with: StorageError(error)) }
            return nil
        }
    }

    /// One transaction; answers what the steps' own statements did.
    private func run(
        _ writing: [(AnyStep, StepStatements)],
        over connection: PostgresConnection
    ) throws(PostgresFailure) -> ArraySlice<Rows> {
        let ends = EndTable.append(writing.flatMap(\.1.ends), clock: clock)
        let queries = writing.flatMap(\.1.queries) + ends
        guard writing.contains(where: \.0.step.isTransfer) else {
            return try connection.run(queries + [StoreTable.inService()])[...]
        }
        return try connection.run([Self.beginTransfer()] + queries + [Self.endTransfer()])
            .dropFirst()
    }

    private static func deal(_ rows: ArraySlice<Rows>, to counts: [Int]) -> [[Rows]] {
        var rest = rows
        return counts.map { count in
            let share = Array(rest.prefix(count))
            rest = rest.dropFirst(count)
            return share
        }
    }
}
