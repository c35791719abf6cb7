import NIOCore

/// Runs tasks on an event loop, so that a request is read, judged and answered on one thread.
///
/// A task that prefers it leaves the loop's thread for nothing but what truly waits elsewhere: the
/// commit, a password's hash. In between there is no hop, and so no queue (SE-0417).
final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
        }
    }
}
