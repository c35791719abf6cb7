/// Asks whether to sign out (RP-Initiated Logout §2): a link in somebody's page must not be enough.
struct LogoutConfirmPage: Page {
    let accountName: String
    /// The app that asked, if it is known.
    let clientName: String?
    /// Whether it was answered with a form that was open for too long, and is asked again.
    var isFormExpired = false
    let csrf: String
    let continuation: String
}

extension LogoutConfirmPage {
    var template: PageTemplate { .logoutConfirm }

    func title(in texts: Texts) -> String { texts[.logoutTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "heading": title(in: texts),
            "lead": texts.sentence(.logoutLead, ["account": accountName.shown()]),
            "action": surroundings.path(.logout),
            "csrf": csrf,
            "continuation": continuation,
        ]
        content["forApp"] = clientName.map { name -> PageContent in
            ["parts": texts.sentence(.logoutForApp, ["client": name.shown()])]
        }
        if isFormExpired { content["problem"] = texts[.problemFormExpired] }
        return content
    }
}
