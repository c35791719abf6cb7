import Testing

@testable import MartletServer

/// What single pages say, beyond what holds for all of them.
@Suite("What pages say")
struct PageWordsTests {
    private func sample(_ name: String) throws -> HTMLReader {
        let sample = try #require(SamplePages.all.first { $0.name == name })
        return try HTMLReader(sample.page.html())
    }

    private func words(_ html: HTMLReader) -> String {
        html.elements.map(\.text).joined(separator: " ")
    }

    @Test(
        "an app that registered itself is called so, and where it sends people is shown",
        .covers("RFC 7591 §5 no-impersonation")
    )
    func unverified() throws {
        let caution = try #require(
            try sample("consent-unverified").all("p").first { $0["class"] == "alert caution" }
        )
        #expect(caution.text.contains("registered itself"))
        #expect(words(try sample("consent-unverified")).contains("sorter.example.net"))
        #expect(try sample("consent").all("p").allSatisfy { $0["class"] != "alert caution" })
    }

    @Test("a problem is announced, and described at the fields that it is about")
    func problems() throws {
        let html = try sample("login-wrong")
        let alert = try #require(html.elements.first { $0["role"] == "alert" })
        #expect(alert["id"] == "problem")
        let fields = html.all("input").filter { $0["type"] != "hidden" }
        #expect(fields.count == 2)
        #expect(fields.allSatisfy { $0["aria-describedby"] == "problem" })
        #expect(fields.allSatisfy { $0["aria-invalid"] == "true" })
    }

    @Test("somebody who is asked again sees whom the password is asked of, and cannot change it")
    func again() throws {
        let html = try sample("login-again")
        #expect(words(html).contains("ada"))
        let name = try #require(html.all("input").first { $0["name"] == PageField.username })
        // A text field that nobody sees: password managers look for one.
        #expect(name["hidden"] != nil && name["readonly"] != nil)
        #expect(html.all("button").contains { $0["value"] == PageAction.other.rawValue })
    }

    @Test("what is asked for anew is marked, and what is known is said in the reader's language")
    func scopes() throws {
        let html = try sample("consent")
        #expect(html.all("span").filter { $0.text == "New" }.count == 2)
        #expect(words(html).contains("See your email address"))
        #expect(html.all("code").map(\.text) == ["photos:write"])
        let page = try #require(SamplePages.all.first { $0.name == "consent" }).page
        #expect(page.html(in: .german).contains("Ihre E-Mail-Adresse sehen"))
    }

    @Test("each button of a form that has several says which it is")
    func actions() throws {
        for sample in SamplePages.all {
            for button in try HTMLReader(sample.page.html()).all("button") {
                guard let value = button["value"] else { continue }
                #expect(button["name"] == PageField.action)
                #expect(PageAction(rawValue: value) != nil)
            }
        }
    }

    @Test("a device's code is shown before it is allowed, with a warning of codes from others")
    func deviceWarning() throws {
        let html = try sample("device-confirm")
        #expect(html.all("p").contains { $0.text == "WDJB-MJHT" })
        #expect(words(html).contains("Did somebody send you this code"))
    }

    @Test("buttons that end something say what, to who cannot see the row")
    func labels() throws {
        let html = try sample("account")
        let labels = html.all("button").compactMap { $0["aria-label"] }
        #expect(labels.contains("End the session of Holiday Photos, Firefox on Linux"))
        #expect(labels.contains("Withdraw access from Living Room TV"))
        #expect(html.all("form").contains { $0["action"] == PagePath.signOutEverywhere.rawValue })
    }

    @Test("times carry a form for programs")
    func times() throws {
        for time in try sample("account").all("time") {
            #expect(time["datetime"]?.hasSuffix("Z") == true)
            #expect(time["title"]?.hasSuffix(" UTC") == true)
        }
    }

    @Test("where the operator sets the password, there is no form to change it")
    func passwordOfTheOperator() throws {
        let html = try sample("account-empty")
        #expect(!html.all("form").contains { $0["action"] == PagePath.changePassword.rawValue })
        // Only with sessions is there something to mind.
        #expect(!words(html).contains("change your password"))
        #expect(words(try sample("account-of-file")).contains("tell your administrator"))
        #expect(!words(try sample("account-of-file")).contains("change your password"))
    }

    @Test("people read their own name, where the server knows it, and the one they sign in with")
    func names() throws {
        let names = try sample("account").all("bdi").map(\.text)
        #expect(names.starts(with: ["ada", "Ada Lovelace"]))
    }
}
