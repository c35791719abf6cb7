package import MartletProtocol

/// Making, appointing and dropping keys. A key signs when its time has come (see ``KeyRing``);
/// what is done here is to write those times.
package struct KeyAdministration: Sendable {
    /// A new refresh key is accepted this long before it is used, so that no server meets a token
    /// whose key it has not read yet.
    static let acceptedBeforeUse: Duration = .minutes(1)
    /// A refresh key is used at least this long: each is kept for the longest lifetime that a
    /// session can have, and there are 255 ids for them.
    static let refreshKeyUse: Duration = .days(30)
    static let saltLength = 32
    static let nonceLength = 12
    static let maximumAttempts = 4
    /// What every server signs with: the default for access tokens, and the default for ID tokens,
    /// which RFC 9068 §4 and OpenID Connect Discovery §3 want everywhere.
    package static let standardAlgorithms: [SignatureAlgorithm] = [.es256, .rs256]

    package let storage: any Storage
    package let masters: MasterKeys
    package let surroundings: Surroundings

    package init(storage: any Storage, masters: MasterKeys, surroundings: Surroundings) {
        self.storage = storage
        self.masters = masters
        self.surroundings = surroundings
    }

    /// A key as an operator sees it.
    package struct Listing: Sendable {
        package enum Use: Sendable, Equatable {
            case signing(SignatureAlgorithm, keyID: String)
            case refreshTokens(RefreshKeyID)
            case clientSecrets(ClientSecretKeyID)
            case cookies(UInt8)
        }

        package enum Phase: String, Sendable {
            case next, active, retired
        }

        package let use: Use
        package let phase: Phase
        package let activeFrom: Instant?
        package let isPublished: Bool
    }

    /// Makes what a server needs and the store does not have yet, and brings everything under the
    /// current master key. Called at each start; does nothing when nothing is missing.
    package func prepare(
        _ algorithms: [SignatureAlgorithm] = standardAlgorithms
    ) async throws {
        try await repeatedly { ring, stored, now in
            var changes: [RecordChange] = []
            for algorithm in algorithms {
                changes += try missingSigningKeys(algorithm, in: ring, at: now)
            }
            changes += try missingDerivedKeys(in: ring, at: now)
            changes += try missingSubjectKey(in: ring)
            changes += try resealed(stored, ring: ring)
            return (changes, [])
        }
    }

    /// Makes the keys of an algorithm that is used for the first time.
    package func ensure(_ algorithm: SignatureAlgorithm) async throws {
        try await repeatedly { ring, _, now in
            (try missingSigningKeys(algorithm, in: ring, at: now), [])
        }
    }

    /// Appoints the keys that wait, and publishes new ones to wait behind them. Each takes over
    /// when it has been published for longer than anybody may cache the JWKS.
    package func rotate() async throws {
        try await repeatedly { ring, stored, now in
            if let pending = ring.signing.compactMap(\.record.activeFrom).max(), pending > now {
                throw AdministrationError(
                    "The keys of the last rotation have not taken over yet; they do in "
                        + "\((pending - now).wholeSeconds + 1) seconds. Rotate again after that."
                )
            }
            var changes: [RecordChange] = []
            for record in stored {
                guard case .signing(var key) = record.value, key.activeFrom == nil else {
                    continue
                }
                key.activeFrom = max(now, key.publishedAt + KeyRing.publishedBeforeUse)
                changes.append(.update(record, to: .signing(key)))
            }
            for algorithm in ring.algorithms {
                changes.append(try newSigningKey(algorithm, activeFrom: nil, at: now))
            }
            changes += outdated(stored, ring: ring, at: now)
            if ring.newestRefreshKey.map({ $0.activeFrom + Self.refreshKeyUse <= now }) ?? true {
                changes.append(
                    newDerivedKey(
                        try freeID(beside: ring.derived),
                        for: .refreshToken,
                        activeFrom: now + Self.acceptedBeforeUse
                    )
                )
            }
            return (changes, [.keysRotated(.scheduled)])
        }
    }

    /// Drops every signing and refresh key now and ends every session: what a thief of the keys
    /// could make of them is worth nothing from here on. APIs learn the new keys at once, because
    /// an unknown `kid` makes them ask.
    package func rotateCompromised() async throws {
        try await repeatedly { ring, stored, now in
            let clients = try await storage.all(Client.self).0
            var changes: [RecordChange] = []
            for record in stored where record.value.isDroppedWhenCompromised {
                changes.append(.delete(record))
            }
            let dropped = ring.derived.filter { KeyRecord.derived($0).isDroppedWhenCompromised }
            let refreshKey = try freeID(beside: ring.derived, releasing: dropped)
            let cookieKey = try freeID(
                beside: ring.derived,
                releasing: dropped,
                and: [refreshKey]
            )
            for algorithm in ring.algorithms {
                changes.append(try newSigningKey(algorithm, activeFrom: now, at: now))
                changes.append(try newSigningKey(algorithm, activeFrom: nil, at: now))
            }
            changes.append(newDerivedKey(refreshKey, for: .refreshToken, activeFrom: now))
            changes.append(newDerivedKey(cookieKey, for: .cookie, activeFrom: now))
            for client in clients {
                let epoch = Epoch(
                    value: surroundings.random63(),
                    changedAt: now,
                    reason: .keyCompromised
                )
                changes.append(.update(client, to: client.value, epoch: epoch))
            }
            return (changes, [.keysRotated(.compromised)])
        }
    }

    package func list() async throws -> [Listing] {
        let (stored, _) = try await storage.all(KeyRecord.self)
        let ring = try KeyRing(stored.map(\.value), masters: masters)
        let now = surroundings.now()
        return ring.signing.map { key in
            let isCurrent =
                ring.current(key.record.algorithm, at: now)?.record.keyID == key.record.keyID
            let isWaiting = key.record.activeFrom.map { $0 > now } ?? true
            return Listing(
                use: .signing(key.record.algorithm, keyID: key.record.keyID),
                phase: isCurrent ? .active : isWaiting ? .next : .retired,
                activeFrom: key.record.activeFrom,
                isPublished: ring.isPublished(key.record, at: now)
            )
        } + ring.derived.map { key in ring.listing(of: key, at: now) }
    }
}

extension KeyRecord {
    fileprivate var isDroppedWhenCompromised: Bool {
        switch self {
        case .signing: true
        case .derived(let key):
            switch key.purpose {
            case .refreshToken, .cookie: true
            case .clientSecret: false
            }
        // It makes no token, and without it people would lose their accounts at pairwise clients.
        case .subject: false
        }
    }
}

extension KeyRing {
    fileprivate func listing(
        of key: DerivedKeyRecord,
        at now: Instant
    ) -> KeyAdministration.Listing {
        let use: KeyAdministration.Listing.Use
        let current: UInt8?
        switch key.purpose {
        case .refreshToken:
            use = .refreshTokens(RefreshKeyID(key.id))
            current = refreshKey(at: now)?.value
        case .clientSecret:
            use = .clientSecrets(ClientSecretKeyID(key.id))
            current = clientSecretKey(at: now)?.0.value
        case .cookie:
            use = .cookies(key.id)
            current = cookieKey(at: now)
        }
        return KeyAdministration.Listing(
            use: use,
            phase: current == key.id ? .active : key.activeFrom > now ? .next : .retired,
            activeFrom: key.activeFrom,
            isPublished: false
        )
    }
}

// MARK: - The changes

extension KeyAdministration {
    private typealias Keys = [Stored<KeyRecord>]

    /// Reads the keys, works out changes and saves them; again if somebody was quicker.
    private func repeatedly(
        _ plan: (KeyRing, Keys, Instant) async throws -> ([RecordChange], [AuditEvent])
    ) async throws {
        for _ in 0..<Self.maximumAttempts {
            let stored = try await storage.all(KeyRecord.self).0
            let ring = try KeyRing(stored.map(\.value), masters: masters)
            let planned = try await plan(ring, stored, surroundings.now())
            if planned.0.isEmpty { return }
            if try await saved(planned.0, planned.1) { return }
        }
        throw AdministrationError.changedMeanwhile
    }

    /// Whether nobody was quicker.
    private func saved(
        _ changes: [RecordChange],
        _ events: [AuditEvent]
    ) async throws(StorageError) -> Bool {
        do {
            try await storage.save(changes, events: events)
            return true
        } catch {
            guard error == .conflict else { throw error }
            return false
        }
    }

    private func missingSigningKeys(
        _ algorithm: SignatureAlgorithm,
        in ring: KeyRing,
        at now: Instant
    ) throws -> [RecordChange] {
        guard !ring.algorithms.contains(algorithm) else { return [] }
        return [
            try newSigningKey(algorithm, activeFrom: now, at: now),
            try newSigningKey(algorithm, activeFrom: nil, at: now),
        ]
    }

    private func missingDerivedKeys(in ring: KeyRing, at now: Instant) throws -> [RecordChange] {
        var changes: [RecordChange] = []
        var taken: Set<UInt8> = []
        for purpose in [DerivedKeyRecord.Purpose.refreshToken, .clientSecret, .cookie] {
            let ofPurpose = ring.derived.filter { $0.purpose == purpose }
            guard !ofPurpose.contains(where: { $0.masterID == masters.current.id }) else {
                continue
            }
            let id = try freeID(beside: ring.derived, and: taken)
            taken.insert(id)
            let wait = ofPurpose.isEmpty ? Duration.zero : Self.acceptedBeforeUse
            changes.append(newDerivedKey(id, for: purpose, activeFrom: now + wait))
        }
        return changes
    }

    private func missingSubjectKey(in ring: KeyRing) throws -> [RecordChange] {
        guard ring.subjectKey == nil else { return [] }
        let key = try sealed(subjectKey: surroundings.randomBytes(SubjectKeyRecord.length))
        return [.create(key, epoch: nil)]
    }

    /// Keys that are sealed under a previous master key, sealed under the current one.
    private func resealed(_ stored: Keys, ring: KeyRing) throws -> [RecordChange] {
        try stored.compactMap { record in
            switch record.value {
            case .signing(let key):
                guard key.masterID != masters.current.id,
                    let open = ring.signing.first(where: { $0.record.keyID == key.keyID })
                else { return nil }
                let sealed = try sealed(
                    open.key,
                    publishedAt: key.publishedAt,
                    activeFrom: key.activeFrom
                )
                return .update(record, to: sealed)
            case .subject(let key):
                guard key.masterID != masters.current.id else { return nil }
                let sealed = try sealed(subjectKey: key.opened(with: masters))
                return .update(record, to: sealed)
            // Derived anew from the current master key instead.
            case .derived: return nil
            }
        }
    }

    /// Keys that nothing living was signed or tagged with.
    private func outdated(_ stored: Keys, ring: KeyRing, at now: Instant) -> [RecordChange] {
        stored.compactMap { record in
            switch record.value {
            case .signing(let key):
                return ring.isPublished(key, at: now) ? nil : .delete(record)
            case .derived(let key):
                guard key.purpose == .refreshToken,
                    let successor = ring.derived.first(where: {
                        $0.purpose == .refreshToken && $0.activeFrom > key.activeFrom
                    }),
                    now >= successor.activeFrom + RotationPolicy.maximumLifetime
                else { return nil }
                return .delete(record)
            case .subject:
                return nil
            }
        }
    }

    private func newSigningKey(
        _ algorithm: SignatureAlgorithm,
        activeFrom: Instant?,
        at now: Instant
    ) throws -> RecordChange {
        let key = try SigningKey.generate(for: algorithm)
        return .create(
            try sealed(key, publishedAt: now, activeFrom: activeFrom),
            epoch: nil
        )
    }

    private func sealed(
        _ key: SigningKey,
        publishedAt: Instant,
        activeFrom: Instant?
    ) throws -> KeyRecord {
        .signing(
            SigningKeyRecord(
                keyID: key.keyID,
                algorithm: key.algorithm,
                masterID: masters.current.id,
                sealed: try masters.current.seal(
                    key.rawRepresentation,
                    name: key.keyID,
                    nonce: surroundings.randomBytes(Self.nonceLength)
                ),
                publishedAt: publishedAt,
                activeFrom: activeFrom
            )
        )
    }

    private func sealed(subjectKey: [UInt8]) throws -> KeyRecord {
        .subject(
            try SubjectKeyRecord(
                subjectKey,
                under: masters.current,
                nonce: surroundings.randomBytes(Self.nonceLength)
            )
        )
    }

    private func newDerivedKey(
        _ id: UInt8,
        for purpose: DerivedKeyRecord.Purpose,
        activeFrom: Instant
    ) -> RecordChange {
        .create(
            KeyRecord.derived(
                DerivedKeyRecord(
                    id: id,
                    purpose: purpose,
                    masterID: masters.current.id,
                    salt: surroundings.randomBytes(Self.saltLength),
                    activeFrom: activeFrom
                )
            ),
            epoch: nil
        )
    }

    /// The next free id after the newest, so that an id is not used again soon.
    ///
    /// - Parameter released: keys that the same save deletes; their ids are taken only if no other
    ///   is free.
    private func freeID(
        beside keys: [DerivedKeyRecord],
        releasing released: [DerivedKeyRecord] = [],
        and taken: Set<UInt8> = []
    ) throws -> UInt8 {
        let kept = taken.union(keys.map(\.id)).subtracting(released.map(\.id))
        let newest = keys.last?.id ?? 0
        let ids = (1...UInt8.max).map { newest &+ $0 }.filter { $0 != 0 && !kept.contains($0) }
        let unused = ids.first { id in !released.contains { $0.id == id } }
        guard let id = unused ?? ids.first else {
            throw AdministrationError(
                "All 255 key ids are in use; old ones become free when their sessions are over."
            )
        }
        return id
    }
}

extension KeyRing {
    fileprivate var newestRefreshKey: DerivedKeyRecord? {
        derived.last { $0.purpose == .refreshToken }
    }
}
