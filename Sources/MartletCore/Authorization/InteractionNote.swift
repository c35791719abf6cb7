import MartletProtocol

/// A note that a page leaves in the way back to an authorization request: what the person just did
/// for it. Without one, `prompt=login` would ask for ever; it is authenticated, so that a client
/// cannot write it into its link.
package struct InteractionNote: Sendable, Equatable {
    package enum Act: String, Sendable {
        case signedIn = "signed_in"
        case choseAccount = "chose_account"
    }

    /// Long enough to read a consent page; a tab that is found open later asks again.
    static let lifetime: Duration = .minutes(10)

    package let act: Act
    let seconds: Int64
    let code: String

    /// Reads a note.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let act = Act(rawValue: parts[0]), let seconds = Int64(parts[1]),
            seconds >= 0
        else { return nil }
        self.act = act
        self.seconds = seconds
        code = parts[2]
    }

    /// A note of what was just done.
    package init(
        _ act: Act,
        for query: String,
        by signIn: SignInID,
        keys: KeyRing,
        at now: Instant
    ) throws(StorageError) {
        self.act = act
        seconds = now.seconds
        code = try keys.cookieCode(
            for: .interaction,
            Self.parts(act, now.seconds, query, signIn),
            at: now
        )
    }

    /// The note's text, to go into a URL.
    package var text: String { "\(act.rawValue).\(seconds).\(code)" }

    func isGenuine(
        for query: String,
        of signIn: SignInID,
        keys: CookieKeys,
        at now: Instant
    ) -> Bool {
        guard keys.verify(code, for: .interaction, Self.parts(act, seconds, query, signIn)) else {
            return false
        }
        let made = Instant(seconds: seconds)
        return made <= now && now - made < Self.lifetime
    }

    private static func parts(
        _ act: Act,
        _ seconds: Int64,
        _ query: String,
        _ signIn: SignInID
    ) -> [String] {
        [act.rawValue, String(seconds), query, signIn.rawValue]
    }
}
