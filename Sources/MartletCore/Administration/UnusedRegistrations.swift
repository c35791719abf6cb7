/// What people registered and nobody uses, taken away.
extension Housekeeping {
    /// How long a client that registered itself waits for the first person to sign in.
    package static let unusedClientLifetime: Duration = .days(30)
    /// Changes that a save commits in a few milliseconds.
    static let registrationBatch = 100

    /// Removes clients that registered themselves and that nobody ever signed in for; tells how
    /// many. Somebody may have and the note of it be lost, so their sessions are looked for too.
    func removeUnusedClients(at now: Instant) async throws(StorageError) -> Int {
        let unused = try await storage.all(
            Client.self,
            owner: SelfRegistration.Group.unused.rawValue
        ).0
        var removed: [Stored<Client>] = []
        for client in unused where client.value.createdAt + Self.unusedClientLifetime <= now {
            guard removed.count < Self.registrationBatch else { break }
            let sessions = try await storage.list(
                of: .client(client.value.id),
                before: nil,
                limit: 1
            )
            if sessions.isEmpty { removed.append(client) }
        }
        return try await delete(
            removed,
            events: removed.map { .clientRemovedUnused($0.value.id) }
        )
    }

    /// Removes initial access tokens that have expired; tells how many.
    func removeExpiredTokens(at now: Instant) async throws(StorageError) -> Int {
        let expired = try await storage.all(RegistrationToken.self).0
            .filter { $0.value.expiresAt <= now }
            .prefix(Self.registrationBatch)
        return try await delete(Array(expired), events: [])
    }

    private func delete<Value: Record>(
        _ records: [Stored<Value>],
        events: [AuditEvent]
    ) async throws(StorageError) -> Int {
        guard !records.isEmpty else { return 0 }
        do throws(StorageError) {
            try await storage.save(records.map { .delete($0) }, events: events)
        } catch {
            // Somebody changed one of them at the same moment; the next round sees.
            guard error == .conflict else { throw error }
            return 0
        }
        return records.count
    }
}
