import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("martlet token explain")
struct TokenCommandTests {
    private func explain(_ token: String, in folder: CommandFolder) async throws -> String {
        let outcome = try await folder.run("token", "explain", "-", input: token + "\n")
        #expect(outcome.status == 0)
        #expect(!outcome.output.contains(token))
        return outcome.output
    }

    private func status(of token: String, in folder: CommandFolder) async throws -> JSONValue? {
        let outcome = try await folder.run("token", "explain", token, "--json")
        #expect(outcome.status == 0)
        #expect(!outcome.output.contains(token))
        return outcome.json
    }

    @Test("of a live refresh token it tells that it works and until when")
    func live() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let text = try await explain(token, in: running.folder)
        #expect(text.hasPrefix("This is a genuine refresh token: number 0 of the session "))
        #expect(text.contains("of the user “ann” at the client “\(client)”."))
        #expect(text.contains("It works: it is the newest of its session"))
        #expect(text.contains("The session is live."))
        let json = try await status(of: token, in: running.folder)
        #expect(
            json?.object?.members.map(\.name) == [
                "kind", "works", "status", "explanation", "generation",
                "superseded_at_or_before", "presenting_it_again", "session", "history",
            ]
        )
        #expect(json?["status"] == "current")
        #expect(json?["presenting_it_again"] == "refreshes_the_session")
        await running.close()
    }

    @Test("of a superseded one it tells when that was at the latest, and that using it is theft")
    func superseded() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let next = try await running.refresh(token, at: client).refresh
        let text = try await explain(token, in: running.folder)
        #expect(text.contains("It was superseded at or before "))
        #expect(text.contains("presenting it again is taken for theft, and ends the session"))
        let json = try await status(of: token, in: running.folder)
        #expect(json?["works"] == false)
        #expect(json?["presenting_it_again"] == "ends_the_session")
        // Asking is not using.
        _ = try await running.refresh(next, at: client)
        await running.close()
    }

    @Test("of one within its overlap it tells that it brings the same successor again")
    func withinOverlap() async throws {
        let (running, client) = try await RunningServer.withAnn(overlap: 60)
        let token = try await running.signIn(at: client).refresh
        _ = try await running.refresh(token, at: client)
        let json = try await status(of: token, in: running.folder)
        #expect(json?["works"] == true)
        #expect(json?["status"] == "superseded")
        #expect(json?["presenting_it_again"] == "repeats_the_successor")
        await running.close()
    }

    @Test("of a reused one, and of the newest of its session, it tells the reuse and the end")
    func reused() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let newest = try await running.refresh(token, at: client).refresh
        await #expect(throws: OAuthError.self) { try await running.refresh(token, at: client) }
        for presented in [token, newest] {
            let text = try await explain(presented, in: running.folder)
            #expect(text.contains("It does not work, since its session is over"))
            #expect(text.contains("because a refresh token of it was used twice."))
            #expect(
                text.contains(
                    "a refresh token was used twice, from 192.0.2.7 with Mail/1: number 0 was "
                        + "presented when number 1 was the newest"
                )
            )
            #expect(try await status(of: presented, in: running.folder)?["status"] == "over")
        }
        await running.close()
    }

    @Test("of an expired one it tells which lifetime is over")
    func expired() async throws {
        let (running, client) = try await RunningServer.withAnn(behind: .days(31))
        let (access, refresh) = try await running.signIn(at: client)
        let text = try await explain(refresh, in: running.folder)
        #expect(text.contains("because it was not used for its idle lifetime."))
        let json = try await status(of: access, in: running.folder)
        #expect(json?["kind"] == "access_token")
        #expect(json?["status"] == "expired")
        await running.close()
    }

    @Test("of an access token it tells the session, and that APIs accept it although that is over")
    func accessToken() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).access
        let live = try await explain(token, in: running.folder)
        #expect(live.hasPrefix("This is an access token that this server signed for the client"))
        #expect(live.contains("It works, and expires in "))
        try await running.folder.run("session", "revoke", "--user", "ann")
        let over = try await explain(token, in: running.folder)
        #expect(over.contains("APIs that check it locally accept it until it expires"))
        #expect(over.contains("because all sessions of the account were ended"))
        #expect(try await status(of: token, in: running.folder)?["status"] == "over")
        await running.close()
    }

    @Test("of a made-up, an altered and a foreign string it tells that it never worked")
    func madeUp() async throws {
        let (running, client) = try await RunningServer.withAnn()
        let token = try await running.signIn(at: client).refresh
        let altered = token.dropLast() + (token.hasSuffix("A") ? "Q" : "A")
        for text in ["mrt_nonsense", String(altered)] {
            #expect(try await status(of: text, in: running.folder)?["status"] == "bad_tag")
        }
        #expect(try await explain("nonsense", in: running.folder).hasPrefix("This is no token"))
        try await running.folder.run("key", "rotate", "--compromised")
        #expect(try await status(of: token, in: running.folder)?["status"] == "unknown_key")
        await running.close()
    }

    @Test("standard input holds one token")
    func oneToken() async throws {
        let folder = try CommandFolder()
        for input in ["", "one two"] {
            let outcome = try await folder.run("token", "explain", "-", input: input)
            #expect(outcome.status == 1)
            #expect(outcome.complaint.hasSuffix("must hold one token, and nothing else.\n"))
        }
        #expect(try await folder.run("token", "explain").status == 64)
    }
}
