import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("martlet session")
struct SessionCommandTests {
    @Test("sessions are listed by user and by client, the newest first")
    func list() async throws {
        let (running, client) = try await RunningServer.withAnn()
        _ = try await running.signIn(at: client)
        _ = try await running.signIn(at: client)
        let folder = running.folder
        let array = try await folder.run("session", "list", "--user", "ann", "--json")
        let sessions = try #require(array.json?.array)
        #expect(sessions.count == 2)
        #expect(
            sessions[0].object?.members.map(\.name) == [
                "sid", "username", "sub", "client_id", "scope", "resources", "live", "ended_at",
                "end_reason", "made_at", "last_used_at", "generation", "has_refresh_token",
                "idle_end", "absolute_end", "address", "user_agent",
            ]
        )
        #expect(try #require(sessions[0]["sid"]?.string) > #require(sessions[1]["sid"]?.string))
        let table = try await folder.run("session", "list", "--client", client.rawValue)
        #expect(table.output.contains("live"))
        #expect(table.output.contains("192.0.2.7"))
        let page = try await folder.run("session", "list", "--limit", "1", "--json")
        #expect(page.json?.array?.count == 1)
        let sid = try #require(sessions[0]["sid"]?.string)
        #expect(page.complaint == "There may be more; go on with --before \(sid)\n")
        let rest = try await folder.run("session", "list", "--before", sid, "--json")
        #expect(rest.json?.array?.map { $0["sid"] } == [sessions[1]["sid"]])
        await running.close()
    }

    @Test("a session is shown with its life, and ended once")
    func showAndRevoke() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let first = try await running.signIn(at: client)
        _ = try await running.refresh(first.refresh, at: client)
        let folder = running.folder
        let list = try await folder.run("session", "list", "--json")
        let sid = try #require(list.json?.array?.first?["sid"]?.string)
        let live = try await folder.run("session", "show", sid)
        #expect(live.output.contains("The session is live. Unused it ends in 1"))
        #expect(live.output.contains("It was refreshed once, "))
        #expect(live.output.contains("the user signed in, from 192.0.2.7 with Mail/1"))
        let ended = try await folder.run("session", "revoke", sid, "--json")
        #expect(ended.json?["ended_sessions"] == 1)
        let again = try await folder.run("session", "revoke", sid)
        #expect(again.status == 0)
        #expect(again.output.contains("because the operator ended it"))
        let over = try await folder.run("session", "show", sid, "--json")
        #expect(over.json?["live"] == false)
        #expect(over.json?["end_reason"] == "revoked_by_operator")
        #expect(
            over.json?["history"]?.array?.map { $0["event"] } == ["session_made", "session_ended"]
        )
        await running.close()
    }

    @Test("all sessions of a user or a client end together, and the sentence counts them")
    func revokeMany() async throws {
        let (running, client) = try await RunningServer.withAnn()
        _ = try await running.signIn(at: client)
        _ = try await running.signIn(at: client)
        let user = try await running.folder.run("session", "revoke", "--user", "ann")
        #expect(
            user.output == "Signed the user “ann” out everywhere; its 2 live sessions are over.\n"
        )
        _ = try await running.signIn(at: client)
        let all = try await running.folder.run("session", "revoke", "--client", client.rawValue)
        #expect(all.output.hasSuffix("its one live session is over.\n"))
        let list = try await running.folder.run("session", "list", "--json")
        #expect(
            list.json?.array?.map { $0["end_reason"] } == [
                "client_revoked", "signed_out_everywhere", "signed_out_everywhere",
            ]
        )
        await running.close()
    }

    @Test("what names no session, user or client is refused; naming none or two is a usage error")
    func refused() async throws {
        let folder = try CommandFolder()
        for arguments in [
            ["show", "0000000000001"], ["show", "nonsense"], ["revoke", "0000000000001"],
            ["list", "--user", "bob"], ["list", "--client", "mcl_x"], ["revoke", "--user", "bob"],
        ] {
            let outcome = try await folder.run(["session"] + arguments)
            #expect(outcome.status == 1)
            #expect(outcome.output.isEmpty)
        }
        #expect(try await folder.run("session", "revoke").status == 64)
        #expect(
            try await folder.run("session", "revoke", "--user", "a", "--client", "b").status == 64
        )
        #expect(try await folder.run("session", "list", "--limit", "0").status == 64)
    }
}
