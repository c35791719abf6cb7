package import MartletProtocol

/// Whom an end concerns, and as what they know it: one security event token to each API that has
/// tokens of it.
package struct EndedSessionsConcern: Sendable, Equatable {
    package let subject: SessionRevokedClaims.Subject
    package let audience: Audience

    /// The APIs that are told.
    package enum Audience: Sendable, Equatable {
        /// Everybody: a client's or a key's end says nothing about a person, and finding out which
        /// APIs ever got a token of it would mean reading all of its sessions.
        case every
        case these(Set<ResourceID>)

        package func includes(_ resource: ResourceID) -> Bool {
            switch self {
            case .every: true
            case .these(let resources): resources.contains(resource)
            }
        }
    }
}

extension AuthorizationServer {
    /// How many of an account's sessions are looked at to find the APIs and the names that they
    /// concern. An account with more has the names of the newest ones told to every API.
    static let maximumSessionsOfEnd = 10_000

    /// What an entry of the end log means to whom. Read once, and remembered.
    func concerns(
        of entry: EndLogEntry,
        in snapshot: Snapshot
    ) async throws -> [EndedSessionsConcern] {
        let mark = EndMark(entry)
        if let known = endedSessions.concerns[mark] { return known }
        let concerns = try await findConcerns(of: entry.ended, in: snapshot)
        endedSessions.concerns[mark] = concerns
        return concerns
    }

    private func findConcerns(
        of ended: EndedTokens,
        in snapshot: Snapshot
    ) async throws -> [EndedSessionsConcern] {
        switch ended {
        case .session(let id):
            // One that was purged has no tokens left.
            guard let family = try await storage.find(id).family?.authorized else { return [] }
            return [concern(of: family)]
        case .signIn(let id, let account):
            return try await sessions(of: .account(account)).families
                .filter { $0.signIn.map { $0.id == id && $0.endsWithIt } ?? false }
                .map(concern(of:))
        case .account(let account):
            return try await concerns(of: .account(account), in: snapshot) { subject, _ in
                .person(subject)
            }
        case .consent(let account, let client):
            let families = FamilySelection.accountAtClient(account, client)
            return try await concerns(of: families, in: snapshot) { subject, client in
                .personAtClient(subject, clientID: client.rawValue)
            }
        case .sessions(let client):
            return [EndedSessionsConcern(subject: .client(client.rawValue), audience: .every)]
        case .client(let client):
            // Its sessions, and what it has in its own name, of which it is the subject.
            return [
                EndedSessionsConcern(subject: .client(client.rawValue), audience: .every),
                EndedSessionsConcern(subject: .person(client.rawValue), audience: .every),
            ]
        case .accessToken(let id, let audience):
            return [
                EndedSessionsConcern(
                    subject: .accessToken(id),
                    audience: .these(Set(audience.map(ResourceID.init(rawValue:))))
                )
            ]
        case .everything:
            return [EndedSessionsConcern(subject: .everything, audience: .every)]
        case .unknown:
            // Told beside the tokens (``EndedSessionsPage/unknownBefore``).
            return []
        }
    }

    private func concern(of family: AuthorizedFamily) -> EndedSessionsConcern {
        EndedSessionsConcern(
            subject: .session(family.id.description),
            audience: .these(audience(of: family))
        )
    }

    /// The APIs that a family's access tokens may be for.
    private func audience(of family: AuthorizedFamily) -> Set<ResourceID> {
        Set(family.resources)
    }

    /// What ended of a person, by each name that an API knows them by.
    private func concerns(
        of selection: FamilySelection,
        in snapshot: Snapshot,
        as subject: (String, ClientID) -> SessionRevokedClaims.Subject
    ) async throws -> [EndedSessionsConcern] {
        let (families, isAll) = try await sessions(of: selection)
        var order: [SessionRevokedClaims.Subject] = []
        var audiences: [SessionRevokedClaims.Subject: Set<ResourceID>] = [:]
        for family in families {
            // Of a client that was deleted everything ended with it.
            guard let client = try await snapshot.client(family.client)?.value else { continue }
            let name = try snapshot.keys.subject(of: family.account, for: client)
            let subject = subject(name, client.id)
            if audiences[subject] == nil { order.append(subject) }
            audiences[subject, default: []].formUnion(audience(of: family))
        }
        return order.map { subject in
            EndedSessionsConcern(
                subject: subject,
                audience: isAll ? .these(audiences[subject] ?? []) : .every
            )
        }
    }

    /// The sessions, over or not, the newest first; and whether that is all of them.
    private func sessions(
        of selection: FamilySelection
    ) async throws(StorageError) -> (families: [AuthorizedFamily], isAll: Bool) {
        var families: [AuthorizedFamily] = []
        var cursor: FamilyID?
        while families.count < Self.maximumSessionsOfEnd {
            let page = try await storage.list(
                of: selection,
                before: cursor,
                limit: Self.sessionPage
            )
            families += page.compactMap { $0.family?.authorized }
            guard page.count == Self.sessionPage, let last = families.last else {
                return (families, true)
            }
            cursor = last.id
        }
        return (families, false)
    }
}
