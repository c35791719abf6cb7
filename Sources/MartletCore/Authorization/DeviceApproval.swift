package import MartletProtocol

/// What a person says to a device.
package enum DeviceDecision: Sendable, Equatable {
    case allow
    case deny
}

/// A device that waits, as the person is asked about it.
package struct WaitingDevice: Sendable {
    package let userCode: UserCode
    package let client: Client
    package let scope: Scope
    package let resources: [ResourceID]
    /// Where the device asked from.
    package let origin: Origin
}

/// What is behind a code that a person entered.
package enum DeviceLookup: Sendable {
    case waiting(WaitingDevice)
    /// No device waits with this code: never, not any more, or it was answered.
    case unknown
    case tooManyAttempts
}

/// What came of a person's answer.
package enum DeviceAnswer: Sendable {
    case done(DeviceDecision, Client)
    case unknown
    case tooManyAttempts
    /// The sign-in ended meanwhile.
    case signedOut
}

/// The person's side of a device's request (RFC 8628 §3.3). Codes can be guessed, so attempts are
/// counted before anything is looked up; a code that is right counts for nobody, and forgives no
/// wrong ones: else somebody with a device of their own could guess on between two right codes.
extension AuthorizationServer {
    /// Who waits behind the code that a person entered.
    package func waitingDevice(
        _ typed: String,
        for person: SignedIn,
        from origin: Origin,
        at now: Instant
    ) async throws -> DeviceLookup {
        switch try await device(typed, for: person, from: origin, at: now) {
        case .unknown: return .unknown
        case .tooManyAttempts: return .tooManyAttempts
        case .found(let code, _, let client):
            guard code.answering(by: person.account.value.id, at: now) == .open else {
                return .unknown
            }
            return .waiting(
                WaitingDevice(
                    userCode: code.userCode,
                    client: client.value,
                    scope: code.scope,
                    resources: code.resources,
                    origin: code.origin
                )
            )
        }
    }

    /// Lets a device in, or turns it away.
    ///
    /// What the person allows goes on record as their consent, self-registered client or not: the
    /// page has asked. The approval itself is one atomic step on the device's code.
    package func answerDevice(
        _ typed: String,
        with decision: DeviceDecision,
        by person: SignedIn,
        from origin: Origin,
        at now: Instant
    ) async throws -> DeviceAnswer {
        let account = person.account.value.id
        switch try await device(typed, for: person, from: origin, at: now) {
        case .unknown: return .unknown
        case .tooManyAttempts: return .tooManyAttempts
        case .found(let code, let key, let client):
            switch code.answering(by: account, at: now) {
            case .over: return .unknown
            case .answered(decision): return .done(decision, client.value)
            case .answered: return .unknown
            case .open: break
            }
            let status: DeviceCode.Status
            switch decision {
            case .deny: status = .denied
            case .allow:
                let recorded = try await record(
                    code.scope,
                    of: client,
                    by: person,
                    wasAsked: true
                )
                guard case .recorded(let epochs) = recorded else { return .signedOut }
                status = .approved(
                    DeviceCode.Approval(
                        account: account,
                        epochs: epochs,
                        authentication: person.signIn.authentication
                    )
                )
            }
            let isDone = try await decide(code, under: key, status, by: account, as: decision)
            return isDone ? .done(decision, client.value) : .unknown
        }
    }

    private enum FoundDevice {
        case found(DeviceCode, OneTimeKey, Stored<Client>)
        case unknown
        case tooManyAttempts
    }

    private func device(
        _ typed: String,
        for person: SignedIn,
        from origin: Origin,
        at now: Instant
    ) async throws -> FoundDevice {
        guard let userCode = UserCode(typed: typed) else { return .unknown }
        let name = person.account.value.id.rawValue
        let address = origin.address
        guard userCodeGuesses.begin(name: name, address: address, at: now, known: false) else {
            notice(.userCodesLimited)
            return .tooManyAttempts
        }
        do {
            guard let (code, key) = try await deviceCode(behind: userCode) else { return .unknown }
            userCodeGuesses.takeBack(name: name, address: address, at: now, known: false)
            let client = try await directory.consultCurrent { snapshot in
                try await snapshot.client(code.client)
            }
            guard let client, client.value.may(.deviceCode) else { return .unknown }
            return .found(code, key, client)
        } catch {
            userCodeGuesses.takeBack(name: name, address: address, at: now, known: false)
            throw error
        }
    }

    private func deviceCode(
        behind userCode: UserCode
    ) async throws(StorageError) -> (DeviceCode, OneTimeKey)? {
        guard let way = try await storage.find(userCode.key) else { return nil }
        let key = OneTimeKey(.deviceCode, try RecordBody(way).string("leads_to"))
        guard let entry = try await storage.find(key) else { return nil }
        return (try DeviceCode(entry), key)
    }

    /// The one atomic step; whether the device is now as this person said.
    private func decide(
        _ code: DeviceCode,
        under key: OneTimeKey,
        _ status: DeviceCode.Status,
        by account: AccountID,
        as decision: DeviceDecision
    ) async throws(StorageError) -> Bool {
        let before = code.entry(key)
        let after = code.with(status).entry(key)
        return try await storage.change(key) { entry, now -> OneTimeChange<Bool> in
            if let entry, entry == before, now < code.end {
                return OneTimeChange(.put(after), answer: true)
            }
            let answered = entry.flatMap { try? DeviceCode($0) }?.answering(by: account, at: now)
            return OneTimeChange(answer: answered == .answered(decision))
        }
    }
}
