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

    private static let lookahead = 4 * WriterQueue.batchSize
    /// While the file cannot be opened, after so long it is tried again.
    private static let retryInterval: TimeInterval = 0.2

    /// Why the writer left its connection.
    private enum Ending {
        case closed
        /// What of the file is on disk, nobody can tell.
        case doubtful
    }

    private let file: StoreFile
    private let queue: WriterQueue
    private let clock: @Sendable () -> Instant
    /// Told of each batch that is durable; called on the writer's thread.
    private let committed: @Sendable (CommittedBatch) -> Void

    /// Starts the thread. It ends, and closes the file, when the queue is closed and empty.
    static func start(
        file: StoreFile,
        queue: WriterQueue,
        clock: @escaping @Sendable () -> Instant,
        committed: @escaping @Sendable (CommittedBatch) -> Void,
        ended: @escaping @Sendable () -> Void
    ) {
        let writer = BatchWriter(file: file, queue: queue, clock: clock, committed: committed)
        let thread = Thread {
            writer.run()
            ended()
        }
        thread.name = "martlet.writer"
        thread.start()
    }

    private func run() {
        var backlog: [any WriteJob] = []
        while let pool = file.pool {
            let checkpointer = Checkpointer(
                connect: file.connect,
                pagesToCopy: file.pagesToCopy
            )
            var ending = Ending.closed
            do {
                ending = try pool.writeWithoutTransaction { database in
                    let access = try WriteAccess(database, clock: clock)
                    var ending = work(access, checkpointer, &backlog)
                    if checkpointer.stop() { ending = .doubtful }
                    switch ending {
                    case .closed: break
                    case .doubtful: database.keepLogOnClose()
                    }
                    return ending
                }
            } catch {
                refuseAll(StorageError(error), &backlog)
            }
            file.close()
            switch ending {
            case .closed: return
            case .doubtful: openAnew(&backlog)
            }
        }
    }

    /// Tries until the file can be opened; whoever asks meanwhile is told that it cannot be.
    private func openAnew(_ backlog: inout [any WriteJob]) {
        while !queue.isClosed {
            do { return try file.open() } catch {
                queue.takeAll(into: &backlog)
                finish(backlog[...], with: StorageError(error))
                backlog.removeAll()
                Thread.sleep(forTimeInterval: Self.retryInterval)
            }
        }
        refuseAll(.closed, &backlog)
    }

    // MARK: Work

    private func work(
        _ access: WriteAccess,
        _ checkpointer: Checkpointer,
        _ backlog: inout [any WriteJob]
    ) -> Ending {
        var unbrokenSince = ContinuousClock.now
        var last = 0
        while true {
            switch queue.collect(into: &backlog) {
            case .end: return .closed
            case .jobs:
                if ContinuousClock.now - unbrokenSince > Self.longestHold {
                    Thread.sleep(forTimeInterval: Self.gap)
                    unbrokenSince = .now
                }
            case .jobsAfterSleep: unbrokenSince = .now
            }
            if last > 1 { gather(&backlog) }
            let batch = Self.nextBatch(from: &backlog)
            last = batch.count
            commit(batch, access)
            switch checkpointer.committed(pagesInLog: access.pagesInLog) {
            case .goOn: break
            case .copyTheRest: access.copyTheRest(of: checkpointer)
            case .openAnew: return .doubtful
            }
        }
    }

    private func gather(_ backlog: inout [any WriteJob]) {
        let begin = ContinuousClock.now
        var gathering = Gathering(upTo: WriterQueue.batchSize)
        while gathering.goesOn(arrived: backlog.count, after: .now - begin) {
            sched_yield()
            queue.takeAll(into: &backlog)
        }
    }

    /// The longest waiting jobs, of each family the first; the others keep their order. Of a long
    /// queue only the front is looked at, or a flood at one family would cost its square.
    static func nextBatch(from backlog: inout [any WriteJob]) -> [any WriteJob] {
        var families: Set<FamilyID> = []
        var batch: [any WriteJob] = []
        var later: [any WriteJob] = []
        for (index, job) in backlog.enumerated() {
            if batch.count == WriterQueue.batchSize || index == lookahead {
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
            access.supersedeFailedCommit()
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
    private func refuseAll(_ failure: StorageError, _ backlog: inout [any WriteJob]) {
        queue.close()
        while queue.collect(into: &backlog) != .end {
            finish(backlog[...], with: failure)
            backlog.removeAll()
        }
    }
}
