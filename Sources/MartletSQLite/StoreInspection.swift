import Foundation
import GRDB
import MartletCore

/// What can be told of a store's file without changing anything in it: for `martlet doctor`.
package struct StoreInspection: Sendable, Equatable {
    /// Whether the tables are those of this version.
    package enum Schema: Sendable, Equatable {
        case current
        /// The next `serve` brings them up to date.
        case older
    }

    /// What came of reading through the file.
    package enum Check: Sendable, Equatable {
        case whole
        case flawed(String)
        /// The time was over before the end.
        case unfinished
    }

    package let schema: Schema
    package let check: Check

    /// Opens the file for reading only, and looks through it for at most this time.
    package static func of(
        _ path: String,
        within limit: Duration
    ) throws(SQLiteOpenError) -> StoreInspection {
        do {
            let queue = try DatabaseQueue(
                path: path,
                configuration: SQLiteStorage.configuration(readonly: true)
            )
            let schema = try queue.read { database -> Schema in
                try Migrations.check(database)
                return try Migrations.isCurrent(database) ? .current : .older
            }
            let check = try check(queue, within: limit)
            try queue.close()
            return StoreInspection(schema: schema, check: check)
        } catch let error as SQLiteOpenError {
            throw error
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            throw .notADatabase
        } catch let error as DatabaseError {
            throw .unreadable(error.message ?? "\(error.resultCode)")
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private static func check(_ queue: DatabaseQueue, within limit: Duration) throws -> Check {
        let timer = DispatchSource.makeTimerSource()
        timer.schedule(deadline: .now() + .microseconds(Int(limit.microseconds)))
        timer.setEventHandler { queue.interrupt() }
        timer.activate()
        defer { timer.cancel() }
        do {
            let flaws = try queue.read { database in
                try String.fetchAll(database, sql: "PRAGMA quick_check(3)")
            }
            return flaws == ["ok"] ? .whole : .flawed(flaws.joined(separator: "; "))
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
            return .unfinished
        }
    }
}
