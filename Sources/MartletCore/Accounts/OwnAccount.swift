package import MartletProtocol

/// What a signed-in person sees of their own account: sessions, apps, history.
///
/// Everything is narrowed to the account of the sign-in. What a form names is looked up among what
/// is the account's own, never anywhere else (`OwnAccount+Changes.swift`).
package struct OwnAccount: Sendable {
    /// How much of a list is shown at a time.
    package static let longestList = 50
    /// Sessions that are over are passed over; so many pages of the store's are looked at for one
    /// of ours.
    static let scannedPages = 10
    /// How far back the history can be leafed through: it is for recent worries, and each page of
    /// it reads all before it.
    static let historyPages = 20

    let server: AuthorizationServer
    package let person: AuthorizationServer.SignedIn

    package init(server: AuthorizationServer, person: AuthorizationServer.SignedIn) {
        self.server = server
        self.person = person
    }

    var id: AccountID { person.account.value.id }

    /// Whether the person can choose another password here: one that stands in the configuration
    /// file would be back at the next start.
    package var choosesPassword: Bool { person.account.value.managedBy == .operator }

    /// Where a list goes on.
    package struct Position: Sendable {
        package var sessions: FamilyID?
        package var apps: ClientID?
        /// From 0.
        package var historyPage: Int

        package init(sessions: FamilyID? = nil, apps: ClientID? = nil, historyPage: Int = 0) {
            self.sessions = sessions
            self.apps = apps
            self.historyPage = min(max(0, historyPage), OwnAccount.historyPages - 1)
        }
    }

    /// All that the page shows, and where each list goes on; `nil` if that was all of it.
    package struct Overview: Sendable {
        package let sessions: [Session]
        package let nextSessions: FamilyID?
        package let apps: [App]
        package let nextApps: ClientID?
        package let history: [Entry]
        package let nextHistoryPage: Int?
    }

    /// A session that lives.
    package struct Session: Sendable, Equatable {
        package let id: FamilyID
        package let app: String
        package let origin: Origin
        package let startedAt: Instant
        package let lastUsedAt: Instant
        /// When it will be over if nobody uses it.
        package let end: Instant
        /// Whether it came from the sign-in of this very browser.
        package let isThisBrowser: Bool
    }

    /// An app that was allowed something.
    package struct App: Sendable, Equatable {
        package let client: ClientID
        package let name: String
        package let uri: String?
        package let scope: Scope
        package let since: Instant
    }

    /// A security event, as it concerns the person.
    package struct Entry: Sendable, Equatable {
        package let at: Instant
        package let kind: Kind
        /// Where it came from, of events that came from somewhere.
        package let origin: Origin?

        package enum Kind: Sendable, Equatable {
            case accountCreated
            case accountUpdated
            case accountEnabled
            /// A browser signed in or out here.
            case signedIn
            case signedOut
            case sessionMade(app: String)
            case newAddress(app: String)
            case reuseDetected(app: String)
            case sessionEnded(app: String, EndReason)
            case allSessionsEnded(EndReason)
            case consentGiven(app: String)
            case consentWithdrawn(app: String)
        }
    }

    /// What the page shows.
    package func overview(from position: Position, at now: Instant) async throws -> Overview {
        try await server.directory.consultCurrent { snapshot in
            let sessions = try await liveSessions(before: position.sessions, in: snapshot, at: now)
            let apps = try await apps(after: position.apps, in: snapshot)
            let history = try await history(page: position.historyPage, in: snapshot)
            return Overview(
                sessions: sessions.shown,
                nextSessions: sessions.next,
                apps: apps.shown,
                nextApps: apps.next,
                history: history.shown,
                nextHistoryPage: history.next
            )
        }
    }
}

// MARK: - Sessions

extension OwnAccount {
    private func liveSessions(
        before cursor: FamilyID?,
        in snapshot: Snapshot,
        at now: Instant
    ) async throws -> (shown: [Session], next: FamilyID?) {
        var shown: [Session] = []
        var cursor = cursor
        let size = AuthorizationServer.sessionPage
        for _ in 0..<Self.scannedPages {
            let page = try await server.storage.list(of: .account(id), before: cursor, limit: size)
            for view in page {
                guard let family = view.family else { continue }
                if shown.count == Self.longestList { return (shown, shown.last?.id) }
                let client = try await snapshot.client(family.authorized.client)?.value
                if let session = session(family, view.standing, client, at: now) {
                    shown.append(session)
                }
            }
            guard page.count == size else { return (shown, nil) }
            cursor = page.last?.family?.authorized.id ?? cursor
        }
        return (shown, cursor)
    }

    /// The session as a person sees it; `nil` if it is over.
    private func session(
        _ family: TokenFamily,
        _ standing: Standing,
        _ client: Client?,
        at now: Instant
    ) -> Session? {
        guard let client else { return nil }
        let policy = server.policy(of: client, for: family.authorized)
        let authorized = family.authorized
        // Without a refresh token, it is what its access token lives.
        let idle =
            authorized.secretHash == nil
            ? server.accessTokenLifetime(of: client) : policy.idleLifetime
        let end = min(family.state.lastRotation + idle, authorized.absoluteEnd)
        guard family.end(under: policy, standing: standing, at: now) == nil, now < end else {
            return nil
        }
        return Session(
            id: authorized.id,
            app: client.shownName,
            origin: authorized.origin,
            startedAt: authorized.madeAt,
            lastUsedAt: family.state.lastRotation,
            end: end,
            isThisBrowser: authorized.signIn?.id == person.signIn.id
        )
    }
}

// MARK: - Apps

extension OwnAccount {
    private func apps(
        after cursor: ClientID?,
        in snapshot: Snapshot
    ) async throws -> (shown: [App], next: ClientID?) {
        var shown: [App] = []
        var cursor = cursor.map { Consent.recordID(account: id, client: $0) }
        while true {
            let page = try await server.storage.list(
                .consent,
                owner: id.rawValue,
                after: cursor,
                limit: Self.longestList
            ).records
            for record in page {
                let stored = try Stored<Consent>(record)
                // A client that is deleted holds nothing any more.
                guard let client = try await snapshot.client(stored.value.client)?.value else {
                    continue
                }
                if shown.count == Self.longestList { return (shown, shown.last?.client) }
                shown.append(
                    App(
                        client: client.id,
                        name: client.shownName,
                        uri: client.metadata.clientURI,
                        scope: stored.value.scope,
                        since: try stored.since
                    )
                )
            }
            guard page.count == Self.longestList else { return (shown, nil) }
            cursor = page.last?.id
        }
    }
}

// MARK: - History

extension OwnAccount {
    private func history(
        page: Int,
        in snapshot: Snapshot
    ) async throws -> (shown: [Entry], next: Int?) {
        let before = page * Self.longestList
        let entries = try await server.storage.events(
            of: .account(id),
            limit: before + Self.longestList + 1
        ).dropFirst(before)
        var shown: [Entry] = []
        for entry in entries.prefix(Self.longestList) {
            guard let kind = try await kind(of: entry.event, in: snapshot) else { continue }
            shown.append(Entry(at: entry.at, kind: kind, origin: entry.event.origin))
        }
        let isMore = entries.count > Self.longestList && page + 1 < Self.historyPages
        return (shown, isMore ? page + 1 : nil)
    }

    /// What an event is to the person; `nil` for one that is about a client or the server.
    private func kind(
        of event: AuditEvent,
        in snapshot: Snapshot
    ) async throws -> Entry.Kind? {
        switch event {
        case .accountCreated: return .accountCreated
        case .accountUpdated: return .accountUpdated
        case .accountEnabled: return .accountEnabled
        case .signedIn: return .signedIn
        case .signedOut: return .signedOut
        case .sessionMade(_, _, let client, _):
            return .sessionMade(app: try await name(of: client, in: snapshot))
        case .newAddress(_, _, let client, _):
            return .newAddress(app: try await name(of: client, in: snapshot))
        case .reuseDetected(_, _, let client, _, _, _, _):
            return .reuseDetected(app: try await name(of: client, in: snapshot))
        case .sessionEnded(_, _, let client, let reason):
            return .sessionEnded(app: try await name(of: client, in: snapshot), reason)
        case .accountSessionsEnded(_, let reason): return .allSessionsEnded(reason)
        case .consentGiven(_, let client):
            return .consentGiven(app: try await name(of: client, in: snapshot))
        case .consentWithdrawn(_, let client):
            return .consentWithdrawn(app: try await name(of: client, in: snapshot))
        case .clientCreated, .clientUpdated, .clientSecretRotated, .clientSessionsEnded,
            .clientRegistered, .clientUpdatedItself, .clientDeletedItself, .clientRemovedUnused,
            .registrationTokenCreated, .registrationTokenRevoked, .resourceChanged,
            .resourceDeleted, .keysRotated, .storeRecovered:
            return nil
        }
    }

    private func name(of client: ClientID, in snapshot: Snapshot) async throws -> String {
        try await snapshot.client(client)?.value.shownName ?? client.rawValue
    }
}

extension Client {
    /// What people call it.
    package var shownName: String { metadata.name ?? id.rawValue }
}

extension AuditEvent {
    /// Where it came from, of events that came from somewhere.
    var origin: Origin? {
        switch self {
        case .sessionMade(_, _, _, let origin), .newAddress(_, _, _, let origin),
            .reuseDetected(_, _, _, _, _, _, let origin), .signedIn(_, let origin),
            .signedOut(_, let origin), .clientRegistered(_, _, let origin),
            .clientUpdatedItself(_, let origin), .clientDeletedItself(_, let origin):
            origin
        case .sessionEnded, .accountCreated, .consentGiven, .consentWithdrawn, .accountUpdated,
            .accountSessionsEnded, .accountEnabled, .clientCreated, .clientUpdated,
            .clientSecretRotated, .clientSessionsEnded, .clientRemovedUnused,
            .registrationTokenCreated, .registrationTokenRevoked, .resourceChanged,
            .resourceDeleted, .keysRotated, .storeRecovered:
            nil
        }
    }
}
