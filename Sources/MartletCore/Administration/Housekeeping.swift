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

    /// What one round took away.
    package struct Round: Sendable, Equatable {
        package internal(set) var removed: [Kind: Int] = [:]

        /// Whether there is more to do.
        package var hasMore: Bool { removed.contains { $0.value == $0.key.batch } }
    }

    /// What is over, and taken away.
    package enum Kind: String, Sendable, CaseIterable {
        case families
        case oneTime = "one_time"
        case events
        case ends
        case clients
        case registrationTokens = "registration_tokens"

        fileprivate var batch: Int {
            switch self {
            case .families, .oneTime, .events, .ends: Housekeeping.batch
            case .clients, .registrationTokens: Housekeeping.registrationBatch
            }
        }
    }

    /// One round; answers what it removed.
    ///
    /// A family stays until its absolute end plus one access token's life, so that what ended it
    /// can be told as long as anything of it could be presented.
    package func tidy(at now: Instant) async throws(StorageError) -> Round {
        var round = Round()
        round.removed[.families] = try await storage.purge(
            before: now - KeyRing.publishedAfterUse,
            limit: Self.batch
        )
        round.removed[.oneTime] = try await storage.purgeOneTime(before: now, limit: Self.batch)
        round.removed[.events] = try await storage.purgeEvents(
            before: now - Self.historyLifetime,
            limit: Self.batch
        )
        round.removed[.ends] = try await storage.purgeEnds(
            before: now - KeyRing.publishedAfterUse,
            limit: Self.batch
        )
        round.removed[.clients] = try await removeUnusedClients(at: now)
        round.removed[.registrationTokens] = try await removeExpiredTokens(at: now)
        return round
    }
}
