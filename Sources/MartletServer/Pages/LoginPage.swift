/// Asks who is there: user name and password.
struct LoginPage: Page {
    /// What the person signs in for.
    enum Purpose: Sendable {
        case app(name: String)
        /// To connect a device whose code is entered next.
        case device
        /// The person's own account page.
        case account
    }

    /// Whether the person is already known here.
    enum Mode: Sendable {
        /// With what stands in the field already: the `login_hint`, or what was typed before.
        case signIn(username: String)
        /// The person is signed in and is asked for the password once more (`prompt=login`,
        /// `max_age`); the account cannot be changed but by the way that is offered.
        case again(username: String)
    }

    /// Why the page is shown once more.
    enum Problem: Sendable, CaseIterable {
        /// No such account or not its password: one and the same sentence.
        case wrongPassword
        case tooManyAttempts
        /// The form was open for too long, or is another browser's.
        case formExpired
        /// The sign-in that the person came with is over.
        case signInEnded
        /// The browser did not bring the cookie back that the form was given with.
        case cookiesMissing
    }

    let purpose: Purpose
    let mode: Mode
    let problem: Problem?
    /// Whether there is a button that leads back to the app without a sign-in.
    let canCancel: Bool
    let csrf: String
    let continuation: String
}

extension LoginPage {
    var template: PageTemplate { .login }

    func title(in texts: Texts) -> String {
        switch mode {
        case .signIn: texts[.loginTitle]
        case .again: texts[.loginAgainTitle]
        }
    }

    func content(in surroundings: PageSurroundings) -> PageContent {
        let texts = surroundings.texts
        var content: PageContent = [
            "heading": title(in: texts),
            "lead": lead(in: texts),
            "action": surroundings.path(.login),
            "csrf": csrf,
            "continuation": continuation,
            "canCancel": canCancel,
        ]
        switch mode {
        case .signIn(let username):
            content["asksName"] = true
            content["username"] = username
            content["startsAtName"] = username.isEmpty
        case .again(let username):
            content["username"] = username
            content["shownName"] = username.shown()
            content["initial"] = username.initial
        }
        if let problem {
            content["problem"] = texts[problem.message]
            content["isWrong"] = problem.isInFields
        }
        return content
    }

    private func lead(in texts: Texts) -> [PageContent] {
        switch (mode, purpose) {
        case (.again, _): texts.sentence(.loginAgain)
        case (.signIn, .app(let name)): texts.sentence(.loginForApp, ["client": name.shown()])
        case (.signIn, .device): texts.sentence(.loginForDevice)
        case (.signIn, .account): texts.sentence(.loginForAccount)
        }
    }
}

extension LoginPage.Problem {
    fileprivate var message: MessageKey {
        switch self {
        case .wrongPassword: .problemWrongPassword
        case .tooManyAttempts: .problemTooManyAttempts
        case .formExpired: .problemFormExpired
        case .signInEnded: .problemSignInEnded
        case .cookiesMissing: .problemCookiesMissing
        }
    }

    /// Whether what was typed is at fault.
    fileprivate var isInFields: Bool {
        switch self {
        case .wrongPassword: true
        case .tooManyAttempts, .formExpired, .signInEnded, .cookiesMissing: false
        }
    }
}
