import GRDB
package import MartletCore
import Synchronization

/// The store in one SQLite file: the default.
///
/// All writes go through one thread, which commits those that wait together and fully synced
/// (``BatchWriter``); reads go through connections of their own and wait for nobody. Other
/// processes, such as the command line, may have the same file open.
package final class SQLiteStorage: Storage {
    /// What the writer has done since the store was opened.
    package struct Statistics: Sendable, Equatable {
        /// Transactions that came to an end, with how many writes.
        package var batches = 0
        package var writes = 0
        package var lastCommit: Instant?
    }

    private let file: StoreFile
    private let queue: WriterQueue
    let clock: @Sendable () -> Instant
    private let writerEnd: WriterEnd

    init(
        file: StoreFile,
        clock: @escaping @Sendable () -> Instant,
        committed: @escaping @Sendable (CommittedBatch) -> Void
    ) {
        self.file = file
        self.clock = clock
        queue = WriterQueue()
        writerEnd = WriterEnd()
        BatchWriter.start(
            file: file,
            queue: queue,
            clock: clock,
            committed: committed,
            ended: writerEnd.reached
        )
    }

    deinit {
        // The thread holds the file, not the store; it finishes, closes the file and ends.
        queue.close()
    }

    package var statistics: Statistics { queue.statistics }

    /// Writes that wait for the disk now.
    package var waiting: Int { queue.waiting }

    package func close() async {
        queue.close()
        await writerEnd.wait()
    }

    // MARK: The two doors

    /// Queues a write of a store in service and waits until it is on disk.
    func write<Value: Sendable>(
        to family: FamilyID? = nil,
        _ body: @escaping @Sendable (WriteAccess) throws -> Result<Value, StorageError>
    ) async throws(StorageError) -> Value {
        try await transfer(to: family) { access in
            guard access.takesWrites else { return .failure(.outOfService) }
            return try body(access)
        }
    }

    /// The same in whichever condition the store is.
    func transfer<Value: Sendable>(
        to family: FamilyID? = nil,
        _ body: @escaping @Sendable (WriteAccess) throws -> Result<Value, StorageError>
    ) async throws(StorageError) -> Value {
        let outcome = await withCheckedContinuation { continuation in
            let job = Write(family: family, body: body, continuation: continuation)
            if let refusal = queue.append(job) { job.finish(refusal) }
        }
        return try outcome.get()
    }

    /// Everything as of this moment, on a connection of its own.
    func snapshot() async throws(StorageError) -> DatabaseSnapshot {
        guard !queue.isClosed else { throw .closed }
        guard let pool = file.pool else { throw .beingOpened }
        do {
            return try pool.makeSnapshot()
        } catch {
            throw StorageError(error)
        }
    }

    /// Reads single rows, together with whoever else does (``PointReader``). Each body makes one
    /// statement, so that what it reads is of one moment.
    func look<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        guard !queue.isClosed else { throw .closed }
        guard let reader = file.reader else { throw .beingOpened }
        let outcome = await withCheckedContinuation { continuation in
            let read = Read(body: body, continuation: continuation)
            if let refusal = reader.append(read) { read.fail(refusal) }
        }
        return try outcome.get()
    }

    /// Reads lists on a connection that waits for no writer. Each body makes one statement.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StorageError) -> Value {
        guard !queue.isClosed else { throw .closed }
        guard let pool = file.pool else { throw .beingOpened }
        do {
            return try await pool.unsafeRead(body)
        } catch {
            throw StorageError(error)
        }
    }
}

/// Lets any number of callers wait for the writer's thread to end.
private final class WriterEnd: Sendable {
    private struct State {
        var isReached = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func reached() {
        let waiting = state.withLock { state in
            state.isReached = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if !state.isReached { state.waiting.append(continuation) }
                return state.isReached
            }
            if isReached { continuation.resume() }
        }
    }
}

extension StorageError {
    /// What any error below this module comes down to.
    init(_ error: any Error) {
        switch error {
        case let error as StorageError: self = error
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_MISMATCH:
                self = .corrupt("\(error)")
            default: self = .unavailable("\(error)")
            }
        case is CancellationError: self = .unavailable("the request was cancelled")
        default: self = .unavailable("\(error)")
        }
    }
}
