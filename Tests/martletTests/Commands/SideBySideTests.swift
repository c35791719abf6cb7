import Foundation
import MartletCore
import MartletProtocol
import Testing

/// A command and a server are two processes on one file: what one changes counts at once for the
/// other.
@Suite("commands beside a running server")
struct SideBySideTests {
    @Test("a disabled user's next refresh is refused, and enabling revives nothing")
    func disable() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let next = try await running.refresh(token, at: client).refresh
        let disabled = try await running.folder.run("user", "disable", "ann")
        #expect(disabled.output == "Disabled the user “ann”; its one live session is over.\n")
        await #expect(throws: OAuthError.self) { try await running.refresh(next, at: client) }
        await #expect(throws: OAuthError.self) { try await running.signIn(at: client) }
        try await running.folder.run("user", "enable", "ann")
        await #expect(throws: OAuthError.self) { try await running.refresh(next, at: client) }
        _ = try await running.signIn(at: client)
        await running.close()
    }

    @Test("a changed password signs out everywhere")
    func password() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        try await running.folder.run(
            "user",
            "set-password",
            "ann",
            "--password-stdin",
            input: "open sesame\n"
        )
        await #expect(throws: OAuthError.self) { try await running.refresh(token, at: client) }
        await #expect(throws: OAuthError.self) { try await running.signIn(at: client) }
        await running.close()
    }

    @Test("a deleted client and a deleted user are refused")
    func delete() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        try await running.folder.run("client", "delete", client.rawValue)
        await #expect(throws: OAuthError.self) { try await running.refresh(token, at: client) }
        try await running.folder.run("user", "delete", "ann")
        let list = try await running.folder.run("session", "list", "--json")
        #expect(list.json?.array?.first?["username"] == .null)
        #expect(list.json?.array?.first?["end_reason"] == "account_deleted")
        await running.close()
    }

    @Test("a client's changed metadata counts for its next request")
    func update() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        try await running.folder.run(
            "client",
            "update",
            client.rawValue,
            "--metadata",
            "-",
            input: #"{"token_endpoint_auth_method": "none", "grant_types": ["password"]}"#
        )
        await #expect(throws: OAuthError.self) { try await running.refresh(token, at: client) }
        await running.close()
    }

    @Test("what a command made, the server knows")
    func create() async throws {
        let running = try await RunningServer(CommandFolder())
        #expect(try await running.server.clients().isEmpty)
        let made = try await running.folder.run(
            "client",
            "create",
            "--metadata",
            "-",
            input: """
                {"token_endpoint_auth_method": "none", "grant_types": ["password", "refresh_token"]}
                """
        )
        try await running.folder.run(
            "user",
            "create",
            "--username",
            "ann",
            "--password-stdin",
            input: "open-sesame"
        )
        let id = try #require(made.json?[WireName.clientID]?.string)
        _ = try await running.signIn(at: ClientID(rawValue: id))
        await running.close()
    }
}
