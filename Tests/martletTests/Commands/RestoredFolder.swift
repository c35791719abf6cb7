import Foundation
import MartletCore
import MartletProtocol
import MartletSQLite
import Testing

@testable import martlet

/// A server whose store is backed up and put back later, and two clients of it: one that has a
/// secret and one that has none.
struct RestoredFolder {
    let folder: CommandFolder
    let running: RunningServer
    let app: Party
    let web: Party

    /// A client of the password grant, and what it authenticates with.
    struct Party: Sendable {
        let id: ClientID
        let secret: String?
    }

    init() async throws {
        running = try await RunningServer(CommandFolder())
        folder = running.folder
        _ = try await running.server.createAccount(
            username: "ann",
            email: nil,
            password: Secret("open-sesame")
        )
        app = try await Self.party(running.server, method: "none")
        web = try await Self.party(running.server, method: "client_secret_post")
    }

    private static func party(
        _ server: AuthorizationServer,
        method: String
    ) async throws -> Party {
        let made = try await server.createClient(metadata: [
            "token_endpoint_auth_method": .string(method),
            "grant_types": ["password", "refresh_token"],
        ])
        return Party(
            id: made.client.id,
            secret: made.secret.map { String(decoding: $0.bytes, as: UTF8.self) }
        )
    }

    /// Puts the backup in the place of the store, as an operator does.
    func restore(_ backup: String) throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: "\(folder.path)/martlet.db\(suffix)")
        }
        try FileManager.default.copyItem(
            atPath: "\(folder.path)/\(backup)",
            toPath: "\(folder.path)/martlet.db"
        )
    }
}

extension RunningServer {
    /// A token's way through the token endpoint; answers with the refresh token.
    func signIn(as party: RestoredFolder.Party) async throws -> String {
        try await token("grant_type=password&username=ann&password=open-sesame", party)
    }

    func refresh(_ token: String, as party: RestoredFolder.Party) async throws -> String {
        try await self.token("grant_type=refresh_token&refresh_token=\(token)", party)
    }

    /// Whether a refresh is refused.
    func refuses(_ token: String, as party: RestoredFolder.Party) async throws -> Bool {
        do {
            _ = try await refresh(token, as: party)
            return false
        } catch is OAuthError {
            return true
        }
    }

    private func token(_ form: String, _ party: RestoredFolder.Party) async throws -> String {
        var form = "\(form)&client_id=\(party.id.rawValue)"
        if let secret = party.secret { form += "&client_secret=\(secret)" }
        let response = try await server.token(
            TokenRequest(
                parameters: try FormParameters(parsing: Array(form.utf8)),
                authorization: nil,
                origin: Origin(address: "192.0.2.7", userAgent: "Mail/1"),
                arrived: server.surroundings.now()
            )
        )
        return try #require(response.refresh?.token)
    }
}
