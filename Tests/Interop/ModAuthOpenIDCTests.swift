import MartletProtocol
import Testing

@Suite("Apache's mod_auth_openidc, which nobody here wrote")
struct ModAuthOpenIDCTests {
    @Test(
        "with issuer and credentials alone it signs in, refreshes, reads UserInfo and signs out",
        .covers(
            "OIDC Discovery §3 required-members",
            "OIDC Core §3.1.3.3 id-token",
            "RFC 7636 §5 without-challenge",
            "OIDC Core §12.1 refresh"
        )
    )
    func wholeStory() async throws {
        let app = try await ApacheApp.start()
        defer { app.stop() }
        let seen = try await play("mod_auth_openidc_story.py", at: app)

        #expect(seen["pages"]?.strings == ["login", "consent"])
        #expect(seen["text"]?.string == "Welcome")
        #expect(seen["email"]?.string == Person.email, "the app sees the claims of UserInfo")
        let first = try #require(seen["first"], "\(app.log)")
        #expect(first["userinfo"]?["sub"]?.string == first["id_token"]?["sub"]?.string)
        #expect(first["userinfo"]?["name"]?.string == Person.name)

        #expect(seen["after_refresh"]?.string == app.url + "/app/", "\(app.log)")
        let tokens = ["first", "second", "third"].compactMap { seen[$0]?["refresh_token"]?.string }
        #expect(Set(tokens).count == 3, "each refresh brings another refresh token: \(app.log)")
        let access = ["first", "second", "third"].compactMap { seen[$0]?["access_token"]?.string }
        #expect(Set(access).count == 3)

        #expect(seen["signed_out_at"]?.string?.hasPrefix(app.url + "/bye.html") == true)
        #expect(seen["signed_out"]?.string == "Goodbye")
        #expect(seen["asks_again"]?.bool == true, "after signing out the password is asked for")
    }

    @Test(
        "who signs out at the server is signed out of the app, by a logout token",
        .covers("Back-Channel Logout §2.5 request", "Back-Channel Logout §2.4 sid")
    )
    func backchannelLogout() async throws {
        let app = try await ApacheApp.start()
        defer { app.stop() }
        let seen = try await play("backchannel_story.py", at: app)
        #expect(seen["before"]?.bool == true)
        #expect(seen["was_asked"]?.bool == true)
        #expect(seen["after"]?.bool == false, "\(app.log)")
    }

    /// Plays a script; what Apache logged tells more of a failure than the script does.
    private func play(_ script: String, at app: ApacheApp) async throws -> JSONValue {
        do {
            return try await ClientProgram.play(script, environment: app.environment)
        } catch {
            throw ClientProgram.Failure(description: "\(error)\n\(app.log)")
        }
    }
}
