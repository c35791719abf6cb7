/// Takes away what is over, a small batch at a time, so that nobody needs a clean-up job.
package struct Housekeeping: Sendable {
    /// Small enough to commit in a few milliseconds.
    package static let batch = 500
    /// How long the history is kept.
    package static let historyLifetime: Duration = .days(90)
    /// How long a server rests between two rounds.
    package static let interval: Duration = .seconds(30)

    package let storage: any Storage

    package init(storage: any Storage) {
        self.storage = storage
    }

    /// One round; answers whether there is more to do.
    ///
    /// A family stays until its absolute end plus one access token's life, so that what ended it
    /// can be told as long as anything of it could be presented.
    package func tidy(at now: Instant) async throws(StorageError) -> Bool {
        let families = try await storage.purge(
            before: now - KeyRing.publishedAfterUse,
            limit: Self.batch
        )
        let once = try await storage.purgeOneTime(before: now, limit: Self.batch)
        let events = try await storage.purgeEvents(
            before: now - Self.historyLifetime,
            limit: Self.batch
        )
        let clients = try await removeUnusedClients(at: now)
        let tokens = try await removeExpiredTokens(at: now)
        return max(families, once, events) == Self.batch
            || max(clients, tokens) == Self.registrationBatch
    }
}
