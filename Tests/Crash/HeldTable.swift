import Foundation
import MartletTesting

/// A table that somebody keeps to himself until he is told to leave: all who want to read or write it
/// wait for the database meanwhile.
struct HeldTable {
    private let database: PostgresServer
    private static let holder = "holder"

    /// It could not be locked.
    struct NeverHeld: Error {}

    /// Returns once it is held.
    init(_ table: String, in database: PostgresServer) async throws {
        self.database = database
        Thread {
            // Fails when it is ended.
            _ = try? database.execute(
                """
                SET application_name = '\(Self.holder)';
                BEGIN; LOCK TABLE \(table) IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600)
                """
            )
        }.start()
        for _ in 0..<1000 {
            let count = try database.execute(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE application_name = '\(Self.holder)' AND wait_event = 'PgSleep'
                """
            )
            if count != "0" { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw NeverHeld()
    }

    func release() throws {
        try database.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = '\(Self.holder)'
            """
        )
    }
}
