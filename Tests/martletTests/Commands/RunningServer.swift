import Foundation
import MartletCore
import MartletProtocol
import MartletSQLite
import Testing

@testable import martlet

/// An authorization server in the process of the tests, on the same store as the commands that run
/// beside it: all of a running `martlet serve` but the network, on a clock that may lag.
struct RunningServer {
    let folder: CommandFolder
    let server: AuthorizationServer

    /// - Parameter behind: how far its clock is behind that of the commands.
    init(_ folder: CommandFolder, behind: Duration = .zero) async throws {
        self.folder = folder
        let system = Surroundings.system
        let surroundings = Surroundings(
            now: { system.now() - behind },
            randomBytes: system.randomBytes
        )
        let secret = Secret(surroundings.randomBytes(MasterKey.length))
        try folder.write(Base64URL.encode(secret.bytes) + "\n", to: "martlet.key")
        let storage = try SQLiteStorage.open(
            path: "\(folder.path)/martlet.db",
            ifMissing: .create,
            clock: surroundings.now
        )
        server = AuthorizationServer(
            settings: .init(issuer: "http://localhost:8080"),
            storage: storage,
            masters: MasterKeys(current: try #require(MasterKey(secret))),
            surroundings: surroundings
        )
        try await server.keyAdministration.prepare()
    }

    /// On the store and the master key that are in the folder already.
    init(reopening folder: CommandFolder, store: String = "martlet.db") async throws {
        try await self.init(reopening: folder, at: .sqlite(path: "\(folder.path)/\(store)"))
    }

    /// With the master key that is in the folder, on a store that is there already.
    init(reopening folder: CommandFolder, at location: StoreLocation) async throws {
        self.folder = folder
        let file = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/martlet.key"))
        let secret = try #require(MasterKeyFile.key(in: Secret(Array(file))))
        let opened = try await OpenedStore(location, ifMissing: .refuse)
        server = AuthorizationServer(
            settings: .init(issuer: "http://localhost:8080"),
            storage: opened.storage,
            masters: MasterKeys(current: try #require(MasterKey(secret))),
            surroundings: opened.surroundings
        )
    }

    /// With the user ann (password “open-sesame”) and a public client that may sign her in.
    static func withAnn(
        overlap: Int64 = 0,
        behind: Duration = .zero
    ) async throws -> (RunningServer, client: ClientID) {
        let running = try await RunningServer(CommandFolder(), behind: behind)
        _ = try await running.server.createAccount(
            username: "ann",
            email: nil,
            password: Secret("open-sesame")
        )
        let client = try await running.server.createClient(metadata: [
            "client_name": "Mail",
            "token_endpoint_auth_method": "none",
            "grant_types": ["password", "refresh_token"],
            "refresh_token_policy": ["overlap": .integer(overlap)],
        ])
        return (running, client.client.id)
    }

    /// Signs ann in; answers with the tokens.
    func signIn(at client: ClientID) async throws -> (access: String, refresh: String) {
        try await ask("grant_type=password&username=ann&password=open-sesame", client)
    }

    func refresh(
        _ token: String,
        at client: ClientID
    ) async throws -> (access: String, refresh: String) {
        try await ask("grant_type=refresh_token&refresh_token=\(token)", client)
    }

    private func ask(
        _ form: String,
        _ client: ClientID
    ) async throws -> (access: String, refresh: String) {
        let form = "\(form)&client_id=\(client.rawValue)"
        let response = try await server.token(
            TokenRequest(
                parameters: try FormParameters(parsing: Array(form.utf8)),
                authorization: nil,
                origin: Origin(address: "192.0.2.7", userAgent: "Mail/1"),
                arrived: server.surroundings.now()
            )
        )
        return (response.accessToken, try #require(response.refresh?.token))
    }

    func close() async {
        await server.storage.close()
    }
}
