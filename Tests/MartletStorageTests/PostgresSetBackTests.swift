import MartletCore
import MartletTesting
import Testing

@testable import MartletPostgres

/// A database that goes back to an earlier state while a node runs: a standby that lacked the last
/// commits, or a recovery to a point in time. What the node remembers is of a state that is no more.
@Suite("a PostgreSQL database that was set back under a running node", .serialized)
struct PostgresSetBackTests {
    private let clock = ManualClock()
    private let made: TokenFamily

    init() throws { made = try family(1) }

    private func open(_ url: String) async throws -> PostgresStorage {
        let address = try #require(PostgresAddress(url))
        return try await PostgresStorage.open(address, clock: { [clock] in clock.now })
    }

    /// A store of its own on the shared server, the schema it is in, and where.
    private func openShared() async throws -> (PostgresStorage, PostgresServer, schema: String) {
        let url = try await PostgresFixture.url()
        let schema = try #require(url.split(separator: "%3D").last)
        let storage = try await open(url + "&application_name=\(schema)")
        return (storage, try await PostgresFixture.server(), String(schema))
    }

    private func record(_ kind: RecordKind, _ id: String, epoch: Int64) -> StoredRecord {
        StoredRecord(
            kind: kind,
            id: id,
            name: nil,
            owner: nil,
            version: 0,
            epoch: Epoch(value: epoch, changedAt: clock.now, reason: nil),
            body: []
        )
    }

    private func account(epoch: Int64) -> StoredRecord {
        record(.account, made.authorized.account.rawValue, epoch: epoch)
    }

    /// A family and all that its standing hangs on; the account's epoch is 1.
    private func fill(_ storage: PostgresStorage) async throws {
        let (account, client) = (made.authorized.account, made.authorized.client)
        let consent = Consent.recordID(account: account, client: client)
        try await storage.make(made)
        try await storage.save(
            [
                .put(self.account(epoch: 1), expecting: nil),
                .put(record(.client, client.rawValue, epoch: 2), expecting: nil),
                .put(record(.consent, consent, epoch: 3), expecting: nil),
            ],
            events: []
        )
    }

    /// The account's epoch as a step sees it.
    private func seen(_ storage: PostgresStorage) async throws -> Int64? {
        try await storage.change(made.authorized) { view, _ in
            Change(answer: view.standing.account?.value)
        }
    }

    @Test("a lower revision than was known is read anew, and at once")
    func lowerRevision() async throws {
        let (storage, server, schema) = try await openShared()
        try await fill(storage)
        let before = try await storage.revision()
        try await storage.save([.put(account(epoch: 9), expecting: 1)], events: [])
        #expect(try await seen(storage) == 9)
        try server.execute(
            """
            UPDATE \(schema).martlet_store SET revision = \(before.value);
            UPDATE \(schema).martlet_record SET epoch_value = 1, version = 1 WHERE kind = 'account'
            """
        )
        #expect(try await seen(storage) == 1)
        #expect(try await seen(storage) == 1)
        await storage.close()
    }

    @Test("over a new connection nothing counts that was read over another, at the same revision")
    func sameRevision() async throws {
        let (storage, server, schema) = try await openShared()
        try await fill(storage)
        #expect(try await seen(storage) == 1)
        try server.execute(
            """
            UPDATE \(schema).martlet_record SET epoch_value = 9 WHERE kind = 'account';
            SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE application_name = '\(schema)'
            """
        )
        #expect(try await seen(storage) == 9)
        await storage.close()
    }

    @Test("a revision does not come again after the database was set back before it")
    func noRevisionTwice() async throws {
        let (storage, server, schema) = try await openShared()
        try await fill(storage)
        let before = try await storage.revision()
        try await storage.save([.put(account(epoch: 9), expecting: 1)], events: [])
        let lost = try await storage.revision()
        try server.execute("UPDATE \(schema).martlet_store SET revision = \(before.value)")
        try await storage.save([.put(account(epoch: 7), expecting: 2)], events: [])
        let now = try await storage.revision()
        #expect(now > before && now != lost)
        try server.execute("UPDATE \(schema).martlet_store SET revision = \(before.value)")
        let status = try await storage.status()
        try await storage.setCondition(
            .sealed(at: clock.now, movedTo: "elsewhere"),
            expecting: status.condition,
            events: []
        )
        let sealed = try await storage.revision()
        #expect(sealed > before && sealed != lost && sealed != now)
        await storage.close()
    }

    @Test("a fail-over that loses the last change: steps go on at once, by what the standby has")
    func failOver() async throws {
        let primary = try PostgresServer()
        try await primary.start()
        let first = try await open(primary.url())
        try await fill(first)
        await first.close()
        // It never follows: what comes now is lost with the primary.
        let standby = try PostgresServer(standbyOf: primary)
        let storage = try await open(PostgresServer.url(of: [primary, standby]))
        try await storage.save([.put(account(epoch: 9), expecting: 1)], events: [])
        #expect(try await seen(storage) == 9)
        primary.kill()
        try await standby.start()
        try standby.promote()
        #expect(try await seen(storage) == 1)
        try await storage.save([.put(account(epoch: 7), expecting: 1)], events: [])
        #expect(try await seen(storage) == 7)
        await storage.close()
        standby.stop()
    }
}
