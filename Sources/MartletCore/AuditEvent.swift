/// Every security event is one case: what the history of an account, a session or the server is
/// made of.
///
/// History is bounded. Routine rotations are no events, and a family writes at most its making,
/// one new address, its first reuse and its end. What strangers can cause is counted, not written.
package enum AuditEvent: Sendable, Equatable {
    case sessionMade(FamilyID, account: AccountID, client: ClientID, origin: Origin)
    /// A refresh came from an address other than the login's, for the first time.
    case newAddress(FamilyID, account: AccountID, client: ClientID, origin: Origin)
    case reuseDetected(
        FamilyID,
        account: AccountID,
        client: ClientID,
        kind: Rotation.Reuse,
        presented: Generation,
        current: Generation,
        origin: Origin
    )
    case sessionEnded(FamilyID, account: AccountID, client: ClientID, reason: EndReason)
    case accountCreated(AccountID)
    /// A browser signed in with the account's password.
    case signedIn(AccountID, origin: Origin)
    /// The person signed out of a browser; what was to end with it ended.
    case signedOut(AccountID, origin: Origin)
    /// The account allowed a client something, or more than before.
    case consentGiven(account: AccountID, client: ClientID)
    /// The account took it back: everything of that client's for it ended.
    case consentWithdrawn(account: AccountID, client: ClientID)
    /// Name, e-mail address or profile changed; nothing ended.
    case accountUpdated(AccountID)
    /// Everything under the account's epoch ended.
    case accountSessionsEnded(AccountID, reason: EndReason)
    case accountEnabled(AccountID)
    case clientCreated(ClientID)
    case clientUpdated(ClientID)
    case clientSecretRotated(ClientID)
    /// Everything under the client's epoch ended.
    case clientSessionsEnded(ClientID, reason: EndReason)
    /// A client registered itself, with an initial access token or without.
    case clientRegistered(ClientID, token: RegistrationTokenID?, origin: Origin)
    case clientUpdatedItself(ClientID, origin: Origin)
    case clientDeletedItself(ClientID, origin: Origin)
    /// A client that registered itself and that nobody ever used was taken away.
    case clientRemovedUnused(ClientID)
    case registrationTokenCreated(RegistrationTokenID)
    case registrationTokenRevoked(RegistrationTokenID)
    case resourceChanged(ResourceID)
    case resourceDeleted(ResourceID)
    case keysRotated(KeyRotation)
    /// The store was put back into service.
    case storeRecovered(Recovery)
}

/// What became of the sessions of a store that was recovered.
package enum Recovery: String, Sendable, Codable, CaseIterable {
    /// All of them ended.
    case endSessions = "end_sessions"
    /// Those of clients that authenticate go on once they confirm it (``Restoration``).
    case acceptAhead = "accept_ahead"
    /// Those of every client go on once anybody confirms it.
    case acceptAheadFromEverybody = "accept_ahead_from_everybody"
    /// All of them go on: what it was moved to was never in service.
    case moveUndone = "move_undone"
}

/// How keys were rotated.
package enum KeyRotation: String, Sendable, Codable {
    /// The next key takes over when everybody can know it; old ones stay good for their tokens.
    case scheduled
    /// Old keys are dropped now, and what they signed or tagged with them.
    case compromised
}

/// An event as the log holds it.
package struct AuditEntry: Sendable, Equatable {
    package let at: Instant
    package let event: AuditEvent

    package init(at: Instant, event: AuditEvent) {
        self.at = at
        self.event = event
    }
}
