import GRDB
import Synchronization

/// The store's file and the connections to it, which the writer may close and open anew.
final class StoreFile: Sendable {
    private let opening: @Sendable () throws -> DatabasePool
    /// Opens one more connection, for the ``Checkpointer``.
    let connect: @Sendable () throws -> DatabaseQueue
    /// From so many pages on the log is copied back.
    let pagesToCopy: Int
    private let current: Mutex<DatabasePool?>

    init(
        open: @escaping @Sendable () throws -> DatabasePool,
        connect: @escaping @Sendable () throws -> DatabaseQueue,
        pagesToCopy: Int = Checkpointer.pagesToCopy
    ) throws {
        opening = open
        self.connect = connect
        self.pagesToCopy = pagesToCopy
        current = Mutex(try open())
    }

    /// `nil` while it is not open.
    var pool: DatabasePool? { current.withLock(\.self) }

    func open() throws {
        let pool = try opening()
        current.withLock { $0 = pool }
    }

    /// Readers first: the writer's connection is the last, which decides about the log.
    func close() {
        let pool = current.withLock { current in
            defer { current = nil }
            return current
        }
        pool?.invalidateReadOnlyConnections()
        try? pool?.close()
    }
}
