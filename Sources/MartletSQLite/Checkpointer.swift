import Dispatch
import Foundation
import GRDB
import GRDBSQLite
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Copies the log back into the file while the writer goes on, so that no commit has to.
///
/// SQLite by itself does it in the commit that fills the log, and everybody waits for thousands of
/// scattered pages to reach the disk (measured: 45 ms, four times a second). Here a thread of its
/// own takes the bulk, in passes that get smaller as less was written meanwhile; the writer does
/// the small rest between two batches, when nothing is added to the log, and the next commit starts
/// the log over.
///
/// SQLite counts pages as copied before they are synced as long as there are more to come, and a
/// sync that failed may have dropped them: the next one reports success. So each pass is followed
/// by a sync, and after any failure the file is *doubtful*: nothing is copied any more until the
/// store was opened anew, which copies all of the log from its beginning. What was acknowledged is
/// in the log. See ADR 0017.
final class Checkpointer: Sendable {
    /// Pages in the log from which on it is copied: 16 MiB. A page that was written often is then
    /// copied once, and the rests that the writer copies are few.
    static let pagesToCopy = 16_384
    /// How far requests go before it where they share a processor. At 10 and more it does not keep
    /// up with one that is full (measured).
    private static let niceness: Int32 = 5
    /// A pass that copied no more leaves the rest to the writer.
    private static let smallPass = 256
    /// Past these the writer takes what is left, however much that is.
    private static let maximumPasses = 6
    /// The log's bound, 64 MiB: if copying cannot keep up, the writer waits for it.
    static let maximumPages = 65_536
    /// Written since the last attempt before there is another one.
    private static let pagesBetweenAttempts = 1024

    private enum Phase {
        case idle
        case copying
        /// The bulk is copied: the writer's turn.
        case nearlyDone
        case doubtful
    }

    /// What the writer does after a commit.
    enum Turn {
        case goOn
        case copyTheRest
        case openAnew
    }

    private struct State {
        var phase = Phase.idle
        var pages = 0
        var nextAttempt: Int
    }

    private let state: Mutex<State>
    private let pagesToCopy: Int
    private let connect: @Sendable () throws -> DatabaseQueue
    private let connection = Mutex<DatabaseQueue?>(nil)
    private let copying = DispatchGroup()

    init(
        connect: @escaping @Sendable () throws -> DatabaseQueue,
        pagesToCopy: Int = Checkpointer.pagesToCopy
    ) {
        self.connect = connect
        self.pagesToCopy = pagesToCopy
        state = Mutex(State(nextAttempt: pagesToCopy))
    }

    // MARK: For the writer's thread

    /// Takes note of the log's size, and starts copying when it is time.
    func committed(pagesInLog pages: Int) -> Turn {
        let (turn, mustCopy) = state.withLock { state -> (Turn, Bool) in
            if pages < state.pages { state.nextAttempt = pagesToCopy }
            state.pages = pages
            switch state.phase {
            case .copying: return (.goOn, false)
            case .nearlyDone: return (.copyTheRest, false)
            case .doubtful: return (.openAnew, false)
            case .idle where pages < state.nextAttempt: return (.goOn, false)
            case .idle:
                state.phase = .copying
                return (.goOn, true)
            }
        }
        if mustCopy { startCopying() }
        if pages > Self.maximumPages { copying.wait() }
        return turn
    }

    /// Copies what is left, on the writer's connection.
    func copyTheRest(_ database: Database) {
        ended(Result { _ = try Self.pass(database) }, .idle)
    }

    /// Waits for what is under way and lets go of the file.
    ///
    /// - Returns: whether the file is doubtful: what closes it must leave the log as it is.
    func stop() -> Bool {
        copying.wait()
        connection.withLock { connection in
            try? connection?.close()
            connection = nil
        }
        return state.withLock { $0.phase == .doubtful }
    }

    // MARK: The thread

    private func startCopying() {
        copying.enter()
        let thread = Thread {
            #if os(Linux)
                // On Linux this is about this thread alone.
                setpriority(__priority_which_t(0), 0, Self.niceness)
            #endif
            self.copyTheBulk()
            self.copying.leave()
        }
        thread.name = "martlet.checkpointer"
        thread.start()
    }

    private func copyTheBulk() {
        ended(Result { try connected().writeWithoutTransaction(Self.passes) }, .nearlyDone)
    }

    private func connected() throws -> DatabaseQueue {
        try connection.withLock { connection in
            let current = try connection ?? connect()
            connection = current
            return current
        }
    }

    private static func passes(_ database: Database) throws {
        var copied = 0
        for _ in 0..<maximumPasses {
            let before = copied
            copied = try pass(database)
            if copied - before <= smallPass { return }
        }
    }

    /// Copies what no reader holds back; answers with how much of the log is copied in all.
    private static func pass(_ database: Database) throws -> Int {
        let (_, copied) = try database.checkpoint(.passive)
        try database.syncFile()
        return copied
    }

    private func ended(_ result: Result<Void, any Error>, _ next: Phase) {
        state.withLock { state in
            state.nextAttempt = max(pagesToCopy, state.pages + Self.pagesBetweenAttempts)
            switch result {
            case .success: state.phase = next
            case .failure(let error as DatabaseError) where error.leavesTheFileAsItWas:
                state.phase = .idle
            case .failure: state.phase = .doubtful
            }
        }
    }
}

extension DatabaseError {
    /// Somebody else copies, or there is no space for a page that is new to the file.
    fileprivate var leavesTheFileAsItWas: Bool {
        switch resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_CANTOPEN: true
        default: false
        }
    }
}

extension Database {
    /// Waits until everything that was written to the database's file is on disk.
    fileprivate func syncFile() throws {
        var file: UnsafeMutablePointer<sqlite3_file>?
        sqlite3_file_control(sqliteConnection, nil, SQLITE_FCNTL_FILE_POINTER, &file)
        guard let file, let sync = file.pointee.pMethods?.pointee.xSync else {
            throw DatabaseError(resultCode: .SQLITE_INTERNAL)
        }
        let code = sync(file, SQLITE_SYNC_NORMAL)
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// Makes the connection leave the log whole when it closes.
    func keepLogOnClose() {
        var persist: Int32 = 1
        sqlite3_file_control(sqliteConnection, nil, SQLITE_FCNTL_PERSIST_WAL, &persist)
        // Else the log is kept, but cut to nothing.
        _ = try? Int64.fetchOne(self, sql: "PRAGMA journal_size_limit = -1")
    }
}
