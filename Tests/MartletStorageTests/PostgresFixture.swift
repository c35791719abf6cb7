import Foundation
import MartletCore
import MartletPostgres
import MartletTesting
import Synchronization
import Testing

/// The one PostgreSQL server of these tests: started by the first that needs it, it ends with the
/// process. Each test has a schema of its own in it.
enum PostgresFixture {
    private static let starting = Mutex<Task<PostgresServer, any Error>?>(nil)
    private static let schemas = Mutex(0)

    static func server() async throws -> PostgresServer {
        let task = starting.withLock { starting in
            let task =
                starting
                ?? Task {
                    let server = try PostgresServer()
                    try await server.start()
                    return server
                }
            starting = task
            return task
        }
        return try await task.value
    }

    /// Where a new, empty store is.
    static func url() async throws -> String {
        let number = schemas.withLock { number in
            number += 1
            return number
        }
        let server = try await server()
        try server.execute("CREATE SCHEMA test_\(number)")
        return server.url(schema: "test_\(number)")
    }

    static func address() async throws -> PostgresAddress {
        try #require(PostgresAddress(try await url()))
    }
}
