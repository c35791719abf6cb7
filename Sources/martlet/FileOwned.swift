import MartletCore
import MartletProtocol

/// The clients, users and resources that the configuration lists, read and ready to be applied.
///
/// Everything is read before anything is applied, so that a mistake in the last line does not
/// leave half of the file in force.
struct FileOwned {
    private let resources: [Described<FileOwnedResource>]
    private let clients: [Described<FileOwnedClient>]
    private let accounts: [Described<FileOwnedAccount>]

    /// A description with the place that a complaint about it names.
    fileprivate struct Described<Value> {
        let place: ConfigurationPlace
        let value: Value
    }

    /// What applying the lists changed.
    struct Outcome: Equatable {
        var created = 0
        var updated = 0
        /// The names of what the file no longer lists, which is the operator's from now on.
        var released: [String] = []
    }

    init(_ configuration: Configuration) throws(ConfigurationError) {
        resources = try Self.read(configuration.resources, FileOwnedResource.init)
        clients = try Self.read(configuration.clients, FileOwnedClient.init)
        accounts = try Self.read(configuration.users, FileOwnedAccount.init)
        try Self.refuseTwins(in: resources) { $0.id.rawValue }
        try Self.refuseTwins(in: clients) { $0.id.rawValue }
        try Self.refuseTwins(in: accounts) { Account.signInName($0.username) }
    }

    /// Brings the store to what the file says; does nothing where it is so already.
    func apply(to server: AuthorizationServer) async throws -> Outcome {
        var outcome = Outcome()
        // Clients name resources.
        for entry in resources {
            outcome.add(try await entry.placing { try await server.apply($0) })
        }
        for entry in clients {
            outcome.add(try await entry.placing { try await server.apply($0) })
        }
        for entry in accounts {
            outcome.add(try await entry.placing { try await server.apply($0) })
        }
        outcome.released = try await server.releaseFileOwned(
            exceptClients: Set(clients.map(\.value.id)),
            usernames: Set(accounts.map(\.value.username)),
            resources: Set(resources.map(\.value.id))
        )
        return outcome
    }

    private static func read<Value>(
        _ entries: [ConfigurationEntry],
        _ read: (EntryMembers) throws -> Value
    ) throws(ConfigurationError) -> [Described<Value>] {
        var all: [Described<Value>] = []
        for entry in entries {
            do {
                all.append(Described(place: entry.place, value: try read(EntryMembers(entry))))
            } catch {
                throw ConfigurationError(placing: error, at: entry.place)
            }
        }
        return all
    }

    private static func refuseTwins<Value>(
        in all: [Described<Value>],
        name: (Value) -> String
    ) throws(ConfigurationError) {
        var places: [String: ConfigurationPlace] = [:]
        for entry in all {
            let name = name(entry.value)
            if let first = places.updateValue(entry.place, forKey: name) {
                throw ConfigurationError(
                    at: entry.place,
                    "“\(name.printable)” is listed already at \(first.name); keep one of them."
                )
            }
        }
    }
}

extension FileOwned.Described {
    /// Applies the value; a refusal says where it stands.
    fileprivate func placing(
        _ apply: (Value) async throws -> FileOwnedOutcome
    ) async throws -> FileOwnedOutcome {
        do {
            return try await apply(value)
        } catch let error as StorageError {
            throw error
        } catch {
            throw ConfigurationError(placing: error, at: place)
        }
    }
}

extension FileOwned.Outcome {
    fileprivate mutating func add(_ outcome: FileOwnedOutcome) {
        switch outcome {
        case .created: created += 1
        case .updated: updated += 1
        case .unchanged: break
        }
    }
}

extension ConfigurationError {
    /// The refusal of what stands at a place.
    fileprivate init(placing error: any Error, at place: ConfigurationPlace) {
        let sentence = Refusal(error)?.sentence ?? "\(error)"
        self.init(at: place, sentence)
    }
}

// MARK: - Reading the entries

/// The members of one entry, each asked for once; what nobody asked for is refused.
private struct EntryMembers {
    let object: JSONObject

    init(_ entry: ConfigurationEntry) {
        object = entry.value.object ?? JSONObject()
    }

    func text(_ name: String) throws(Refusal) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let text = value.string else {
            throw Refusal("\(name) is text: put it into quotation marks.")
        }
        return text
    }

    func requiredText(_ name: String) throws(Refusal) -> String {
        guard let text = try text(name), !text.isEmpty else {
            throw Refusal("\(name) is missing here.")
        }
        return text
    }

    func flag(_ name: String) throws(Refusal) -> Bool {
        guard let value = object[name], !value.isNull else { return false }
        guard let flag = value.bool else { throw Refusal("\(name) is true or false.") }
        return flag
    }

    func seconds(_ name: String) throws(Refusal) -> Duration? {
        guard let value = object[name], !value.isNull else { return nil }
        let bounds = 0...RotationPolicy.maximumLifetime.wholeSeconds
        guard let seconds = value.integer, bounds.contains(seconds) else {
            throw Refusal("\(name) is a whole number of seconds.")
        }
        return .seconds(seconds)
    }

    func scopes(_ name: String) throws(Refusal) -> Scope {
        guard let scope = object[name]?.strings.flatMap(Scope.init(tokens:)) else {
            throw Refusal("\(name) is a list of scopes, as in [read, write].")
        }
        return scope
    }

    func algorithm(_ name: String) throws(Refusal) -> SignatureAlgorithm? {
        guard let text = try text(name) else { return nil }
        guard let algorithm = SignatureAlgorithm(rawValue: text) else {
            let known = SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal("\(name) is one of \(known).")
        }
        return algorithm
    }

    func refuseOthers(than known: Set<String>) throws(Refusal) {
        guard let other = object.members.first(where: { !known.contains($0.name) }) else { return }
        throw Refusal(
            "there is no “\(other.name.printable)” here; known are "
                + known.sorted().joined(separator: ", ") + "."
        )
    }
}

extension FileOwnedClient {
    /// Client metadata, with the id and the secret that the operator chose.
    fileprivate init(_ members: EntryMembers) throws {
        let id = ClientID(rawValue: try members.requiredText(WireName.clientID))
        let secret = try members.text(WireName.clientSecret).map { Secret($0) }
        var metadata = members.object
        metadata[WireName.clientID] = nil
        metadata[WireName.clientSecret] = nil
        try self.init(id: id, metadata: ClientMetadata(json: .object(metadata)), secret: secret)
    }
}

extension FileOwnedAccount {
    fileprivate init(_ members: EntryMembers) throws {
        try members.refuseOthers(than: [
            WireName.username, WireName.password, "password_hash", "email", "profile", "disabled",
        ])
        let email = try members.text("email")
        let profile = members.object["profile"] ?? .null
        self.init(
            username: try members.requiredText(WireName.username),
            email: email,
            profile: profile.isNull
                ? JSONObject() : try AccountProfile.checked(profile, email: email),
            password: try Self.password(members),
            access: try members.flag("disabled") ? .disabled : .open
        )
    }

    private static func password(_ members: EntryMembers) throws -> Password {
        guard let hash = try members.text("password_hash") else {
            return .plain(Secret(try members.requiredText(WireName.password)))
        }
        guard try members.text(WireName.password) == nil else {
            throw Refusal("A user has a password or a password_hash, not both.")
        }
        return .hashed(try PasswordHash(importing: hash))
    }
}

extension FileOwnedResource {
    fileprivate init(_ members: EntryMembers) throws {
        try members.refuseOthers(than: [
            "identifier", "scopes", "signing_algorithm", "idle_lifetime", "absolute_lifetime",
            WireName.clientID, WireName.clientSecret,
        ])
        let id = try members.text(WireName.clientID)
        let secret = try members.text(WireName.clientSecret)
        let credential: Credential?
        switch (id, secret) {
        case (let id?, let secret?):
            credential = Credential(id: ClientID(rawValue: id), secret: Secret(secret))
        case (nil, nil): credential = nil
        case (_?, nil), (nil, _?):
            throw Refusal(
                "\(WireName.clientID) and \(WireName.clientSecret) of a resource, with which it "
                    + "introspects, go together."
            )
        }
        self.init(
            id: ResourceID(rawValue: try members.requiredText("identifier")),
            settings: AuthorizationServer.ResourceSettings(
                scope: try members.scopes("scopes"),
                signingAlgorithm: try members.algorithm("signing_algorithm"),
                idleLifetime: try members.seconds("idle_lifetime"),
                absoluteLifetime: try members.seconds("absolute_lifetime")
            ),
            credential: credential
        )
    }
}
