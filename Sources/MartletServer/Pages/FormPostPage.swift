/// Carries an authorization response to the app in a form (OAuth 2.0 Form Post Response Mode):
/// submitted by a script of ours at once, or by the button where scripts are off.
struct FormPostPage: Page {
    /// A parameter of the response.
    struct Parameter: Sendable {
        let name: String
        let value: String
    }

    let clientName: String
    /// The redirect URI, registered.
    let target: String
    let parameters: [Parameter]
}

extension FormPostPage {
    var template: PageTemplate { .formPost }
    var scripting: PageScripting { .submitsForm }

    func title(in texts: Texts) -> String { texts[.formPostTitle] }

    func formTargets(_ surroundings: PageSurroundings) -> [String] { [target] }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        return [
            "heading": title(in: texts),
            "lead": texts.sentence(.formPostLead, ["client": clientName.shown()]),
            "target": target,
            "parameters": parameters.map { parameter -> PageContent in
                ["parameterName": parameter.name, "parameterValue": parameter.value]
            },
        ]
    }
}
