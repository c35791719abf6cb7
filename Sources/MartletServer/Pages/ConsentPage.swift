/// Asks whether an app may have what it asks for.
struct ConsentPage: Page {
    let client: ClientCard
    let accountName: String
    let scopes: [ScopeLine]
    /// Whether the app stays connected when the browser's session is over (`offline_access`).
    let isOffline: Bool
    /// Whether it was answered with a form that was open for too long, and is asked again.
    var isFormExpired = false
    let csrf: String
    let continuation: String
}

extension ConsentPage {
    var template: PageTemplate { .consent }

    func title(in texts: Texts) -> String {
        texts.text(.consentTitle, ["client": client.name.shown()])
    }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        let scopes = scopes.map { $0.content(in: texts) }
        var page: PageContent = [
            "heading": texts.sentence(.consentTitle, ["client": client.name.shown()]),
            "lead": texts.sentence(.consentLead, ["account": accountName.shown()]),
            "scopes": scopes,
            "hasScopes": !scopes.isEmpty,
            "isOffline": isOffline,
            "action": surroundings.path(.consent),
            "csrf": csrf,
            "continuation": continuation,
        ]
        if isFormExpired { page["problem"] = texts[.problemFormExpired] }
        return page.merging(client.content(in: surroundings)) { own, _ in own }
    }
}
