import Foundation
import Hummingbird
import Logging
import MartletCore
import MartletProtocol
import MartletSQLite
import MartletServer

/// A real server on a store that is thrown away at the end, with one user and one client that
/// everybody knows, and one that is the demo's own page. It listens on loopback only, and nothing of it can be reached from `serve`.
struct DemoServer {
    static let client = ClientID(rawValue: "testclient")
    static let clientSecret = Secret("secret")
    static let username = "test"
    static let password = Secret("test")

    let server: AuthorizationServer
    let metrics: ServerMetrics
    /// What the server notices, for the page.
    let feed: DemoFeed
    let folder: URL
    let port: Int

    /// - Parameter accessTokenLifetime: seconds; short, so that a person sees one expire.
    static func make(
        port: Int,
        accessTokenLifetime: Int64,
        surroundings: Surroundings,
        log: ServerLog,
        metrics: ServerMetrics
    ) async throws -> DemoServer {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "martlet-demo-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let storage = try SQLiteStorage.open(
            path: folder.appending(path: "martlet.db").path,
            ifMissing: .create,
            clock: surroundings.now,
            committed: metrics.count
        )
        metrics.observeStore { [weak storage] in storage?.waiting ?? 0 }
        guard let master = MasterKey(Secret(surroundings.randomBytes(MasterKey.length))) else {
            preconditionFailure("a master key has \(MasterKey.length) bytes")
        }
        let feed = DemoFeed(surroundings)
        let server = AuthorizationServer(
            settings: .init(
                issuer: "http://localhost:\(port)",
                accessTokenLifetime: .seconds(accessTokenLifetime)
            ),
            storage: storage,
            masters: MasterKeys(current: master),
            surroundings: surroundings,
            notice: { notice in
                log.notice(notice)
                feed.take(notice)
            }
        )
        let demo = DemoServer(
            server: server,
            metrics: metrics,
            feed: feed,
            folder: folder,
            port: port
        )
        try await demo.prepare()
        return demo
    }

    private func prepare() async throws {
        try await server.keyAdministration.prepare()
        _ = try await server.createAccount(
            username: Self.username,
            email: nil,
            password: Self.password
        )
        let client = Client(
            id: Self.client,
            metadata: try ClientMetadata(json: [
                "client_name": "The demo's client",
                "grant_types": .array([
                    .string(GrantType.password.rawValue),
                    .string(GrantType.refreshToken.rawValue),
                ]),
            ]),
            secret: .slow(
                try await server.passwords.hash(
                    Self.clientSecret,
                    salt: server.surroundings.randomBytes(16)
                )
            ),
            createdAt: server.surroundings.now(),
            managedBy: .operator
        )
        try await server.register(client)
        try await DemoApp(server: server).register()
    }

    /// Closes the store and removes it.
    func discard() async {
        await server.storage.close()
        try? FileManager.default.removeItem(at: folder)
    }
}

extension AuthorizationServer {
    /// Puts one of the demo's clients on record, which have ids of their own choosing.
    func register(_ client: Client) async throws(StorageError) {
        let epoch = Epoch(
            value: surroundings.random63(),
            changedAt: surroundings.now(),
            reason: nil
        )
        try await storage.save(
            [.create(client, epoch: epoch)],
            events: [.clientCreated(client.id)]
        )
    }
}
