import MartletProtocol
import Testing

@Suite("Authlib, which nobody here wrote")
struct AuthlibTests {
    @Test(
        "with issuer and credentials alone it signs in, refreshes, reads UserInfo and signs out",
        .covers(
            "OIDC Discovery §3 required-members",
            "OIDC Core §3.1.3.3 id-token",
            "OIDC Core §11 refresh-token",
            "OIDC Core §5.3.2 subject",
            "RP-Initiated Logout §3 state",
            "RP-Initiated Logout §2 signs-out",
            "RFC 6749 §4.1.4 response"
        )
    )
    func wholeStory() async throws {
        let app = try await AuthlibApp.start()
        defer { app.stop() }
        let seen = try await ClientProgram.play("authlib_story.py", environment: app.environment)

        #expect(seen["pages"]?.strings == ["login", "consent"])
        #expect(seen["home"]?.string?.contains("Signed in as") == true)
        let first = try #require(seen["first"]?["token"])
        #expect(first["userinfo"]?["auth_time"]?.integer != nil)
        let subject = try #require(first["userinfo"]?["sub"]?.string)
        try expectProfile(seen["profile"], of: subject)
        try expectProfile(seen["profile_again"], of: subject)

        #expect(seen["third"]?["refreshed"]?.integer == 2)
        let tokens = ["first", "second", "third"].compactMap {
            seen[$0]?["token"]?["refresh_token"]?.string
        }
        #expect(Set(tokens).count == 3, "each refresh brings another refresh token")

        // Whatever runs on this machine could stand behind a loopback address (RFC 8252 §8.6).
        #expect(seen["pages_again"]?.strings == ["consent"], "who it is was remembered")
        #expect(seen["signed_out_at"]?.string?.hasPrefix(app.url + "/signed-out?state=") == true)
        #expect(seen["signed_out"]?.string?.contains("Signed out") == true)
        #expect(seen["asks_again"]?.bool == true, "after signing out the password is asked for")
    }

    private func expectProfile(_ profile: JSONValue?, of subject: String) throws {
        let profile = try #require(profile)
        #expect(profile["sub"]?.string == subject)
        #expect(profile["email"]?.string == Person.email)
        #expect(profile["email_verified"]?.bool == true)
        #expect(profile["name"]?.string == Person.name)
    }
}
