import CPostgreSQL
import Foundation
import MartletCore

extension PostgresConnection {
    /// How the database shall treat a connection.
    struct Settings: Sendable {
        /// After so long it breaks a statement off.
        var statementTimeout: Duration
        /// So long at most a statement waits for a lock.
        var lockTimeout: Duration = .seconds(3)
        /// So long a transaction may wait for its next statement.
        var idleTimeout: Duration = .seconds(10)

        /// For requests: whoever asked has given up by then.
        static let requests = Settings(statementTimeout: .seconds(5))
        /// For reading everything, by somebody who has to write it elsewhere meanwhile.
        static let snapshots = Settings(
            statementTimeout: .seconds(60),
            idleTimeout: .seconds(600)
        )
        /// For migrations, which may have much to rewrite.
        static let migrations = Settings(
            statementTimeout: .seconds(3600),
            lockTimeout: .seconds(60)
        )
    }

    /// Connects and makes the settings. Blocks: for a host that does not answer as long as
    /// `connect_timeout`.
    static func open(
        _ address: PostgresAddress,
        _ settings: Settings,
        clock: DatabaseClock
    ) throws(PostgresFailure) -> PostgresConnection {
        var options = defaults.merging(address.options) { $1 }
        options["client_encoding"] = "UTF8"
        let keywords = options.keys.sorted()
        let handle = CStrings.with(keywords) { keys in
            CStrings.with(keywords.map { options[$0] ?? "" }) { values in
                PQconnectdbParams(keys, values, 0)
            }
        }
        guard let handle else { throw .lost("there is no memory for a connection") }
        // What the server notes would go to standard error.
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        guard PQstatus(handle) == CONNECTION_OK else {
            let reason = sentence(String(cString: PQerrorMessage(handle)))
            PQfinish(handle)
            throw .lost(reason)
        }
        let connection = try PostgresConnection(
            handle,
            statementTimeout: settings.statementTimeout
        )
        try connection.set(settings, clock)
        return connection
    }

    /// What a connection string need not say. A dead peer is noticed within some ten seconds.
    private static let defaults = [
        "fallback_application_name": "martlet",
        "connect_timeout": "3",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
        "target_session_attrs": "read-write",
    ]

    /// Makes the settings that this engine knows; others that speak the protocol lack some.
    ///
    /// The planner is told to go by the indexes: a plan that was made while a table was small would
    /// otherwise read all of it when it is large.
    private func set(
        _ settings: Settings,
        _ clock: DatabaseClock
    ) throws(PostgresFailure) {
        let wishes = [
            ("statement_timeout", Self.milliseconds(settings.statementTimeout)),
            ("lock_timeout", Self.milliseconds(settings.lockTimeout)),
            ("idle_in_transaction_session_timeout", Self.milliseconds(settings.idleTimeout)),
            ("client_min_messages", "error"),
            ("default_transaction_isolation", "read committed"),
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]
        let sent = DatabaseClock.local()
        let rows = try run([
            Self.durability(),
            Self.setting(.plains(wishes.map(\.0)), .plains(wishes.map(\.1))),
            Self.time(),
        ])
        guard let now = rows.last?.first?.instant(0) else { throw .lost("it tells no time") }
        clock.note(now, sent: sent, received: DatabaseClock.local(), .afresh)
    }

    private static func milliseconds(_ duration: Duration) -> String {
        String(Int64(duration / .milliseconds(1)))
    }

    /// A commit that was answered must not be undone, by a standby's promotion neither. `on` waits
    /// for the synchronous standbys too, if there are any; more than that may be asked for.
    private static let durability = Statement(
        "durability",
        """
        SELECT set_config(name, 'on', false) FROM pg_settings
        WHERE name = 'synchronous_commit' AND setting NOT IN ('on', 'remote_apply')
        """
    )

    private static let setting = Statement(
        "setting",
        """
        SELECT set_config(wish.name, wish.value, false)
        FROM unnest($1::text[], $2::text[]) AS wish(name, value)
        WHERE wish.name IN (SELECT name FROM pg_settings)
        """
    )

    private static let time = Statement("time", "SELECT \(SQL.now)")
}

/// Pieces that statements are put together from.
enum SQL {
    /// The database's clock in microseconds.
    static let now = "(extract(epoch FROM clock_timestamp()) * 1000000)::int8"
    /// The same, once for a whole statement.
    static let statementTime = "(extract(epoch FROM statement_timestamp()) * 1000000)::int8"
}

/// Lends texts to C as a list that ends with a null pointer.
private enum CStrings {
    static func with<Result>(
        _ texts: [String],
        _ body: ([UnsafePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies.map { UnsafePointer($0) } + [nil])
    }
}
