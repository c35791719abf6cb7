/// Asks whether to go on as the person who is signed in, or as somebody else
/// (`prompt=select_account`).
struct SelectAccountPage: Page {
    /// Nil when it is for no app.
    let clientName: String?
    let accountName: String
    let csrf: String
    let continuation: String
}

extension SelectAccountPage {
    var template: PageTemplate { .selectAccount }

    func title(in texts: Texts) -> String { texts[.selectAccountTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        return [
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
    }
}
