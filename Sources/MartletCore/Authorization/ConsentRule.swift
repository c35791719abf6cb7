package import MartletProtocol

/// Whether the person must be asked before a client gets what it asks for.
///
/// | client and request | asked |
/// | --- | --- |
/// | it registered itself | always: nobody vouches for it |
/// | its redirect URI is on loopback or of a private scheme | always: any app on the device could use it (RFC 8252 §8.6) |
/// | `prompt=consent` | yes |
/// | the operator set `skip_consent` | no |
/// | all of the scope was consented to before | no |
/// | otherwise, `offline_access` (OIDC Core §11) like any other scope | yes |
package enum ConsentRule {
    package static func mustAsk(
        _ client: Client,
        redirect: RedirectURI?,
        scope: Scope,
        prompt: Set<Prompt>,
        remembered: Consent?
    ) -> Bool {
        if client.isSelfRegistered { return true }
        if let redirect, redirect.isLoopback || redirect.isPrivateScheme { return true }
        if prompt.contains(.consent) { return true }
        if client.metadata.skipConsent { return false }
        return !scope.isSubset(of: remembered?.scope ?? .none) || remembered == nil
    }
}

extension AuthorizationServer {
    /// What a consent answers for once it is on record.
    enum RecordedConsent: Sendable {
        /// The epochs that whatever comes of it is authorized under.
        case recorded(FamilyEpochs)
        /// The sign-in ended meanwhile.
        case signedOut
    }

    /// Puts on record that the signed-in person allows a client this scope: asked, or by
    /// `skip_consent`, which remembers no scope.
    func record(
        _ scope: Scope,
        of client: Stored<Client>,
        by person: SignedIn,
        wasAsked: Bool
    ) async throws -> RecordedConsent {
        let account = person.account.value.id
        let asked = wasAsked ? scope : .none
        guard let clientEpoch = client.epoch?.value else {
            throw StorageError.corrupt("client \(client.value.id) has no epoch")
        }
        let first = Consent(account: account, client: client.value.id, scope: asked)
        for _ in 0..<Directory.maximumAttempts {
            let known = try await storage.find(Consent.self, id: first.recordID).0
            guard let known, let epoch = known.epoch?.value else {
                guard try await create(first, by: person) else { return .signedOut }
                continue
            }
            guard try await widen(known, by: asked) else { continue }
            return .recorded(
                FamilyEpochs(
                    account: person.signIn.accountEpoch,
                    client: clientEpoch,
                    consent: epoch
                )
            )
        }
        throw StorageError.unavailable("the consent changes faster than it can be read")
    }

    /// Adds what was asked for to what is remembered; `false` if somebody was quicker.
    private func widen(_ known: Stored<Consent>, by asked: Scope) async throws -> Bool {
        guard let widened = known.value.scope.union(asked), widened != known.value.scope else {
            return true
        }
        var consent = known.value
        consent.scope = widened
        let event = AuditEvent.consentGiven(account: consent.account, client: consent.client)
        do {
            try await storage.save([.update(known, to: consent)], events: [event])
            return true
        } catch StorageError.conflict {
            return false
        }
    }

    /// Creates a first consent, if the sign-in that it rests on is still there; whether it is.
    private func create(_ consent: Consent, by person: SignedIn) async throws(StorageError) -> Bool
    {
        let record = StoredRecord(consent, epoch: newEpoch(nil))
        return try await storage.change(SignIn.key(person.signIn.id)) {
            entry,
            _ -> OneTimeChange<Bool> in
            guard entry != nil else { return OneTimeChange(answer: false) }
            return OneTimeChange(
                writes: [.create(record)],
                events: [.consentGiven(account: consent.account, client: consent.client)],
                answer: true
            )
        }
    }
}
