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

    @Test("what commands end, an API that follows the running server hears of")
    func follow() async throws {
        let running = try await RunningServer(CommandFolder())
        let folder = running.folder
        _ = try await running.server.createAccount(
            username: "ann",
            email: nil,
            password: Secret("open-sesame")
        )
        let api = "https://api.example.com"
        try await folder.run("resource", "create", "--identifier", api, "--scopes", "read")
        let client = try await running.server.createClient(metadata: [
            "token_endpoint_auth_method": "none", "scope": "read",
            "grant_types": ["password", "refresh_token"],
            "allowed_resources": [.string(api)],
        ]).client.id
        var mark = EndMark.start
        func heard() async throws -> Int {
            let poll = EndedSessionsPoll(start: .from(mark))
            let page = try await running.server.ended(
                poll,
                for: ResourceID(rawValue: api)
            )
            mark = page.mark
            return page.tokens.count
        }
        _ = try await running.signIn(at: client)
        #expect(try await heard() == 0)
        let sessions = try await running.server.sessions(ofAccount: "ann", client: nil)
        let id = try #require(sessions.first).family.authorized.id.description
        try await folder.run("session", "revoke", id)
        #expect(try await heard() == 1)
        _ = try await running.signIn(at: client)
        for command in [
            ["session", "revoke", "--user", "ann"],
            ["session", "revoke", "--client", client.rawValue],
            ["consent", "revoke", "--user", "ann", "--client", client.rawValue],
            ["user", "disable", "ann"], ["key", "rotate", "--compromised"],
        ] {
            _ = try await folder.run(command)
            #expect(try await heard() == 1)
        }
        try await folder.run("client", "delete", client.rawValue)
        #expect(try await heard() == 2)
        await running.close()
    }
}
