import Foundation
package import MartletCore

extension PostgresStorage {
    /// Opens the store in this database, makes its tables if there are none, and brings them up to
    /// date. Waits for the database.
    ///
    /// - Parameters:
    ///   - clock: takes the place of the database's clock, for tests.
    ///   - committed: told of each batch that is durable; called on a thread of the store, so it
    ///     must not block.
    package static func open(
        _ address: PostgresAddress,
        clock: (@Sendable () -> Instant)? = nil,
        committed: @escaping @Sendable (CommittedBatch) -> Void = { _ in }
    ) async throws(PostgresOpenError) -> PostgresStorage {
        let clock = DatabaseClock(given: clock)
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, PostgresOpenError>, Never>) in
            let thread = Thread {
                continuation.resume(
                    returning: Result { () throws(PostgresOpenError) in
                        try prepare(address, clock)
                    }
                )
            }
            thread.name = "martlet.postgres"
            thread.start()
        }
        try outcome.get()
        return PostgresStorage(address: address, clock: clock, committed: committed)
    }

    private static func prepare(
        _ address: PostgresAddress,
        _ clock: DatabaseClock
    ) throws(PostgresOpenError) {
        let connection: PostgresConnection
        do throws(PostgresFailure) {
            connection = try PostgresConnection.open(address, .migrations, clock: clock)
        } catch {
            throw .unusable(error.reason)
        }
        try Migrations.apply(on: connection, at: clock.now)
    }
}
