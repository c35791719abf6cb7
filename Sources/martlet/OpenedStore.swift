import MartletCore
import MartletPostgres
import MartletSQLite

/// The store that the configuration names, open, and the clock that goes with it: the only place
/// that knows which stores there are.
struct OpenedStore {
    let storage: any Storage
    /// Nodes that share a store share its clock.
    let surroundings: Surroundings
    /// Writes that wait for the store now; holds on to nothing.
    let waiting: @Sendable () -> Int

    /// - Parameters:
    ///   - missing: what to do about a file that is not there.
    ///   - committed: told of each batch of writes; called on the store's writing thread.
    init(
        _ location: StoreLocation,
        ifMissing missing: SQLiteStorage.Missing = .create,
        committed: @escaping @Sendable (CommittedBatch) -> Void = { _ in }
    ) async throws {
        let system = Surroundings.system
        switch location {
        case .sqlite(let path):
            let storage: SQLiteStorage
            do {
                storage = try SQLiteStorage.open(
                    path: path,
                    ifMissing: missing,
                    clock: system.now,
                    committed: committed
                )
            } catch {
                throw Refusal("\(location.shown): \(error).")
            }
            self.storage = storage
            surroundings = system
            waiting = { [weak storage] in storage?.waiting ?? 0 }
        case .postgres(let address):
            let storage: PostgresStorage
            do {
                storage = try await PostgresStorage.open(address, committed: committed)
            } catch {
                throw Refusal("\(location.shown): \(error).")
            }
            self.storage = storage
            let clock = storage.clock
            surroundings = Surroundings(
                now: { clock.now },
                randomBytes: system.randomBytes
            )
            waiting = { [weak storage] in storage?.waiting ?? 0 }
        }
    }

    /// Opens a store, works with it, and closes it whatever comes of it.
    static func using<Answer>(
        _ location: StoreLocation,
        ifMissing missing: SQLiteStorage.Missing = .refuse,
        _ work: (OpenedStore) async throws -> Answer
    ) async throws -> Answer {
        let opened = try await OpenedStore(location, ifMissing: missing)
        do {
            let answer = try await work(opened)
            await opened.storage.close()
            return answer
        } catch {
            await opened.storage.close()
            throw error
        }
    }
}
