/// Asks whether to go on as the person who is signed in, or as somebody else
/// (`prompt=select_account`).
struct SelectAccountPage: Page {
    /// Nil when it is for no app.
    let clientName: String?
    let accountName: String
    /// Whether it was answered with a form that was open for too long, and is asked again.
    var isFormExpired = false
    let csrf: String
    let continuation: String
}

extension SelectAccountPage {
    var template: PageTemplate { .selectAccount }

    func title(in texts: Texts) -> String { texts[.selectAccountTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "heading": title(in: texts),
            "lead": clientName.map {
                texts.sentence(.selectAccountForApp, ["client": $0.shown()])
            } ?? texts.sentence(.selectAccountHere),
            "accountName": accountName.shown(),
            "initial": accountName.initial,
            "continueAs": texts.sentence(.continueAs, ["account": accountName.shown()]),
            "action": surroundings.path(.selectAccount),
            "csrf": csrf,
            "continuation": continuation,
        ]
        if isFormExpired { content["problem"] = texts[.problemFormExpired] }
        return content
    }
}
