import Foundation
import GRDB
package import MartletCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Why a file cannot be opened as a store: one sentence for the operator.
package struct SQLiteOpenError: Error, Equatable, CustomStringConvertible {
    package let description: String

    static let newerSchema = SQLiteOpenError(
        description: "the store was written by a newer version of Martlet: use that version"
    )
    static let notOurs = SQLiteOpenError(
        description: "the file is the database of another program, not a store of Martlet"
    )
    static let notADatabase = SQLiteOpenError(
        description: "the file is not an SQLite database"
    )

    static func unreadable(_ reason: String) -> SQLiteOpenError {
        SQLiteOpenError(description: "the store cannot be opened: \(reason)")
    }
}

extension SQLiteStorage {
    /// What to do about a file that is not there.
    package enum Missing: Sendable {
        case create
        case refuse
    }

    /// How long a connection sleeps between two attempts at the lock, and how often it tries:
    /// about ten seconds. SQLite's own handler backs off to 100 ms, by which a short transaction
    /// beside a busy writer never meets the gap that is left for it.
    static let busyInterval: TimeInterval = 0.0005
    private static let busyAttempts = 18_000

    /// Small pages: a rotation writes one, and a log of small pages is half as dear (measured).
    private static let pageSize = 1024
    /// After a long reader the log may have grown; it is cut back to this.
    private static let logLimit = 32 << 20
    /// The writer's page cache, in KiB: the states of some 300,000 families.
    private static let cacheSize = 16 << 10
    /// A reader's page cache, in KiB: the upper parts of the indexes. What else it reads is seldom
    /// read again.
    private static let readerCacheSize = 512
    /// One is the ``PointReader``'s. Of lists there is little to win past the number of cores.
    private static let readers = 5

    /// Opens the store in this file, makes it if it may, and brings its tables up to date. Blocks
    /// for the time of a few disk accesses.
    ///
    /// - Parameter committed: told of each batch of writes; called on the writer's thread, so it
    ///   must not block.
    package static func open(
        path: String,
        ifMissing: Missing,
        clock: @escaping @Sendable () -> Instant,
        pagesToCopy: Int = Checkpointer.pagesToCopy,
        committed: @escaping @Sendable (CommittedBatch) -> Void = { _ in }
    ) throws(SQLiteOpenError) -> SQLiteStorage {
        do {
            switch ifMissing {
            case .create: try create(path)
            case .refuse:
                guard access(path, F_OK) == 0 else {
                    throw SQLiteOpenError.unreadable("there is no such file")
                }
            }
            guard !isFolder(path) else {
                throw SQLiteOpenError.unreadable("it is a folder; name the file to keep it in")
            }
            let file = try StoreFile(
                open: { try pool(path, clock) },
                connect: {
                    try DatabaseQueue(path: path, configuration: configuration(readonly: false))
                },
                pagesToCopy: pagesToCopy
            )
            return SQLiteStorage(file: file, clock: clock, committed: committed)
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

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    /// Makes an empty file that only its owner can read, unless one is there. SQLite gives the
    /// files beside it the same mode.
    private static func create(_ path: String) throws {
        let file = path.withCString { path in
            #if canImport(Glibc)
                Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            #elseif canImport(Musl)
                Musl.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            #else
                Darwin.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            #endif
        }
        if file >= 0 {
            _ = Self.closeFile(file)
        } else if errno != EEXIST {
            throw SQLiteOpenError.unreadable("\(path): \(String(cString: strerror(errno)))")
        }
    }

    private static func closeFile(_ file: Int32) -> Int32 {
        #if canImport(Glibc)
            Glibc.close(file)
        #elseif canImport(Musl)
            Musl.close(file)
        #else
            Darwin.close(file)
        #endif
    }

    /// Turning a new file to WAL takes a lock that SQLite does not always wait for, so two
    /// processes that start at once try again.
    static func pool(
        _ path: String,
        _ clock: @Sendable () -> Instant
    ) throws -> DatabasePool {
        var attempt = 0
        while true {
            do {
                try DatabaseQueue(path: path, configuration: configuration(readonly: true))
                    .read(Migrations.check)
                let pool = try DatabasePool(
                    path: path,
                    configuration: configuration(readonly: false)
                )
                try pool.writeWithoutTransaction { database in
                    try prepareWriter(database)
                    try Migrations.apply(to: database, at: clock())
                }
                return pool
            } catch let error as DatabaseError
                where error.resultCode == .SQLITE_BUSY && attempt < busyAttempts
            {
                attempt += 1
                Thread.sleep(forTimeInterval: busyInterval)
            }
        }
    }

    static func configuration(readonly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.label = "martlet"
        configuration.readonly = readonly
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = readers
        configuration.busyMode = .callback { attempts in
            guard attempts < busyAttempts else { return false }
            Thread.sleep(forTimeInterval: busyInterval)
            return true
        }
        configuration.prepareDatabase { database in
            if database.configuration.readonly {
                try database.execute(sql: "PRAGMA cache_size = -\(readerCacheSize)")
            } else {
                // Counts only before the first table is made.
                try database.execute(sql: "PRAGMA page_size = \(pageSize)")
            }
        }
        return configuration
    }

    /// GRDB sets `synchronous` to NORMAL as it turns WAL on, under which a power cut can undo the
    /// last commits. A rotation that was answered must not be undone.
    private static func prepareWriter(_ database: Database) throws {
        try database.execute(
            sql: """
                PRAGMA synchronous = FULL;
                PRAGMA cache_size = -\(cacheSize);
                """
        )
        _ = try Int64.fetchOne(database, sql: "PRAGMA journal_size_limit = \(logLimit)")
        let full: Int64 = 2
        guard try Int64.fetchOne(database, sql: "PRAGMA synchronous") == full else {
            throw SQLiteOpenError.unreadable("SQLite would not sync each commit")
        }
    }
}
