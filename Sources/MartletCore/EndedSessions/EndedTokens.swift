import MartletProtocol

/// Which tokens an event ended, long before they expire: an entry of the ``EndLog``, from which APIs
/// that verify access tokens by themselves are told.
///
/// Ending many sessions is one entry, as it is one epoch. Lifetimes that run out are no entries: no
/// access token outlives its session.
package enum EndedTokens: Sendable, Equatable {
    /// Those of one session.
    case session(FamilyID)
    /// Those of the sessions that were to last as long as a browser's sign-in.
    case signIn(SignInID, of: AccountID)
    /// Those of every session of an account.
    case account(AccountID)
    /// Those of every session of an account at one client.
    case consent(AccountID, ClientID)
    /// Those of every session of a client. What it was given in its own name goes on.
    case sessions(ofClient: ClientID)
    /// All that a client ever had.
    case client(ClientID)
    /// One access token, for whoever it is: its `jti` was denied (RFC 7009).
    case accessToken(String, audience: [String])
    /// Every token that this server ever issued.
    case everything
    /// Nothing itself: nobody knows what ended before this entry. The store was filled from another,
    /// or goes on from a copy, and the log with the other ends is not here.
    case unknown
}

extension AuditEvent {
    /// What ended with the event, for the store to put into the ``EndLog`` in the same commit; so no
    /// story can end something and forget to tell.
    package var endedTokens: EndedTokens? {
        switch self {
        case .sessionEnded(let family, _, _, _): .session(family)
        case .accountSessionsEnded(let account, _): .account(account)
        case .consentWithdrawn(let account, let client): .consent(account, client)
        case .clientSessionsEnded(let client, .clientDeleted): .client(client)
        case .clientSessionsEnded(let client, _): .sessions(ofClient: client)
        case .clientDeletedItself(let client, _): .client(client)
        case .keysRotated(.compromised), .storeRecovered(.endSessions): .everything
        // What ended after the copy was made is not in it.
        case .storeRecovered(.acceptAhead), .storeRecovered(.acceptAheadFromEverybody): .unknown
        // Its end is an event of its own.
        case .reuseDetected: nil
        // Which sign-in it was goes with the step (``Write/end(_:)``).
        case .signedOut: nil
        case .sessionMade, .newAddress, .accountCreated, .signedIn, .consentGiven,
            .accountUpdated, .accountEnabled, .clientCreated, .clientUpdated,
            .clientSecretRotated, .clientRegistered, .clientUpdatedItself, .clientRemovedUnused,
            .registrationTokenCreated, .registrationTokenRevoked, .resourceChanged,
            .resourceDeleted, .keysRotated(.scheduled), .storeRecovered(.moveUndone):
            nil
        }
    }
}

// MARK: - As a store keeps it

extension EndedTokens {
    private enum Kind: String {
        case session, account, consent, client, everything, unknown
        case signIn = "sign_in"
        case clientSessions = "client_sessions"
        case accessToken = "denied_token"
    }

    /// JSON, which only the core reads. The names never change.
    package var body: [UInt8] {
        var object = JSONObject()
        object["kind"] = .string(kind.rawValue)
        switch self {
        case .session(let family): object["session"] = .string(family.description)
        case .signIn(let signIn, let account):
            object["sign_in"] = .string(signIn.rawValue)
            object["account"] = .string(account.rawValue)
        case .account(let account): object["account"] = .string(account.rawValue)
        case .consent(let account, let client):
            object["account"] = .string(account.rawValue)
            object["client"] = .string(client.rawValue)
        case .sessions(let client), .client(let client):
            object["client"] = .string(client.rawValue)
        case .accessToken(let id, let audience):
            object["id"] = .string(id)
            object["audience"] = .array(audience.map { .string($0) })
        case .everything, .unknown: break
        }
        return JSONValue.object(object).encoded()
    }

    private var kind: Kind {
        switch self {
        case .session: .session
        case .signIn: .signIn
        case .account: .account
        case .consent: .consent
        case .sessions: .clientSessions
        case .client: .client
        case .accessToken: .accessToken
        case .everything: .everything
        case .unknown: .unknown
        }
    }

    /// Reads what ``body`` wrote.
    package init(body: [UInt8]) throws(StorageError) {
        guard let read = Self.read(body) else { throw .corrupt("an entry of the end log") }
        self = read
    }

    private static func read(_ body: [UInt8]) -> EndedTokens? {
        guard let object = (try? JSONValue(parsing: body))?.object,
            let kind = object["kind"]?.string.flatMap(Kind.init)
        else { return nil }
        let account = object["account"]?.string.map(AccountID.init(rawValue:))
        let client = object["client"]?.string.map(ClientID.init(rawValue:))
        switch kind {
        case .session:
            return object["session"]?.string.flatMap { FamilyID($0) }.map { .session($0) }
        case .signIn:
            guard let signIn = object["sign_in"]?.string, let account else { return nil }
            return .signIn(SignInID(rawValue: signIn), of: account)
        case .account: return account.map { .account($0) }
        case .consent:
            guard let account, let client else { return nil }
            return .consent(account, client)
        case .clientSessions: return client.map { .sessions(ofClient: $0) }
        case .client: return client.map { .client($0) }
        case .accessToken:
            guard let id = object["id"]?.string, let audience = object["audience"]?.array else {
                return nil
            }
            return .accessToken(id, audience: audience.compactMap(\.string))
        case .everything: return .everything
        case .unknown: return .unknown
        }
    }
}
