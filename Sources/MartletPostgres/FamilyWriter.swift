import MartletCore

/// The change of one family that a request waits for.
struct FamilyChange: Work {
    let family: AuthorizedFamily
    let step: @Sendable (FamilyView, Instant) -> ErasedChange
    let since = ContinuousClock.now
    let answer: @Sendable (StorageError?) -> Void
    /// How often somebody else was faster.
    var attempts = 0

    var keys: [WorkKey] { [.family(family.id)] }

    func finish(_ failure: StorageError?) { answer(failure) }
}

/// Changes families, all that wait together in two round trips: one reads their states, then the
/// steps decide, and one statement writes every state that is still as it was seen. No transaction
/// lasts longer than a statement, so nothing is locked while this process thinks.
///
/// A change that lost against another node's goes into the next batch.
struct FamilyWriter: Worker {
    let queue: WorkQueue<FamilyChange>
    let clock: DatabaseClock
    /// Told of each batch that is durable; called on this thread.
    let committed: @Sendable (CommittedBatch) -> Void

    /// Measured: more save next to nothing, and each waits for all others of its batch.
    let batchSize = 256
    /// Each attempt that came to nothing means that somebody else's step was done.
    private static let maximumAttempts = 40

    /// A change that was decided and is to be written.
    private struct Decided {
        let job: FamilyChange
        let seen: FamilyState
        let change: ErasedChange
        let now: Instant

        /// What it is to be.
        var next: FamilyState { change.state ?? seen }
    }

    func work(_ jobs: [FamilyChange], over link: Link) throws(PostgresFailure) {
        let deadline = ContinuousClock.now + outagePatience
        let begun = ContinuousClock.now
        let read: BatchViews
        do throws(PostgresFailure) {
            read = try self.read(jobs, over: link, until: deadline)
        } catch {
            finish(jobs, with: StorageError(error))
            guard error.kind == .lost else { return }
            throw error
        }
        var unchanged: [FamilyChange] = []
        var states: [Decided] = []
        var transactions: [Decided] = []
        for (index, job) in jobs.enumerated() {
            switch read.views[index] {
            case .failure(let failure): finish([job], with: failure)
            case .success(let view):
                let now = max(read.now, view.family?.state.lastRotation ?? read.now)
                let change = job.step(view, now)
                guard let seen = view.family?.state else {
                    unchanged.append(job)
                    continue
                }
                let decided = Decided(job: job, seen: seen, change: change, now: now)
                if !change.writes.isEmpty {
                    transactions.append(decided)
                } else if decided.next != seen || !change.events.isEmpty {
                    states.append(decided)
                } else {
                    unchanged.append(job)
                }
            }
        }
        finish(unchanged, with: nil)
        try write(
            states.sorted { $0.job.family.id < $1.job.family.id },
            transactions,
            decidedAt: read.revision,
            begun: begun,
            over: link
        )
    }

    private func finish(_ jobs: [FamilyChange], with failure: StorageError?) {
        guard !jobs.isEmpty else { return }
        queue.finished(jobs)
        for job in jobs { job.finish(failure) }
    }

    // MARK: The first round trip

    private func read(
        _ jobs: [FamilyChange],
        over link: Link,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresFailure) -> BatchViews {
        // Each that came to nothing through others' progress; a lost connection is another matter.
        var attempts = 0
        while true {
            do throws(PostgresFailure) {
                let connection = try link.connection(until: deadline)
                let families = jobs.map(\.family)
                if let views = try BatchViews(of: families, clock, over: connection) {
                    return views
                }
                attempts += 1
                guard attempts < Self.maximumAttempts, ContinuousClock.now < deadline else {
                    throw .overtakenForEver
                }
            } catch {
                if error.kind == .lost { link.drop() }
                if error.kind == .contention { attempts += 1 }
                guard error.kind == .lost || error.kind == .contention,
                    attempts < Self.maximumAttempts, ContinuousClock.now < deadline
                else { throw error }
            }
        }
    }

    // MARK: The second round trip

    /// Writes what was decided, and answers.
    ///
    /// If the connection is lost meanwhile, nobody knows whether the states were written. The same
    /// statement is sent again then, over another connection: it finds them as they were seen and
    /// writes them, or as it would have written them, which is as good. It decides nothing anew, for
    /// a step that ran a second time would take its own writing for somebody else's, and a token
    /// for used twice. So a rotation is answered although its connection was cut.
    private func write(
        _ states: [Decided],
        _ transactions: [Decided],
        decidedAt revision: Revision,
        begun: ContinuousClock.Instant,
        over link: Link
    ) throws(PostgresFailure) {
        guard !states.isEmpty || !transactions.isEmpty else { return }
        let deadline = ContinuousClock.now + outagePatience
        let entries = states.map {
            AuditTable.entries($0.change.events, at: $0.now, clock)
        }
        var open = Array(zip(states, entries))
        var others = transactions
        var isDoubtful = false
        while true {
            do throws(PostgresFailure) {
                let connection = try link.connection(until: deadline)
                let sent = ContinuousClock.now
                let answers = try connection.run(
                    (open.isEmpty
                        ? [] : [Self.queries(for: open, decidedAt: isDoubtful ? nil : revision)])
                        + others.map { transaction(for: $0, decidedAt: revision) }
                )
                answer(others, with: answers.suffix(others.count))
                others = []
                guard let first = answers.first, !open.isEmpty else { return }
                switch first {
                case .failure(let failure)
                where failure.kind == .contention && ContinuousClock.now < deadline:
                    continue
                case .failure(let failure):
                    return finish(open.map(\.0.job), with: StorageError(failure))
                case .success(let rows):
                    let written = Set(rows[0].map { $0.integer(0) })
                    tell(written.count, begun: begun, sent: sent)
                    finish(
                        open.map(\.0.job).filter { written.contains($0.family.id.value) },
                        with: nil
                    )
                    open.removeAll { written.contains($0.0.job.family.id.value) }
                    guard isDoubtful else { return again(open.map(\.0)) }
                    return try settle(open.map(\.0), over: connection)
                }
            } catch {
                link.drop()
                isDoubtful = true
                // Of a transaction nobody can tell.
                finish(others.map(\.job), with: StorageError(error))
                others = []
                guard !open.isEmpty, ContinuousClock.now < deadline else {
                    finish(open.map(\.0.job), with: StorageError(error))
                    throw error
                }
            }
        }
    }

    private static func queries(
        for open: [(Decided, [AuditTable.Entry])],
        decidedAt revision: Revision?
    ) -> [Query] {
        var changes = StateChanges()
        for (decided, entries) in open {
            changes.append(decided.job.family.id, from: decided.seen, to: decided.next, entries)
        }
        return changes.queries(decidedAt: revision)
    }

    private func tell(
        _ writes: Int,
        begun: ContinuousClock.Instant,
        sent: ContinuousClock.Instant
    ) {
        let end = ContinuousClock.now
        committed(CommittedBatch(writes: writes, duration: end - begun, commit: end - sent))
    }

    /// Somebody else was faster: these go into the next batch.
    private func again(_ lost: [Decided]) {
        let jobs = lost.map { decided in
            var job = decided.job
            job.attempts += 1
            return job
        }
        finish(
            jobs.filter { $0.attempts >= Self.maximumAttempts },
            with: .unavailable("the family is changed by others all the time")
        )
        queue.giveBack(jobs.filter { $0.attempts < Self.maximumAttempts })
    }

    /// What became of states that were sent over a connection that was lost, and are not as they
    /// were seen any more: were they written then?
    private func settle(
        _ doubtful: [Decided],
        over connection: PostgresConnection
    ) throws(PostgresFailure) {
        guard !doubtful.isEmpty else { return }
        let views = try BatchViews.states(
            of: doubtful.map(\.job.family.id),
            over: connection
        )
        for decided in doubtful {
            let now = views[decided.job.family.id]
            let isWritten = now == decided.next
            finish(
                [decided.job],
                with: isWritten ? nil : .unavailable("the connection was lost")
            )
        }
    }

    // MARK: Changes that write more than their own state

    private func transaction(for decided: Decided, decidedAt revision: Revision) -> [Query] {
        let id = decided.job.family.id
        return [
            StoreTable.hold(revision),
            decided.next == decided.seen
                ? FamilyStateTable.hold(id, at: decided.seen)
                : FamilyStateTable.update(id, from: decided.seen, to: decided.next),
        ]
            + StepWrites.queries(
                decided.change.writes,
                decided.change.events,
                at: decided.now,
                clock
            )
            + EndTable.append(
                StepWrites.ends(decided.change.writes, decided.change.events, at: decided.now)
            )
            + [StoreTable.inService()]
    }

    private func answer(
        _ transactions: [Decided],
        with answers: ArraySlice<Result<[Rows], PostgresFailure>>
    ) {
        for (decided, answer) in zip(transactions, answers) {
            switch answer {
            case .success: finish([decided.job], with: nil)
            case .failure(let failure):
                switch failure.kind {
                case .overtaken, .taken, .contention: again([decided])
                case .lost, .missingTable, .refused, .outOfService:
                    finish([decided.job], with: StorageError(failure))
                }
            }
        }
    }
}
