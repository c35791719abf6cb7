import MartletProtocol

/// The operator's commands about consents: what accounts allowed clients.
extension AuthorizationServer {
    /// A consent as people see it.
    package struct GivenConsent: Sendable {
        package let consent: Consent
        package let username: String
        /// The client's name; `nil` if it has none, or is deleted.
        package let clientName: String?
        /// When the account first allowed the client something.
        package let since: Instant
    }

    /// The consents of an account, or all of them.
    package func consents(ofAccount username: String?) async throws -> [GivenConsent] {
        var owner: AccountID?
        if let username { owner = try await account(named: username).value.id }
        var accounts: [AccountID: String] = [:]
        var clients: [ClientID: String] = [:]
        for account in try await self.accounts() { accounts[account.id] = account.username }
        for client in try await self.clients() { clients[client.id] = client.metadata.name }
        var given: [GivenConsent] = []
        for stored in try await storage.all(Consent.self, owner: owner?.rawValue).0 {
            // Its account was deleted between the reads.
            guard let username = accounts[stored.value.account] else { continue }
            given.append(
                GivenConsent(
                    consent: stored.value,
                    username: username,
                    clientName: clients[stored.value.client],
                    since: try stored.since
                )
            )
        }
        return given.sorted { ($0.username, $0.since) < ($1.username, $1.since) }
    }

    /// Takes back what an account allowed a client; what hangs on it ends, and the client has to
    /// ask again.
    package func withdrawConsent(of username: String, from client: ClientID) async throws {
        let account = try await account(named: username).value
        guard try await withdrawConsent(of: account.id, from: client) else {
            // A misspelt id is said to be one.
            _ = try await self.client(client)
            throw AdministrationError(
                "The user “\(account.username)” has given no consent to the client “\(client)”."
            )
        }
    }

    /// Takes back what an account allowed a client; whether there was anything.
    ///
    /// The record goes, and with it the epoch that sessions, codes and device approvals were made
    /// under. A consent that is given later has another one, so nothing comes back.
    func withdrawConsent(of account: AccountID, from client: ClientID) async throws -> Bool {
        let id = Consent.recordID(account: account, client: client)
        for _ in 0..<Directory.maximumAttempts {
            guard let stored = try await storage.find(Consent.self, id: id).0 else { return false }
            do {
                try await storage.save(
                    [.delete(stored)],
                    events: [.consentWithdrawn(account: account, client: client)]
                )
                return true
            } catch StorageError.conflict {
                // More was allowed at this very moment; that goes too.
                continue
            }
        }
        throw StorageError.unavailable("the consent changes faster than it can be read")
    }
}

extension Stored<Consent> {
    /// When it was given first: its epoch never changes, it goes with the record.
    var since: Instant {
        get throws(StorageError) {
            guard let epoch else { throw .corrupt("consent \(value.recordID) has no epoch") }
            return epoch.changedAt
        }
    }
}
