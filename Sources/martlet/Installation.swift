import Foundation
import MartletCore
import MartletProtocol
import MartletServer

/// An authorization server as the configuration describes it, on its open store: what `serve` puts
/// on the network and every other command works on.
///
/// Whoever comes first, `serve` or a command, makes the store and its master key.
struct Installation {
    let configuration: Configuration
    let storage: any Storage
    /// Writes that wait for the store now.
    private let waiting: @Sendable () -> Int
    let server: AuthorizationServer

    /// Opens what the options name.
    static func open(_ options: ConfigurationOptions) async throws -> Installation {
        try await open(try options.load())
    }

    /// - Parameters:
    ///   - notice: what the operator should see of the server's work.
    ///   - committed: told of each batch of writes; called on the store's writing thread.
    /// - Throws: ``ConfigurationError``, or ``Refusal`` for a store or key that cannot be used.
    static func open(
        _ configuration: Configuration,
        for use: Use = .command,
        notice: @escaping @Sendable (AuthorizationServer.Notice) -> Void = { _ in },
        committed: @escaping @Sendable (CommittedBatch) -> Void = { _ in }
    ) async throws -> Installation {
        let opened = try await OpenedStore(configuration.store, committed: committed)
        let (storage, surroundings) = (opened.storage, opened.surroundings)
        do {
            try await storage.refuseUnlessInService()
            let installation = Installation(
                configuration: configuration,
                storage: storage,
                waiting: opened.waiting,
                server: AuthorizationServer(
                    settings: configuration.settings,
                    storage: storage,
                    masters: try await masterKeys(configuration, storage, surroundings),
                    surroundings: surroundings,
                    notice: notice
                )
            )
            try await installation.prepareKeys(for: use)
            return installation
        } catch {
            await storage.close()
            throw error
        }
    }

    /// What the installation is opened for.
    enum Use {
        /// To answer requests: keys that are missing are made, and those of a previous master key
        /// come under the current one.
        case serve
        /// To look or to change one thing, beside a server that may have another master key: keys
        /// are left alone, unless there are none yet.
        case command
    }

    /// Lets the metrics ask how many writes wait.
    func observeStore(by metrics: ServerMetrics) {
        metrics.observeStore(waiting: waiting)
    }

    func close() async {
        await storage.close()
    }

    private static func masterKeys(
        _ configuration: Configuration,
        _ storage: any Storage,
        _ surroundings: Surroundings
    ) async throws -> MasterKeys {
        let isEmpty = try await storage.isEmpty()
        let secrets = try MasterKeySource.load(
            configuration,
            storeIsEmpty: isEmpty,
            randomBytes: surroundings.randomBytes
        )
        if isEmpty {
            // Whoever looks for sessions in the wrong folder should wonder.
            Terminal.complain("Made a new store, \(configuration.store.shown).")
        }
        return MasterKeys(
            current: masterKey(secrets.current),
            previous: secrets.previous.map(masterKey)
        )
    }

    private static func masterKey(_ secret: Secret) -> MasterKey {
        guard let key = MasterKey(secret) else {
            preconditionFailure("a master key has \(MasterKey.length) bytes")
        }
        return key
    }

    private func prepareKeys(for use: Use) async throws {
        do {
            switch use {
            case .command where try await !storage.isEmpty():
                _ = try await server.keyAdministration.list()
            case .command, .serve:
                try await server.keyAdministration.prepare()
            }
        } catch let error as KeyRing.Unusable {
            throw Refusal(sentence(for: error))
        }
    }

    private func sentence(for error: KeyRing.Unusable) -> String {
        let store = configuration.store.shown
        return switch error {
        case .unknownMasterKey:
            "The keys in \(store) are sealed under another master key than "
                + "\(configuration.masterKey.shown); put back the one that belongs to this store, "
                + "or list it under previous_master_keys."
        case .damaged(let id):
            "The key \(id.printable) in \(store) does not open: the store is damaged, restore it "
                + "from a backup."
        }
    }
}

extension MasterKeySource {
    /// For sentences: where it is.
    var shown: String {
        switch location {
        case .file(let path): "the one in \(path.printable)"
        case .environment(let name): "the one in the variable \(name)"
        }
    }
}

extension Storage {
    /// Keeps servers and commands out of a store that must not be served, and says what to do.
    func refuseUnlessInService() async throws {
        switch try await status().condition {
        case .inService: return
        case .copy(let madeAt):
            throw Refusal(
                "The store is a backup as of \(madeAt.text). martlet recover puts it into service: "
                    + "by default it ends every session, since nobody knows what became of them."
            )
        case .sealed(_, let place, _):
            throw Refusal(
                "The store is sealed: it was moved to \(place.printable). Name that one in the "
                    + "configuration; or, if the move was cut off, run it again, or undo it with "
                    + "martlet move --undo."
            )
        case .receiving:
            throw Refusal(
                "The store is not whole: a move to it was cut off. Run the same martlet move again "
                    + "with the configuration of its source."
            )
        }
    }
}

extension Configuration {
    fileprivate var settings: AuthorizationServer.Settings {
        AuthorizationServer.Settings(
            issuer: issuer.text,
            accessTokenLifetime: lifetimes.accessToken,
            policy: refreshTokenPolicy,
            loginAttempts: loginAttempts,
            loopback: trustedProxies.isEmpty ? .everybody : .thisMachine,
            lifetimes: .init(
                authorizationCode: lifetimes.authorizationCode,
                deviceCode: lifetimes.deviceCode,
                deviceInterval: lifetimes.deviceInterval,
                signInIdle: lifetimes.sessionIdle,
                signInAbsolute: lifetimes.sessionAbsolute
            ),
            registration: registration
        )
    }
}
