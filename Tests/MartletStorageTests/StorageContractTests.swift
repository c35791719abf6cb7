import MartletCore
import MartletPostgres
import MartletSQLite
import MartletTesting
import Testing

@Suite("every store keeps the contract")
struct StorageContractTests {
    @Test("the store in memory", arguments: StorageContract.rules)
    func inMemory(_ rule: StorageContract.Rule) async throws {
        let clock = ManualClock()
        try await rule.check(InMemoryStorage { clock.now }, clock)
    }

    @Test("the store in an SQLite file", arguments: StorageContract.rules)
    func sqlite(_ rule: StorageContract.Rule) async throws {
        let clock = ManualClock()
        let file = try TemporaryStore()
        let storage = try file.open(clock)
        try await rule.check(storage, clock)
        await storage.close()
    }

    /// One after the other, for each opens some connections.
    @Suite("the store in a PostgreSQL database", .serialized)
    struct Postgres {
        @Test("it keeps the contract", arguments: StorageContract.rules)
        func contract(_ rule: StorageContract.Rule) async throws {
            let clock = ManualClock()
            let storage = try await PostgresStorage.open(
                try await PostgresFixture.address(),
                clock: { clock.now }
            )
            do { try await rule.check(storage, clock) } catch {
                await storage.close()
                throw error
            }
            await storage.close()
        }
    }
}
