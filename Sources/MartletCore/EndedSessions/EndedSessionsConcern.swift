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
    /// How many sessions that end with a browser's sign-in are told one by one. Of more than that
    /// each API is told the person: their other sessions get new access tokens, which costs less
    /// than so many tokens of the feed, and one person cannot make every API read thousands.
    static let maximumSessionsOfSignIn = 100

    /// What an entry of the end log means to whom. Read once, and remembered.
    func concerns(
        of entry: EndLogEntry,
        in snapshot: Snapshot
    ) async throws -> [EndedSessionsConcern] {
        let mark = EndMark(entry)
        if let known = endedSessions.concerns[mark] { return known }
        let concerns = try await findConcerns(of: entry, in: snapshot)
        endedSessions.concerns[mark] = concerns
        return concerns
    }

    private func findConcerns(
        of entry: EndLogEntry,
        in snapshot: Snapshot
    ) async throws -> [EndedSessionsConcern] {
        switch entry.ended {
        case .session(let id):
            // One that was purged has no tokens left.
            guard let family = try await storage.find(id).family?.authorized else { return [] }
            return [concern(of: family)]
        case .signIn(let id, let account):
            let (all, isAll) = try await sessions(of: .account(account))
            let ended = all.filter { $0.ended(with: id, at: entry.at) }
                .compactMap { $0.family?.authorized }
            guard isAll, ended.count <= Self.maximumSessionsOfSignIn else {
                return try await person(account, of: ended, isAll: isAll, in: snapshot)
            }
            return ended.map(concern(of:))
        case .account(let account):
            let (all, isAll) = try await sessions(of: .account(account))
            let families = all.compactMap { $0.family?.authorized }
            return try await person(account, of: families, isAll: isAll, in: snapshot)
        case .consent(let account, let client):
            let (all, isAll) = try await sessions(of: .accountAtClient(account, client))
            let families = all.compactMap { $0.family?.authorized }
            return try await concerns(of: families, isAll: isAll, in: snapshot) { subject, client in
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

    /// A person, by each name that the APIs of these sessions know them by; and by the public one, if
    /// there are sessions that were not looked at.
    private func person(
        _ account: AccountID,
        of families: [AuthorizedFamily],
        isAll: Bool,
        in snapshot: Snapshot
    ) async throws -> [EndedSessionsConcern] {
        var people = try await concerns(of: families, isAll: isAll, in: snapshot) { subject, _ in
            .person(subject)
        }
        let known = EndedSessionsConcern(subject: .person(account.rawValue), audience: .every)
        if !isAll, !people.contains(known) { people.append(known) }
        return people
    }

    /// What ended of a person, by each name that an API knows them by.
    private func concerns(
        of families: [AuthorizedFamily],
        isAll: Bool,
        in snapshot: Snapshot,
        as subject: (String, ClientID) -> SessionRevokedClaims.Subject
    ) async throws -> [EndedSessionsConcern] {
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
    ) async throws(StorageError) -> (families: [FamilyView], isAll: Bool) {
        var families: [FamilyView] = []
        var cursor: FamilyID?
        while families.count < Self.maximumSessionsOfEnd {
            let page = try await storage.list(
                of: selection,
                before: cursor,
                limit: Self.sessionPage
            )
            families += page
            guard page.count == Self.sessionPage, let last = page.last?.family?.authorized.id else {
                return (families, true)
            }
            cursor = last
        }
        return (families, false)
    }
}

extension FamilyView {
    /// Whether its session ended with a sign-in. Not if it was over before: then it is told of by an
    /// entry of its own, or it has no tokens any more.
    fileprivate func ended(with signIn: SignInID, at instant: Instant) -> Bool {
        guard let family, let own = family.authorized.signIn, own.endsWithIt, own.id == signIn,
            family.authorized.absoluteEnd > instant
        else { return false }
        return ![family.state.ended, standing.end(of: family.authorized.epochs)]
            .contains { end in end?.at.map { $0 <= instant } ?? false }
    }
}
