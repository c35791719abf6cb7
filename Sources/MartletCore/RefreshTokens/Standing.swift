/// What an account, a client or a consent stands at: a random value that is replaced whenever
/// everything that hangs on it must end.
///
/// A family remembers the values that held when its user signed in and is dead as soon as one of
/// them differs, so ending a million families is one small write. Values are compared for equality
/// only, never counted, so undoing the cause (enabling an account again) revives nothing.
package struct Epoch: Sendable, Equatable, Codable {
    package let value: Int64
    package let changedAt: Instant
    /// Why it last changed; `nil` as long as it is the first.
    package let reason: EndReason?

    package init(value: Int64, changedAt: Instant, reason: EndReason?) {
        self.value = value
        self.changedAt = changedAt
        self.reason = reason
    }
}

/// The three epochs that a family was authorized under.
package struct FamilyEpochs: Sendable, Equatable {
    package let account: Int64
    package let client: Int64
    package let consent: Int64

    package init(account: Int64, client: Int64, consent: Int64) {
        self.account = account
        self.client = client
        self.consent = consent
    }
}

/// What a family hangs on, as the store holds it now: the epochs of its account, client and
/// consent, a missing one of something deleted, the browser's sign-in, and whether the store is the
/// one that the family was last rotated in.
package struct Standing: Sendable, Equatable {
    package let account: Epoch?
    package let client: Epoch?
    package let consent: Epoch?
    /// Whether the browser's sign-in that the family ends with goes on; true of families that end
    /// with none.
    package let isSignedIn: Bool
    /// What holds for older families since the store was recovered from a copy.
    package let restoration: Restoration?

    package init(
        account: Epoch?,
        client: Epoch?,
        consent: Epoch?,
        isSignedIn: Bool = true,
        restoration: Restoration? = nil
    ) {
        self.account = account
        self.client = client
        self.consent = consent
        self.isSignedIn = isSignedIn
        self.restoration = restoration
    }

    /// The end that a change of standing brought to families of these epochs; `nil` while they are
    /// in good standing.
    package func end(of epochs: FamilyEpochs) -> Ended? {
        Self.end(account, epochs.account, whenMissing: .accountDeleted)
            ?? Self.end(client, epochs.client, whenMissing: .clientDeleted)
            ?? Self.end(consent, epochs.consent, whenMissing: .consentWithdrawn)
            ?? (isSignedIn ? nil : Ended(reason: .signedOut, at: nil))
    }

    /// The epochs for a family that is made now; `nil` if something it needs is gone.
    package var epochs: FamilyEpochs? {
        guard let account, let client, let consent else { return nil }
        return FamilyEpochs(
            account: account.value,
            client: client.value,
            consent: consent.value
        )
    }

    private static func end(
        _ epoch: Epoch?,
        _ authorized: Int64,
        whenMissing: EndReason
    ) -> Ended? {
        guard let epoch else { return Ended(reason: whenMissing, at: nil) }
        guard epoch.value != authorized else { return nil }
        return Ended(reason: epoch.reason ?? whenMissing, at: epoch.changedAt)
    }
}

extension Standing {
    /// Of something that hangs on nothing: what a view of no family has.
    package static let nothing = Standing(account: nil, client: nil, consent: nil)
}
