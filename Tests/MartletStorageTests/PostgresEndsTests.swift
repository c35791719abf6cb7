import Foundation
import MartletCore
import MartletTesting
import Testing

@testable import MartletPostgres

@Suite("When something ended in PostgreSQL")
struct PostgresEndsTests {
    private static let holder = "holder_of_ends"

    @Test("an end that waited for a lock ended after that, not when its step began")
    func timeOfCommit() async throws {
        let server = try await PostgresFixture.server()
        let url = try await PostgresFixture.url()
        let schema = try #require(url.split(separator: "%3D").last)
        let storage = try await PostgresStorage.open(try #require(PostgresAddress(url)))
        Thread {
            // Fails when it is ended.
            _ = try? server.execute(
                """
                SET application_name = '\(Self.holder)'; BEGIN;
                SELECT last FROM \(schema).martlet_end_count FOR UPDATE; SELECT pg_sleep(3600)
                """
            )
        }.start()
        try await count(1, "application_name = '\(Self.holder)' AND wait_event = 'PgSleep'", server)
        async let ending: Void = storage.save([], events: [.keysRotated(.compromised)])
        try await count(1, "wait_event_type = 'Lock' AND query LIKE '%martlet_end_count%'", server)
        let released = try #require(Int64(try server.execute("SELECT \(SQL.now)")))
        try server.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = '\(Self.holder)'
            """
        )
        try await ending
        let start = Instant(microseconds: 0)
        let ends = try await storage.ends(after: .start, from: start, limit: 10)
        #expect(ends.map(\.ended) == [.everything])
        #expect(try #require(ends.first).at.microseconds >= released)
        await storage.close()
    }

    /// Waits until so many connections are as the condition says; each question takes its time.
    private func count(_ count: Int, _ condition: String, _ server: PostgresServer) async throws {
        for _ in 0..<1000 {
            let found = try server.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE \(condition)"
            )
            if found == "\(count)" { return }
            await Task.yield()
        }
        Issue.record("it never came to be that \(condition)")
    }
}
