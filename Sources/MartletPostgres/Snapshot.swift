import Foundation
import MartletCore

/// Reads all rows as of the moment at which it was opened, over a connection and a thread of its
/// own, which hold one transaction as long as it is open.
final class Snapshot: StoreReader {
    private let queue: WorkQueue<Read>

    private static let begin = Statement(
        "begin_snapshot",
        "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
    )

    private init(_ queue: WorkQueue<Read>) {
        self.queue = queue
    }

    deinit { queue.close() }

    static func open(
        _ address: PostgresAddress,
        _ clock: DatabaseClock
    ) async throws(StorageError) -> Snapshot {
        let queue = WorkQueue<Read>()
        let failure = await withCheckedContinuation {
            (continuation: CheckedContinuation<StorageError?, Never>) in
            let thread = Thread {
                do throws(PostgresFailure) {
                    let connection = try PostgresConnection.open(address, .snapshots, clock: clock)
                    // The moment is that of the first statement that reads.
                    _ = try connection.run([begin(), StoreTable.revision()])
                    continuation.resume(returning: nil)
                    serve(queue, over: connection)
                } catch {
                    continuation.resume(returning: StorageError(error))
                }
            }
            thread.name = "martlet.postgres"
            thread.start()
        }
        if let failure { throw failure }
        return Snapshot(queue)
    }

    /// Answers reads until the queue is closed and empty. A connection that is lost takes the
    /// snapshot with it, so it is not opened anew.
    private static func serve(_ queue: WorkQueue<Read>, over connection: PostgresConnection) {
        var lost: PostgresFailure?
        while let reads = queue.take(1) {
            queue.finished(reads)
            for read in reads {
                if let lost {
                    read.finish(StorageError(lost))
                    continue
                }
                do throws(PostgresFailure) {
                    read.answer(.success(try connection.run([read.query])[0]))
                } catch {
                    lost = error
                    read.finish(StorageError(error))
                }
            }
        }
    }

    func rows(
        of table: StoredTable,
        after first: StoredKey?,
        through last: StoredKey?,
        limit: Int
    ) async throws(StorageError) -> [StoredRow] {
        let range = KeyRange(after: first, through: last, limit: limit)
        return switch table {
        case .records: try await rows(RecordTable.rows(range)) { try RecordTable.row($0) }
        case .oneTime: try await rows(OneTimeTable.rows(range)) { try OneTimeTable.row($0) }
        case .families: try await rows(FamilyTable.rows(range)) { try FamilyTable.row($0) }
        case .events: try await rows(AuditTable.rows(range)) { try AuditTable.row($0) }
        }
    }

    private func rows(
        _ query: Query,
        _ row: @escaping @Sendable (Row) throws -> StoredRow?
    ) async throws(StorageError) -> [StoredRow] {
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<[StoredRow], StorageError>, Never>) in
            let read = Read(query: query) { answer in
                continuation.resume(
                    returning: answer.flatMap { rows in
                        Result { try rows.map(row).compactMap(\.self) }
                            .mapError { StorageError($0) }
                    }
                )
            }
            if let refusal = queue.append(read) { read.finish(refusal) }
        }
        return try outcome.get()
    }

    func close() async { queue.close() }
}
