import MartletCore
import MartletProtocol

/// A session as it is told to an operator: whose it is, whether it lives, and its life so far.
struct SessionStory {
    let session: AuthorizationServer.Session
    /// The oldest first.
    let history: [AuditEntry]
    let now: Instant

    private var family: TokenFamily { session.family }

    var id: String { family.authorized.id.description }

    /// `the session 01… of the user “ann” at the client “mcl_…”`.
    var name: String {
        "the session \(id) of \(holder) at the client "
            + "“\(family.authorized.client.rawValue.printable)”"
    }

    private var holder: String {
        session.username.map { "the user “\($0.printable)”" }
            ?? "a deleted user (\(family.authorized.account.rawValue.printable))"
    }

    /// Whether it lives, why not, or until when.
    var standing: String {
        if let ended = session.ended {
            let when = ended.at.map { " \($0.told(at: now))" } ?? ""
            return "The session is over: it ended\(when) because \(ended.reason.explanation)."
        }
        let absolute = family.authorized.absoluteEnd
        guard session.idleEnd < absolute else {
            return "The session is live, until \(absolute.told(at: now)) whatever its use."
        }
        return "The session is live. Unused it ends \(session.idleEnd.told(at: now)); used or not, "
            + "\(absolute.told(at: now))."
    }

    /// How often it was refreshed, and when last.
    var use: String {
        guard family.authorized.secretHash != nil else {
            return "It came without a refresh token."
        }
        let last = family.state.lastRotation.told(at: now)
        switch family.state.generation.value {
        case 0 where family.state.lastRotation == family.authorized.madeAt:
            return "It was never refreshed."
        case 0: return "It was last refreshed \(last), with the same token each time."
        case 1: return "It was refreshed once, \(last)."
        case let count: return "It was refreshed \(count) times, last \(last)."
        }
    }

    var scope: String {
        let scope = family.authorized.scope
        let resources = family.authorized.resources.map(\.rawValue).joined(separator: ", ")
        let what = scope.isEmpty ? "No scope was granted" : "Granted: \(scope)"
        return resources.isEmpty ? "\(what)." : "\(what), for \(resources)."
    }

    /// One line for each thing that is known to have happened.
    var life: [String] {
        let events = history.map { $0.told(at: now) }
        guard let end = session.ended, !isToldByHistory(end) else { return events }
        let when = end.at.map { "\($0.told(at: now)): " } ?? ""
        return events + ["\(when)over, because \(end.reason.explanation)"]
    }

    /// Lifetimes and what ends many sessions at once leave no entry in a session's own history.
    private func isToldByHistory(_ end: Ended) -> Bool {
        history.contains { entry in
            switch entry.event {
            case .sessionEnded(_, _, _, let reason): reason == end.reason
            default: false
            }
        }
    }

    var json: JSONObject {
        let authorized = family.authorized
        var object = JSONObject()
        object["sid"] = .string(id)
        object[WireName.username] = session.username.json { .string($0) }
        object["sub"] = .string(authorized.account.rawValue)
        object[WireName.clientID] = .string(authorized.client.rawValue)
        object[WireName.scope] = .string(authorized.scope.description)
        object["resources"] = .array(authorized.resources.map { .string($0.rawValue) })
        object["live"] = .bool(session.ended == nil)
        object["ended_at"] = session.ended.flatMap(\.at).json(\.json)
        object["end_reason"] = session.ended.json { .string($0.reason.rawValue) }
        object["made_at"] = authorized.madeAt.json
        object["last_used_at"] = family.state.lastRotation.json
        object["generation"] = .integer(Int64(family.state.generation.value))
        object["has_refresh_token"] = .bool(authorized.secretHash != nil)
        object["idle_end"] = session.idleEnd.json
        object["absolute_end"] = authorized.absoluteEnd.json
        object["address"] = .string(authorized.origin.address)
        object["user_agent"] = .string(authorized.origin.userAgent)
        return object
    }

    var historyJSON: JSONValue { .array(history.map(\.json)) }
}

extension AuditEntry {
    /// When, and what.
    func told(at now: Instant) -> String {
        "\(at.told(at: now)): \(event.told)"
    }

    var json: JSONValue {
        let stored = event.stored
        var object = JSONObject()
        object["at"] = at.json
        object["event"] = .string(stored.name)
        for (name, value) in stored.particulars.sorted(by: { $0.key < $1.key }) {
            let isNumber = ["presented", "current"].contains(name)
            object[name] = isNumber ? Int64(value).json { .integer($0) } : .string(value)
        }
        return .object(object)
    }
}

extension AuditEvent {
    /// What happened, in a few words.
    fileprivate var told: String {
        switch self {
        case .sessionMade(_, _, _, let origin): "the user signed in, from \(origin.told)"
        case .newAddress(_, _, _, let origin): "first used from another address, \(origin.told)"
        case .reuseDetected(_, _, _, let kind, let presented, let current, let origin):
            "a refresh token was used twice, from \(origin.told): number \(presented) was "
                + "presented when number \(current) was the newest (\(kind.told))"
        case .sessionEnded(_, _, _, let reason): "over, because \(reason.explanation)"
        case .accountCreated: "the account was made"
        case .accountUpdated: "the account's name, e-mail address or profile was changed"
        case .signedIn(_, let origin): "a browser signed in, from \(origin.told)"
        case .signedOut: "the user signed out of a browser"
        case .consentGiven(_, let client): "the user allowed \(client.rawValue.printable) something"
        case .consentWithdrawn(_, let client):
            "the user took back what \(client.rawValue.printable) was allowed"
        case .accountSessionsEnded(_, let reason):
            "all sessions of the account ended, because \(reason.explanation)"
        case .accountEnabled: "the account was enabled"
        case .clientCreated: "the client was registered"
        case .clientUpdated: "the client was changed"
        case .clientSecretRotated: "the client got another secret"
        case .clientRegistered(_, _, let origin):
            "the client registered itself, from \(origin.told)"
        case .clientUpdatedItself(_, let origin):
            "the client changed itself, from \(origin.told)"
        case .clientDeletedItself(_, let origin):
            "the client deleted itself, from \(origin.told)"
        case .clientRemovedUnused: "the client was removed, because nobody used it"
        case .registrationTokenCreated(let id):
            "the registration token \(id.rawValue.printable) was made"
        case .registrationTokenRevoked(let id):
            "the registration token \(id.rawValue.printable) was revoked"
        case .clientSessionsEnded(_, let reason):
            "all sessions of the client ended, because \(reason.explanation)"
        case .resourceChanged(let resource):
            "the resource \(resource.rawValue.printable) was changed"
        case .resourceDeleted(let resource):
            "the resource \(resource.rawValue.printable) was deleted"
        case .keysRotated(.scheduled): "keys were rotated"
        case .keysRotated(.compromised): "keys were dropped as compromised"
        case .storeRecovered: "the store was put back into service"
        }
    }
}

extension Rotation.Reuse {
    fileprivate var told: String {
        switch self {
        case .parallelUse: "moments after the other use: two tabs or a retry, most likely"
        case .afterRepeat: "after it had been handed out twice: somebody keeps a copy"
        case .olderGeneration: "long superseded: somebody keeps a copy"
        case .afterRestoration: "newer than the one that was used since the server was restored"
        }
    }
}

extension Origin {
    fileprivate var told: String {
        let address = address.isEmpty ? "an unknown address" : address.printable
        return userAgent.isEmpty ? address : "\(address) with \(userAgent.printable)"
    }
}
