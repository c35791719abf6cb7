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

    /// - Parameter committed: told of each batch of writes; called on the store's writing thread.
    init(
        _ location: StoreLocation,
        committed: @escaping @Sendable (CommittedBatch) -> Void
    ) async throws {
        let system = Surroundings.system
        switch location {
        case .sqlite(let path):
            let storage: SQLiteStorage
            do {
                storage = try SQLiteStorage.open(
                    path: path,
                    ifMissing: .create,
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
}
