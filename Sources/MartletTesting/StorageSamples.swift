import MartletCore
import MartletProtocol

/// Families and records to put into a store.
enum Sample {
    static let account = AccountID(rawValue: "Rj3kV0uC")
    static let client = ClientID(rawValue: "spa")
    static let otherAccount = AccountID(rawValue: "Xq81bTzM")
    static let otherClient = ClientID(rawValue: "https://app.example/client?a=b")

    static func id(_ number: Int64) throws -> FamilyID {
        guard let id = FamilyID(number) else {
            throw ContractViolation(description: "\(number) is no family id")
        }
        return id
    }

    /// A family in which every optional field is absent and every list empty.
    static func plain(
        _ number: Int64,
        account: AccountID = account,
        client: ClientID = client,
        madeAt: Instant = ManualClock.start,
        lives: Duration = .days(30)
    ) throws -> TokenFamily {
        let authorized = AuthorizedFamily(
            id: try id(number),
            client: client,
            account: account,
            scope: .none,
            resources: [],
            secretHash: nil,
            refreshKey: RefreshKeyID(0),
            keyBinding: nil,
            epochs: FamilyEpochs(account: 0, client: 0, consent: 0),
            madeAt: madeAt,
            absoluteEnd: madeAt + lives,
            authentication: Authentication(time: madeAt, contextClass: nil, methods: []),
            origin: Origin(address: "", userAgent: "")
        )
        return TokenFamily(
            authorized: authorized,
            state: FamilyState(generation: .first, lastRotation: madeAt)
        )
    }

    /// A family in which every field is present and as awkward as it may be.
    static func full(_ number: Int64) throws -> TokenFamily {
        guard let scope = Scope("openid offline_access https://api.example/read !#$%&'()*") else {
            throw ContractViolation(description: "the sample's scope is none")
        }
        let authorized = AuthorizedFamily(
            id: try id(number),
            client: otherClient,
            account: otherAccount,
            scope: scope,
            resources: ["https://api.example/", "urn:example:\"quoted\"\\, comma"]
                .map(ResourceID.init(rawValue:)),
            secretHash: (0..<32).map { UInt8($0 * 8) },
            refreshKey: RefreshKeyID(255),
            keyBinding: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
            epochs: FamilyEpochs(account: .max, client: 1, consent: 4_611_686_018_427_387_905),
            madeAt: Instant(microseconds: 1_767_225_600_123_456),
            absoluteEnd: Instant(microseconds: 1_769_817_600_654_321),
            authentication: Authentication(
                time: Instant(microseconds: 1_767_225_599_999_999),
                contextClass: "urn:mace:incommon:iap:silver",
                methods: ["pwd", "otp"]
            ),
            origin: Origin(address: "2001:db8::1", userAgent: "Ünïcode \u{1F426} \"'\\\u{0}\n;--"),
            signIn: FamilySignIn(id: SignInID(rawValue: "b\u{FC}\"'"), endsWithIt: false),
            claims: ClaimsRequest(
                idToken: ["acr": .init(isEssential: true, values: ["1", 2, .null])],
                userInfo: ["n\u{E4}me": .init(value: "\u{0}\"")]
            )
        )
        var state = FamilyState(
            generation: .last,
            lastRotation: Instant(microseconds: 1_767_225_600_123_457),
            ended: Ended(reason: .reuse, at: Instant(microseconds: 1_767_225_601_000_001))
        )
        state.marks.repeated = true
        state.marks.consecutiveRepeats = .max
        state.marks.addressNoted = true
        return TokenFamily(authorized: authorized, state: state)
    }

    static func epoch(_ value: Int64, reason: EndReason? = nil) -> Epoch {
        Epoch(value: value, changedAt: ManualClock.start, reason: reason)
    }

    static func record(
        _ kind: RecordKind,
        _ id: String,
        name: String? = nil,
        owner: String? = nil,
        epoch: Epoch? = nil,
        body: String = "{}"
    ) -> StoredRecord {
        StoredRecord(
            kind: kind,
            id: id,
            name: name,
            owner: owner,
            version: 0,
            epoch: epoch,
            body: Array(body.utf8)
        )
    }

    /// The three records that a family of ``account`` and ``client`` hangs on.
    static func standing(account: Int64, client: Int64, consent: Int64) -> [StoredRecord] {
        [
            record(.account, Sample.account.rawValue, epoch: epoch(account)),
            record(.client, Sample.client.rawValue, epoch: epoch(client)),
            record(
                .consent,
                Consent.recordID(account: Sample.account, client: Sample.client),
                owner: Sample.account.rawValue,
                epoch: epoch(consent)
            ),
        ]
    }

    /// One of every event.
    static func events(_ family: FamilyID) -> [AuditEvent] {
        let origin = Origin(address: "192.0.2.7", userAgent: "Ünïcode \"\\\n\u{1F426}")
        let reuse = Rotation.Reuse.allCases.map { kind in
            AuditEvent.reuseDetected(
                family,
                account: account,
                client: client,
                kind: kind,
                presented: .first,
                current: .last,
                origin: origin
            )
        }
        let ends = EndReason.allCases.flatMap { reason -> [AuditEvent] in
            [
                .sessionEnded(family, account: account, client: client, reason: reason),
                .accountSessionsEnded(account, reason: reason),
                .clientSessionsEnded(client, reason: reason),
            ]
        }
        let rest: [AuditEvent] = [
            .sessionMade(family, account: account, client: client, origin: origin),
            .newAddress(family, account: account, client: otherClient, origin: origin),
            .accountCreated(otherAccount),
            .accountUpdated(account),
            .accountEnabled(account),
            .clientCreated(client),
            .clientUpdated(otherClient),
            .clientSecretRotated(client),
            .clientRegistered(client, token: RegistrationTokenID(rawValue: "t"), origin: origin),
            .clientRegistered(client, token: nil, origin: origin),
            .clientUpdatedItself(client, origin: origin),
            .clientDeletedItself(client, origin: origin),
            .clientRemovedUnused(client),
            .registrationTokenCreated(RegistrationTokenID(rawValue: "t")),
            .registrationTokenRevoked(RegistrationTokenID(rawValue: "t")),
            .resourceChanged(ResourceID(rawValue: "https://api.example/")),
            .resourceDeleted(ResourceID(rawValue: "https://api.example/")),
            .keysRotated(.scheduled),
            .keysRotated(.compromised),
        ]
        let recoveries = Recovery.allCases.map { AuditEvent.storeRecovered($0) }
        return rest + recoveries + reuse + ends
    }
}

extension Storage {
    /// Makes a family without asking anything, with these events.
    func make(_ family: TokenFamily, events: [AuditEvent] = []) async throws(StorageError) {
        try await insert(family, redeeming: nil) { _, _ in
            ErasedChange(state: nil, writes: [], events: events)
        }
    }

    /// Saves records that are not there yet.
    func add(_ records: [StoredRecord]) async throws(StorageError) {
        try await save(records.map { .put($0, expecting: nil) }, events: [])
    }

    /// What a change sees that writes nothing.
    func look(_ family: AuthorizedFamily) async throws(StorageError) -> (FamilyView, Instant) {
        try await change(family) { view, now in Change(answer: (view, now)) }
    }

    /// Ends a family, or does whatever else the new state says.
    func set(_ family: AuthorizedFamily, to state: FamilyState) async throws(StorageError) {
        try await change(family) { _, _ in Change(state: state, answer: ()) }
    }
}
