import GRDB
import Synchronization

/// The store's file and the connections to it, which the writer may close and open anew.
final class StoreFile: Sendable {
    private let opening: @Sendable () throws -> DatabasePool
    /// Opens one more connection, for the ``Checkpointer``.
    let connect: @Sendable () throws -> DatabaseQueue
    /// From so many pages on the log is copied back.
    let pagesToCopy: Int
    private let current: Mutex<Connections?>

    private struct Connections {
        let pool: DatabasePool
        let reader: PointReader

        init(_ pool: DatabasePool) {
            self.pool = pool
            reader = PointReader(pool)
        }
    }

    init(
        open: @escaping @Sendable () throws -> DatabasePool,
        connect: @escaping @Sendable () throws -> DatabaseQueue,
        pagesToCopy: Int = Checkpointer.pagesToCopy
    ) throws {
        opening = open
        self.connect = connect
        self.pagesToCopy = pagesToCopy
        current = Mutex(Connections(try open()))
    }

    /// `nil` while it is not open.
    var pool: DatabasePool? { current.withLock { $0?.pool } }

    /// `nil` while it is not open.
    var reader: PointReader? { current.withLock { $0?.reader } }

    func open() throws {
        let connections = Connections(try opening())
        current.withLock { $0 = connections }
    }

    /// Readers first: the writer's connection is the last, which decides about the log.
    func close() {
        let connections = current.withLock { current in
            defer { current = nil }
            return current
        }
        guard let connections else { return }
        connections.reader.stop()
        connections.pool.invalidateReadOnlyConnections()
        try? connections.pool.close()
    }
}
