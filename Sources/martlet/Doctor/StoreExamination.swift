import MartletCore
import MartletProtocol

/// What a store holds: its condition, its keys, and whether its times and this clock go together.
struct StoreExamination {
    /// Signing keys that are older are worth replacing.
    static let oldKey: Duration = .days(365)
    /// What is stored may be ahead of this clock by so much.
    static let clockDifference: Duration = .minutes(1)
    /// No store is older than the first version.
    static let firstVersion = Instant(seconds: 1_767_225_600)

    let configuration: Configuration
    let storage: any Storage
    let now: Instant

    func findings() async throws -> [Finding] {
        let condition = try await storage.status().condition
        var findings = [Self.finding(on: condition, at: now)]
        findings += try await keys()
        findings.append(try await clock())
        return findings
    }

    static func finding(on condition: StoreCondition, at now: Instant) -> Finding {
        switch condition {
        case .inService(nil): .ok("store", "It is in service.")
        case .inService(let restoration?) where restoration.until > now:
            .advice(
                "store",
                "It was recovered from a backup with its sessions going on: until "
                    + "\(restoration.until.text) tokens that are ahead of it are accepted."
            )
        case .inService(_?):
            .ok("store", "It is in service; it was recovered from a backup once.")
        case .copy(let madeAt):
            .problem(
                "store",
                "It is a backup as of \(madeAt.text); martlet recover puts it into service."
            )
        case .sealed(_, let place, _):
            .problem(
                "store",
                "It is sealed: it was moved to \(place.printable). Name that one in the "
                    + "configuration, run the move again if it was cut off, or undo it with martlet "
                    + "move --undo."
            )
        case .receiving:
            .problem(
                "store",
                "It is not whole: a move to it was cut off. Run the same martlet move again."
            )
        }
    }

    // MARK: Keys

    /// Beside a file the master key is made with them; nodes have to have it before.
    private static let noKeysYet = Finding.advice(
        "keys",
        "There are none yet; martlet serve makes them."
    )

    private func keys() async throws -> [Finding] {
        let (stored, _) = try await storage.all(KeyRecord.self)
        if stored.isEmpty, case .sqlite = configuration.store { return [Self.noKeysYet] }
        let secrets: (current: Secret, previous: [Secret])
        do throws(ConfigurationError) {
            secrets = try MasterKeySource.load(
                configuration,
                storeIsEmpty: false,
                randomBytes: { [UInt8](repeating: 0, count: $0) }
            )
        } catch {
            return [.problem("master_key", error.sentence)]
        }
        guard let current = MasterKey(secrets.current) else {
            return [.problem("master_key", "It is no key.")]
        }
        guard !stored.isEmpty else { return [Self.noKeysYet] }
        let masters = MasterKeys(
            current: current,
            previous: secrets.previous.compactMap { MasterKey($0) }
        )
        let ring: KeyRing
        do throws(KeyRing.Unusable) {
            ring = try KeyRing(stored.map(\.value), masters: masters)
        } catch {
            return [.problem("master_key", Self.sentence(for: error))]
        }
        return [.ok("master_key", "It opens the keys of the store.")]
            + [besideTheStore].compactMap(\.self)
            + SignatureAlgorithm.allCases.flatMap { signingKeys($0, of: ring) }
    }

    private static func sentence(for error: KeyRing.Unusable) -> String {
        switch error {
        case .unknownMasterKey:
            "It is not the one that the keys of the store are sealed under: put that one back, or "
                + "list it under previous_master_keys."
        case .damaged(let id):
            "The key \(id.printable) in the store does not open: restore a backup."
        }
    }

    private var besideTheStore: Finding? {
        guard case .file(let key) = configuration.masterKey.location,
            case .sqlite(let store) = configuration.store,
            Self.folder(key).isSameText(as: Self.folder(store))
        else { return nil }
        return .advice(
            "master_key",
            "It lies beside the store: whoever copies the folder has both. Keep the key elsewhere, "
                + "and take care that no backup holds both."
        )
    }

    private static func folder(_ path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    private func signingKeys(_ algorithm: SignatureAlgorithm, of ring: KeyRing) -> [Finding] {
        let keys = ring.signing.map(\.record).filter { $0.algorithm == algorithm }
        guard !keys.isEmpty else { return [] }
        let name = algorithm.rawValue
        var findings: [Finding] = []
        if let since = keys.compactMap(\.activeFrom).filter({ $0 <= now }).max() {
            findings.append(
                now - since > Self.oldKey
                    ? .advice(
                        "keys",
                        "The \(name) key signs since \(since.text); replace it with martlet key "
                            + "rotate."
                    )
                    : .ok("keys", "The \(name) key signs since \(since.text).")
            )
        }
        if !keys.contains(where: { ($0.activeFrom ?? now) >= now }) {
            findings.append(
                .advice("keys", "No next \(name) key is published; martlet key rotate makes one.")
            )
        }
        return findings
    }

    // MARK: The clock

    private func clock() async throws -> Finding {
        guard now > Self.firstVersion else {
            return .problem(
                "clock",
                "It says \(now.text); set it, or nothing expires as it should."
            )
        }
        let newest = try await storage.list(of: .all, before: nil, limit: 1).first?.family
        let lastEvent = try await storage.events(of: .all, limit: 1).first?.at
        let latest = [newest?.state.lastRotation, newest?.authorized.madeAt, lastEvent]
            .compactMap(\.self).max()
        if let latest, latest - now > Self.clockDifference {
            return .problem(
                "clock",
                "It says \(now.text), and the store was written at \(latest.text): set the clock of "
                    + "this machine, or of the one that wrote it."
            )
        }
        return .ok("clock", "It says \(now.text), which fits what the store holds.")
    }
}
