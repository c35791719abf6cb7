import Hummingbird
import MartletCore

/// What every page of one installation shares: its look, and where it lives.
package struct PageSite: Sendable {
    /// The path of the issuer's URL, without a slash at its end: empty, or `/auth`.
    let issuerPath: String
    let branding: Branding
    let assets: Assets

    package init(issuerPath: String, branding: Branding) {
        self.issuerPath = issuerPath
        self.branding = branding
        assets = Assets(of: branding, issuerPath: issuerPath)
    }

    /// As it is where nobody set anything.
    package static let standard = PageSite(issuerPath: "", branding: .standard)

    /// The style sheet of all pages, for one that the caller adds.
    package var styleSheetPath: String { assets.styleSheet.path }
    package var logoPath: String { assets.logo.path }

    /// The surroundings of a page that answers `request`.
    ///
    /// - Parameters:
    ///   - uiLocales: The request's `ui_locales` (OIDC Core §3.1.2.1), which goes before the
    ///     browser's languages.
    ///   - formTargets: The redirect URIs that a form of the page may end at: Chromium applies
    ///     `form-action` to redirects too.
    func surroundings(
        of request: Request,
        uiLocales: String? = nil,
        formTargets: [String] = [],
        now: Instant
    ) -> PageSurroundings {
        PageSurroundings(
            site: self,
            language: .preferred(
                uiLocales: uiLocales,
                acceptLanguage: request.headers[.acceptLanguage]
            ),
            formTargets: formTargets,
            now: now
        )
    }
}

/// Who a page is shown to, and where and when.
struct PageSurroundings: Sendable {
    let site: PageSite
    let language: Language
    /// Redirect URIs that a form of the page may end at.
    let formTargets: [String]
    let now: Instant

    var texts: Texts { PageTemplates.standard.texts(in: language) }

    /// A path of ours as a link has it.
    func path(_ path: PagePath) -> String { site.issuerPath + path.rawValue }
}

/// Where the pages' forms and links lead, below the issuer's path.
enum PagePath: String, CaseIterable {
    case login = "/login"
    case selectAccount = "/select-account"
    case consent = "/consent"
    case device = "/device"
    case deviceConfirm = "/device/confirm"
    case logout = "/logout"
    case account = "/account"
    case endSession = "/account/sessions/end"
    case withdrawConsent = "/account/apps/withdraw"
    case changePassword = "/account/password"
    case signOut = "/account/sign-out"
    case signOutEverywhere = "/account/sign-out-everywhere"
}

/// The names of the fields in the pages' forms.
enum PageField {
    /// In every form.
    static let csrf = "csrf"
    /// Where the person goes on afterwards: a local path with query.
    static let continuation = "continue"
    /// Which of a form's buttons was pressed: one of ``PageAction``.
    static let action = "action"
    static let username = "username"
    static let password = "password"
    static let currentPassword = "current_password"
    static let nextPassword = "next_password"
    static let repeatedPassword = "repeated_password"
    static let session = "session"
    static let client = "client"
    /// In the account page's address: what the last form did, and where its lists go on.
    static let notice = "notice"
    static let sessions = "sessions"
    static let apps = "apps"
    static let history = "history"
}

/// The buttons of forms that have more than one, as the values of ``PageField/action``.
enum PageAction: String, CaseIterable {
    /// The sign-in's button.
    case signIn = "sign_in"
    /// Leave the sign-in and go back to the app without it.
    case cancel
    /// Go on as the account that is shown.
    case proceed = "continue"
    /// Sign in as somebody else.
    case other
    case allow
    case deny
    /// Sign out.
    case signOut = "sign_out"
    /// Stay signed in.
    case stay
}
