import Foundation
import MartletProtocol
import MartletTesting
import Testing

@Suite("In Chromium")
struct BrowserTests {
    @Test("a session that a person ends on the account page is over for the app")
    func walk() async throws {
        let app = try await AuthlibApp.start()
        defer { app.stop() }
        let environment = app.environment.merging([
            "DEVICE_CLIENT_ID": AuthlibApp.deviceClientID, "PICTURES": ClientProgram.pictures.path,
            "MARTLET": ServerProcess.binary.path, "CONFIGURATION": app.server.configurationPath,
        ]) { $1 }
        let seen = try await ClientProgram.play("browser_story.py", environment: environment)

        #expect(seen["failure"]?.string ?? "" == "")
        #expect(seen["faults"]?.strings == [], "nobody can use a page that has these")
        #expect(seen["console"]?.strings == [], "no page breaks its own policy")
        #expect(seen["stays_at_login"]?.bool == true)
        #expect(seen["asks_consent"]?.bool == true)
        for moment in ["app", "selected", "posted_by_hand", "posted_by_script"] {
            #expect(seen[moment]?.string?.contains("Signed in as") == true, "\(moment)")
        }
        #expect(seen["profile"]?["email"]?.string == Person.email)
        #expect(seen["asks_again_when_old"]?.bool == true, "an old form says why it is shown again")
        #expect(seen["warns_of_strangers"]?.bool == true)
        #expect(seen["german"]?.strings == ["de", "de"])
        #expect(seen["denied"]?["error"]?.string == "access_denied")
        #expect(seen["links_back"]?.bool == true)
        #expect(seen["front_asks"]?.bool == true, "the issuer's own address leads to a page")
        #expect(seen["changes_password"]?.bool == true)
        #expect(seen["slows_guessing"]?.bool == true)
        #expect(seen["problem_stays"]?.bool == true, "an unknown client is told to the person only")
        #expect(seen["device"]?["access_token"]?.string != nil)
        #expect(seen["sessions"]?.integer ?? 0 >= 1)
        #expect(seen["after_end"]?["error"]?.string == "invalid_grant")
        #expect(seen["asks_again"]?.bool == true, "after signing out the password is asked for")
    }
}
