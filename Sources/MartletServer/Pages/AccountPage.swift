import MartletCore

/// What a person sees of their own account: sessions, apps, history, password.
struct AccountPage: Page {
    /// One live session: a token family.
    struct Session: Sendable {
        /// What the form that ends it sends.
        let id: String
        let clientName: String
        let userAgent: String
        let address: String
        let startedAt: Instant
        let lastUsedAt: Instant
        let expiresAt: Instant
        /// Whether it came from the sign-in of this very browser.
        let isCurrent: Bool
    }

    /// One app that the person allowed something.
    struct App: Sendable {
        /// What the form that withdraws the consent sends: the client's id.
        let id: String
        let name: String
        /// `client_uri`, of which the host is shown.
        let uri: String?
        let scopes: [ScopeLine]
        let since: Instant
    }

    /// One security event.
    struct Entry: Sendable {
        let kind: Kind
        let at: Instant
        /// Nil when the event has no address of its own.
        let address: String?
        /// Nil when the event has none of its own.
        let userAgent: String?

        enum Kind: Sendable {
            case accountCreated
            case accountEnabled
            /// A session was made.
            case signedIn(app: String)
            /// A browser signed in here, whatever for.
            case signedInHere
            case signedOutHere
            /// Name, address or the like.
            case accountUpdated
            case newAddress(app: String)
            case reuseDetected(app: String)
            case sessionEnded(app: String, EndReason)
            /// All of the account's sessions ended at once.
            case allSessionsEnded(EndReason)
            case consentGiven(app: String)
            case consentWithdrawn(app: String)
        }
    }

    /// What the last form did.
    enum Notice: String, Sendable, CaseIterable {
        case sessionEnded
        case consentWithdrawn
        case passwordChanged
        /// The current password was not the right one.
        case wrongPassword
        case passwordTooShort
        case passwordTooLong
        /// The two entries of the next password are not the same.
        case passwordsDiffer
        case tooManyAttempts
        case formExpired
    }

    /// A list and what it leaves out: every list of the page has a bound.
    struct Listing<Element: Sendable>: Sendable {
        /// At most ``AccountPage/longestList``.
        let elements: [Element]
        /// The query of the page that goes on, as `?history=…`; nil if this is all.
        let next: String?
    }

    /// More are on the page that ``Listing/next`` leads to.
    static let longestList = 50

    let username: String
    /// The profile's name, as people write it.
    var fullName: String?
    /// The e-mail address, or the like; shown under the name.
    let detail: String?
    let notice: Notice?
    let sessions: Listing<Session>
    let apps: Listing<App>
    let history: Listing<Entry>
    /// Whether the password can be changed here, and does not stand in the configuration file.
    let choosesPassword: Bool
    let minimumPasswordLength: Int
    let csrf: String
}
