/// An event laid out for a store: what it is found by, its name, and its particulars.
package struct StoredEvent: Sendable, Equatable {
    package let name: String
    package let family: FamilyID?
    package let account: AccountID?
    package let client: ClientID?
    /// The rest, by name; at most a handful of short strings.
    package let particulars: [String: String]

    package init(
        name: String,
        family: FamilyID?,
        account: AccountID?,
        client: ClientID?,
        particulars: [String: String]
    ) {
        self.name = name
        self.family = family
        self.account = account
        self.client = client
        self.particulars = particulars
    }
}

extension AuditEvent {
    /// The event laid out for a store. The names never change.
    package var stored: StoredEvent {
        switch self {
        case .sessionMade(let family, let account, let client, let origin):
            StoredEvent(
                name: "session_made",
                family: family,
                account: account,
                client: client,
                particulars: origin.particulars
            )
        case .newAddress(let family, let account, let client, let origin):
            StoredEvent(
                name: "new_address",
                family: family,
                account: account,
                client: client,
                particulars: origin.particulars
            )
        case .reuseDetected(
            let family,
            let account,
            let client,
            let kind,
            let presented,
            let current,
            let origin
        ):
            StoredEvent(
                name: "reuse_detected",
                family: family,
                account: account,
                client: client,
                particulars: origin.particulars.merging(
                    [
                        "kind": kind.rawValue, "presented": presented.description,
                        "current": current.description,
                    ],
                    uniquingKeysWith: { $1 }
                )
            )
        case .sessionEnded(let family, let account, let client, let reason):
            StoredEvent(
                name: "session_ended",
                family: family,
                account: account,
                client: client,
                particulars: ["reason": reason.rawValue]
            )
        case .accountCreated(let account):
            StoredEvent(
                name: "account_created",
                family: nil,
                account: account,
                client: nil,
                particulars: [:]
            )
        case .accountUpdated(let account):
            StoredEvent(
                name: "account_updated",
                family: nil,
                account: account,
                client: nil,
                particulars: [:]
            )
        case .signedIn(let account, let origin):
            StoredEvent(
                name: "signed_in",
                family: nil,
                account: account,
                client: nil,
                particulars: origin.particulars
            )
        case .signedOut(let account, let origin):
            StoredEvent(
                name: "signed_out",
                family: nil,
                account: account,
                client: nil,
                particulars: origin.particulars
            )
        case .consentGiven(let account, let client):
            StoredEvent(
                name: "consent_given",
                family: nil,
                account: account,
                client: client,
                particulars: [:]
            )
        case .consentWithdrawn(let account, let client):
            StoredEvent(
                name: "consent_withdrawn",
                family: nil,
                account: account,
                client: client,
                particulars: [:]
            )
        case .accountSessionsEnded(let account, let reason):
            StoredEvent(
                name: "account_sessions_ended",
                family: nil,
                account: account,
                client: nil,
                particulars: ["reason": reason.rawValue]
            )
        case .accountEnabled(let account):
            StoredEvent(
                name: "account_enabled",
                family: nil,
                account: account,
                client: nil,
                particulars: [:]
            )
        case .clientCreated(let client):
            StoredEvent(
                name: "client_created",
                family: nil,
                account: nil,
                client: client,
                particulars: [:]
            )
        case .clientUpdated(let client):
            StoredEvent(
                name: "client_updated",
                family: nil,
                account: nil,
                client: client,
                particulars: [:]
            )
        case .clientSecretRotated(let client):
            StoredEvent(
                name: "client_secret_rotated",
                family: nil,
                account: nil,
                client: client,
                particulars: [:]
            )
        case .clientSessionsEnded(let client, let reason):
            StoredEvent(
                name: "client_sessions_ended",
                family: nil,
                account: nil,
                client: client,
                particulars: ["reason": reason.rawValue]
            )
        case .clientRegistered(let client, let token, let origin):
            StoredEvent(
                name: "client_registered",
                family: nil,
                account: nil,
                client: client,
                particulars: origin.particulars.merging(
                    token.map { ["token": $0.rawValue] } ?? [:],
                    uniquingKeysWith: { $1 }
                )
            )
        case .clientUpdatedItself(let client, let origin):
            StoredEvent(
                name: "client_updated_itself",
                family: nil,
                account: nil,
                client: client,
                particulars: origin.particulars
            )
        case .clientDeletedItself(let client, let origin):
            StoredEvent(
                name: "client_deleted_itself",
                family: nil,
                account: nil,
                client: client,
                particulars: origin.particulars
            )
        case .clientRemovedUnused(let client):
            StoredEvent(
                name: "client_removed_unused",
                family: nil,
                account: nil,
                client: client,
                particulars: [:]
            )
        case .registrationTokenCreated(let token):
            StoredEvent(
                name: "registration_token_created",
                family: nil,
                account: nil,
                client: nil,
                particulars: ["token": token.rawValue]
            )
        case .registrationTokenRevoked(let token):
            StoredEvent(
                name: "registration_token_revoked",
                family: nil,
                account: nil,
                client: nil,
                particulars: ["token": token.rawValue]
            )
        case .resourceChanged(let resource):
            StoredEvent(
                name: "resource_changed",
                family: nil,
                account: nil,
                client: nil,
                particulars: ["resource": resource.rawValue]
            )
        case .resourceDeleted(let resource):
            StoredEvent(
                name: "resource_deleted",
                family: nil,
                account: nil,
                client: nil,
                particulars: ["resource": resource.rawValue]
            )
        case .keysRotated(let how):
            StoredEvent(
                name: "keys_rotated",
                family: nil,
                account: nil,
                client: nil,
                particulars: ["how": how.rawValue]
            )
        case .storeRecovered(let how):
            StoredEvent(
                name: "store_recovered",
                family: nil,
                account: nil,
                client: nil,
                particulars: ["how": how.rawValue]
            )
        }
    }

    /// Reads what ``stored`` laid out; `nil` for an event that this version does not know.
    package init?(_ stored: StoredEvent) {
        let particulars = stored.particulars
        let reason = particulars["reason"].flatMap(EndReason.init)
        let resource = particulars["resource"].map(ResourceID.init)
        let token = particulars["token"].map(RegistrationTokenID.init)
        switch (stored.name, stored.family, stored.account, stored.client) {
        case ("session_made", let family?, let account?, let client?):
            self = .sessionMade(
                family,
                account: account,
                client: client,
                origin: Origin(particulars)
            )
        case ("new_address", let family?, let account?, let client?):
            self = .newAddress(
                family,
                account: account,
                client: client,
                origin: Origin(particulars)
            )
        case ("reuse_detected", let family?, let account?, let client?):
            guard let kind = particulars["kind"].flatMap(Rotation.Reuse.init),
                let presented = particulars["presented"].flatMap({ UInt32($0) }),
                let current = particulars["current"].flatMap({ UInt32($0) })
            else { return nil }
            self = .reuseDetected(
                family,
                account: account,
                client: client,
                kind: kind,
                presented: Generation(presented),
                current: Generation(current),
                origin: Origin(particulars)
            )
        case ("session_ended", let family?, let account?, let client?):
            guard let reason else { return nil }
            self = .sessionEnded(family, account: account, client: client, reason: reason)
        case ("account_created", nil, let account?, nil):
            self = .accountCreated(account)
        case ("account_updated", nil, let account?, nil):
            self = .accountUpdated(account)
        case ("signed_in", nil, let account?, nil):
            self = .signedIn(account, origin: Origin(particulars))
        case ("signed_out", nil, let account?, nil):
            self = .signedOut(account, origin: Origin(particulars))
        case ("consent_given", nil, let account?, let client?):
            self = .consentGiven(account: account, client: client)
        case ("consent_withdrawn", nil, let account?, let client?):
            self = .consentWithdrawn(account: account, client: client)
        case ("account_sessions_ended", nil, let account?, nil):
            guard let reason else { return nil }
            self = .accountSessionsEnded(account, reason: reason)
        case ("account_enabled", nil, let account?, nil):
            self = .accountEnabled(account)
        case ("client_created", nil, nil, let client?):
            self = .clientCreated(client)
        case ("client_updated", nil, nil, let client?):
            self = .clientUpdated(client)
        case ("client_secret_rotated", nil, nil, let client?):
            self = .clientSecretRotated(client)
        case ("client_sessions_ended", nil, nil, let client?):
            guard let reason else { return nil }
            self = .clientSessionsEnded(client, reason: reason)
        case ("client_registered", nil, nil, let client?):
            self = .clientRegistered(client, token: token, origin: Origin(particulars))
        case ("client_updated_itself", nil, nil, let client?):
            self = .clientUpdatedItself(client, origin: Origin(particulars))
        case ("client_deleted_itself", nil, nil, let client?):
            self = .clientDeletedItself(client, origin: Origin(particulars))
        case ("client_removed_unused", nil, nil, let client?):
            self = .clientRemovedUnused(client)
        case ("registration_token_created", nil, nil, nil):
            guard let token else { return nil }
            self = .registrationTokenCreated(token)
        case ("registration_token_revoked", nil, nil, nil):
            guard let token else { return nil }
            self = .registrationTokenRevoked(token)
        case ("resource_changed", nil, nil, nil):
            guard let resource else { return nil }
            self = .resourceChanged(resource)
        case ("resource_deleted", nil, nil, nil):
            guard let resource else { return nil }
            self = .resourceDeleted(resource)
        case ("keys_rotated", nil, nil, nil):
            guard let how = particulars["how"].flatMap(KeyRotation.init) else { return nil }
            self = .keysRotated(how)
        case ("store_recovered", nil, nil, nil):
            guard let how = particulars["how"].flatMap(Recovery.init) else { return nil }
            self = .storeRecovered(how)
        default: return nil
        }
    }
}

extension Origin {
    fileprivate var particulars: [String: String] {
        ["address": address, "user_agent": userAgent]
    }

    fileprivate init(_ particulars: [String: String]) {
        self.init(
            address: particulars["address"] ?? "",
            userAgent: particulars["user_agent"] ?? ""
        )
    }
}
