import NIOCore
import NIOPosix
import Synchronization

/// Runs tasks on an event loop, so that a request is read, judged and answered on one thread.
///
/// A task that prefers it leaves the loop's thread for nothing but what truly waits elsewhere: the
/// commit, a password's hash. In between there is no hop, and so no queue (SE-0417).
///
/// What a commit sets free at once, the loop is told once, and runs in the order that it came in.
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop
    /// As many as there are requests in progress, which are bounded.
    private let jobs = Mutex<[UnownedJob]>([])

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = jobs.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        if isFirst { eventLoop.execute { self.runAll() } }
    }

    /// What comes in meanwhile is for the loop's next turn, after the sockets have had theirs.
    private func runAll() {
        let due = jobs.withLock { jobs in
            let due = jobs
            jobs.removeAll(keepingCapacity: false)
            return due
        }
        for job in due { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}

extension EventLoopExecutor {
    /// One for each of the server's own loops.
    private static let shared: [ObjectIdentifier: EventLoopExecutor] = Dictionary(
        uniqueKeysWithValues: EventLoops.shared.makeIterator()
            .map { (ObjectIdentifier($0), EventLoopExecutor($0)) }
    )

    /// The executor of a channel's loop.
    static func on(_ eventLoop: any EventLoop) -> EventLoopExecutor {
        shared[ObjectIdentifier(eventLoop)] ?? EventLoopExecutor(eventLoop)
    }
}
