import GRDB
package import MartletCore

// MARK: - A copy of the file

extension SQLiteStorage {
    /// Pages that are copied between two reports of the progress: some milliseconds of work.
    private static let pagesAtATime: Int32 = 4096

    /// How much of the file is copied.
    package struct BackupProgress: Sendable, Equatable {
        /// In bytes, as the others: what was copied at the last report.
        package let before: Int
        package let copied: Int
        package let total: Int
    }

    /// Copies the store as of this moment into an empty file, and stamps the copy.
    ///
    /// Servers go on writing: their commits stay in the log until the copy is made. The copy is one
    /// file, without a log beside it; it was read through once and found whole. It is on disk when
    /// this returns.
    package func backUp(
        to path: String,
        at now: Instant,
        progress: @escaping @Sendable (BackupProgress) -> Void
    ) async throws(StorageError) {
        let source = try await snapshot()
        do {
            try Self.copy(source, to: path, progress)
            try source.close()
            try Self.stamp(path, at: now)
        } catch {
            try? source.close()
            throw StorageError(error)
        }
    }

    /// The source sees one moment all the time, so that SQLite never begins the copy anew, as it
    /// does when another connection writes to a source that is not held.
    private static func copy(
        _ source: DatabaseSnapshot,
        to path: String,
        _ progress: @escaping @Sendable (BackupProgress) -> Void
    ) throws {
        let page = try source.read { try Int.fetchOne($0, sql: "PRAGMA page_size") } ?? 0
        let copy = try DatabaseQueue(path: path)
        try source.backup(to: copy, pagesPerStep: pagesAtATime) { state in
            let copied = state.completedPageCount
            progress(
                BackupProgress(
                    before: max(0, copied - Int(pagesAtATime)) * page,
                    copied: copied * page,
                    total: state.totalPageCount * page
                )
            )
        }
        try copy.close()
    }

    private static func stamp(_ path: String, at now: Instant) throws {
        let copy = try DatabaseQueue(path: path)
        try copy.inDatabase { database in
            // Whoever finds a log beside a file takes both; whoever finds none cannot forget it.
            _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.inTransaction {
                try StoreTable(database).put(.copy(madeAt: now))
                return .commit
            }
            let flaw = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
            guard flaw == "ok" else {
                throw StorageError.corrupt("the copy is not whole: \(flaw ?? "no answer")")
            }
        }
        try copy.close()
    }
}
