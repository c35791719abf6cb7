import GRDB
import MartletSQLite

/// Another program at the same file: a plain connection that does what a test tells it.
final class OtherProcess: Sendable {
    private let queue: DatabaseQueue

    init(_ path: String) throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        configuration.busyMode = .timeout(10)
        queue = try DatabaseQueue(path: path, configuration: configuration)
    }

    func execute(_ sql: String) async throws {
        try await queue.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    func number(_ sql: String) async throws -> Int64? {
        try await queue.read { try Int64.fetchOne($0, sql: sql) }
    }

    /// Keeps every other writer waiting until ``release()``.
    func holdWriteLock() async throws {
        try await execute("BEGIN IMMEDIATE")
    }

    func release() async throws {
        try await execute("ROLLBACK")
    }
}
