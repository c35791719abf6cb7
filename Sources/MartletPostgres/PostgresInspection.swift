import Foundation

/// What can be told of a database without changing anything in it: for `martlet doctor`.
package struct PostgresInspection: Sendable, Equatable {
    /// Whether the tables are those of this version.
    package enum Schema: Sendable, Equatable {
        case current
        /// The next `serve` makes them.
        case missing
        /// The next `serve` brings them up to date.
        case older
    }

    package let schema: Schema
    /// Whether the database syncs what it commits to its disk, and whole pages, so that a power cut
    /// loses nothing.
    package let isDurable: Bool
    /// Servers that follow this one now, and whether its commits wait for any of them. `nil` where
    /// the engine does not tell.
    package let standbys: Standbys?

    package struct Standbys: Sendable, Equatable {
        package let count: Int
        package let areWaitedFor: Bool
    }

    package static func of(
        _ address: PostgresAddress
    ) async throws(PostgresOpenError) -> PostgresInspection {
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Self, PostgresOpenError>, Never>) in
            let thread = Thread {
                continuation.resume(
                    returning: Result { () throws(PostgresOpenError) in try inspect(address) }
                )
            }
            thread.name = "martlet.postgres"
            thread.start()
        }
        return try outcome.get()
    }

    private static func inspect(_ address: PostgresAddress) throws(PostgresOpenError) -> Self {
        do throws(PostgresFailure) {
            let connection = try PostgresConnection.open(
                address,
                .requests,
                clock: DatabaseClock(given: nil)
            )
            let unsafe = try connection.run([unsafeSettings()])[0].first?.integer(0) ?? 0
            return PostgresInspection(
                schema: try schema(on: connection),
                isDurable: unsafe == 0,
                standbys: try standbys(on: connection)
            )
        } catch {
            throw error == PostgresOpenError.newerFailure ? .newerSchema : .unusable(error.reason)
        }
    }

    private static func schema(
        on connection: PostgresConnection
    ) throws(PostgresFailure) -> Schema {
        guard let version = try Migrations.version(on: connection) else { return .missing }
        guard version.readableFrom <= Migrations.newest else {
            throw PostgresOpenError.newerFailure
        }
        return version.applied < Migrations.newest ? .older : .current
    }

    /// Engines that only speak the protocol may not have the views.
    private static func standbys(
        on connection: PostgresConnection
    ) throws(PostgresFailure) -> Standbys? {
        do throws(PostgresFailure) {
            guard let row = try connection.run([following()])[0].first else { return nil }
            return Standbys(count: Int(row.integer(0)), areWaitedFor: row.integer(1) != 0)
        } catch {
            guard error.kind != .lost else { throw error }
            return nil
        }
    }

    private static let unsafeSettings = Statement(
        "unsafe_settings",
        """
        SELECT count(*) FROM pg_settings
        WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'
        """
    )

    private static let following = Statement(
        "standbys",
        """
        SELECT (SELECT count(*) FROM pg_stat_replication),
            (SELECT count(*) FROM pg_settings
             WHERE name = 'synchronous_standby_names' AND setting <> '')
        """
    )
}
