import Foundation
import GRDB
import MartletCore

/// The one writer: a thread that lives inside one long access to the pool's writing connection
/// and commits the waiting writes together.
///
/// Crossing GRDB's dispatch queue for every batch would cost 18 us a rotation, and a commit for
/// every write eight times the commits. Between batches it holds no transaction. No other code may
/// ask the pool for a write: it would wait until the store is closed.
struct BatchWriter {
    /// The other process's turn: after so long without a pause the writer leaves the lock free for
    /// longer than that process sleeps between two attempts (``SQLiteStorage/busyInterval``).
    private static let longestHold: Duration = .milliseconds(40)
    private static let gap: TimeInterval = 0.001

    /// A batch whose transaction did not begin or did not commit: nobody's own fault, so nobody
    /// is tried again.
    private struct TransactionFailure: Error {
        let cause: any Error
    }

    private let queue: WriterQueue
    private let clock: @Sendable () -> Instant
    /// Told of each batch that is durable; called on the writer's thread.
    private let committed: @Sendable (CommittedBatch) -> Void

    /// Starts the thread. It ends, and closes the pool, when the queue is closed and empty.
    static func start(
        pool: DatabasePool,
        queue: WriterQueue,
        clock: @escaping @Sendable () -> Instant,
        committed: @escaping @Sendable (CommittedBatch) -> Void,
        ended: @escaping @Sendable () -> Void
    ) {
        let writer = BatchWriter(queue: queue, clock: clock, committed: committed)
        let thread = Thread {
            do {
                try pool.writeWithoutTransaction { database in
                    writer.work(try WriteAccess(database, clock: clock))
                }
            } catch {
                writer.refuseAll(StorageError(error))
            }
            // Readers first: the last connection to close folds the log into the file.
            pool.invalidateReadOnlyConnections()
            try? pool.close()
            ended()
        }
        thread.name = "martlet.writer"
        thread.start()
    }

    // MARK: Work

    private func work(_ access: WriteAccess) {
        var backlog: [any WriteJob] = []
        var unbrokenSince = ContinuousClock.now
        while true {
            switch queue.collect(into: &backlog) {
            case .end: return
            case .jobs:
                if ContinuousClock.now - unbrokenSince > Self.longestHold {
                    Thread.sleep(forTimeInterval: Self.gap)
                    unbrokenSince = .now
                }
            case .jobsAfterSleep: unbrokenSince = .now
            }
            commit(Self.nextBatch(from: &backlog), access)
        }
    }

    /// The longest waiting jobs, of each family the first; the others keep their order.
    static func nextBatch(from backlog: inout [any WriteJob]) -> [any WriteJob] {
        var families: Set<FamilyID> = []
        var batch: [any WriteJob] = []
        var later: [any WriteJob] = []
        for (index, job) in backlog.enumerated() {
            if batch.count == WriterQueue.batchSize {
                later.append(contentsOf: backlog[index...])
                break
            }
            if let family = job.family, !families.insert(family).inserted {
                later.append(job)
            } else {
                batch.append(job)
            }
        }
        backlog = later
        return batch
    }

    /// Commits a batch. If a member fails, each is tried alone, so that it takes no other with it.
    private func commit(_ batch: [any WriteJob], _ access: WriteAccess) {
        do {
            try transaction(batch[...], access)
            finish(batch[...], with: nil)
        } catch let failure as TransactionFailure {
            finish(batch[...], with: StorageError(failure.cause))
        } catch  where batch.count == 1 {
            finish(batch[...], with: StorageError(error))
        } catch {
            commitEachAlone(batch, access)
        }
    }

    private func commitEachAlone(_ batch: [any WriteJob], _ access: WriteAccess) {
        for index in batch.indices {
            let alone = batch[index...index]
            do {
                try transaction(alone, access)
                finish(alone, with: nil)
            } catch let failure as TransactionFailure {
                // The store itself is in trouble: waiting it out once for each would take hours.
                finish(batch[index...], with: StorageError(failure.cause))
                return
            } catch {
                finish(alone, with: StorageError(error))
            }
        }
    }

    private func transaction(_ jobs: ArraySlice<any WriteJob>, _ access: WriteAccess) throws {
        let begun = ContinuousClock.now
        do { try access.begin() } catch {
            access.rollback()
            throw TransactionFailure(cause: error)
        }
        do {
            for job in jobs { try job.run(access) }
        } catch {
            access.rollback()
            throw error
        }
        let written = ContinuousClock.now
        do { try access.commit() } catch {
            access.rollback()
            throw TransactionFailure(cause: error)
        }
        let end = ContinuousClock.now
        committed(
            CommittedBatch(writes: jobs.count, duration: end - begun, commit: end - written)
        )
    }

    private func finish(_ jobs: ArraySlice<any WriteJob>, with failure: StorageError?) {
        queue.finished(jobs.count, committedAt: failure == nil ? clock() : nil)
        for job in jobs { job.finish(failure) }
    }

    /// What is left to do if the connection cannot even be used.
    private func refuseAll(_ failure: StorageError) {
        queue.close()
        var backlog: [any WriteJob] = []
        while queue.collect(into: &backlog) != .end {
            finish(backlog[...], with: failure)
            backlog.removeAll()
        }
    }
}
