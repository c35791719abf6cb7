/// Says that the browser is signed out.
struct LoggedOutPage: Page {
    /// A way back to the app, which its registration allows.
    struct Return: Sendable {
        let clientName: String
        let uri: String
    }

    let way: Return?
}

extension LoggedOutPage {
    var template: PageTemplate { .loggedOut }

    func title(in texts: Texts) -> String { texts[.loggedOutTitle] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "heading": title(in: texts), "account": surroundings.path(.account),
        ]
        content["way"] = way.map { way -> PageContent in
            [
                "uri": way.uri,
                "parts": texts.sentence(.backToApp, ["client": way.clientName.shown()]),
            ]
        }
        return content
    }
}
