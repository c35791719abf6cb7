import MartletProtocol

/// What becomes of a request to sign out: the rule of OIDC RP-Initiated Logout 1.0 §2 and §3.
///
/// Read from the top, the first row that fits:
///
/// | the browser and the request | decision |
/// | --- | --- |
/// | nobody is signed in | go on, as if it had just been done: signing out twice is no error (§4) |
/// | the hint is an ID token of this very sign-in | sign out |
/// | the person has not been asked | ask |
/// | the person said no | stay |
/// | the person said yes | sign out |
///
/// The standard demands the question where the hint is missing or of another sign-in, and else
/// advises it. With the hint it is not asked: nobody but the client that the person signed in to in
/// this browser has that token, so it is no stranger's page that asks, and a second "do you really"
/// teaches people to press buttons unread.
package enum LogoutDecision: Sendable, Equatable {
    case ask
    case signOut(LogoutEnd)
    /// Nobody is signed in.
    case goOn(LogoutEnd)
    case stay

    /// Who is signed in, as the client that asks knows them.
    package struct Browser: Sendable, Equatable {
        package let subject: String
        /// The `sid` of the sign-in at that client.
        package let sessionID: String

        package init(subject: String, sessionID: String) {
            self.subject = subject
            self.sessionID = sessionID
        }
    }

    /// Who the browser is, if anybody is signed in.
    package enum Presence: Sendable, Equatable {
        case nobody
        /// Somebody; the client's view of them is `nil` if no client is known.
        case somebody(Browser?)
    }

    /// What the person answered to the question.
    package enum Answer: Sendable, Equatable, CaseIterable {
        case signOut
        case stay
    }
}

/// Where a browser ends up that is not signed in any more.
package enum LogoutEnd: Sendable, Equatable {
    /// At the client.
    case redirect(LogoutRedirect)
    /// On a page of ours, with a link to the client if there is an address of it.
    case page(back: LogoutRedirect?)
}

extension LogoutRequest {
    /// The rule.
    package func decision(
        for presence: LogoutDecision.Presence,
        answer: LogoutDecision.Answer?
    ) -> LogoutDecision {
        switch presence {
        case .nobody: return .goOn(end(asked: answer == .signOut ? .byPerson : .byAnybody))
        case .somebody(let browser):
            if let browser, isOf(browser) { return .signOut(end(asked: .byPerson)) }
        }
        return switch answer {
        case nil: .ask
        case .stay: .stay
        case .signOut: .signOut(end(asked: .byPerson))
        }
    }

    /// Whose wish it is.
    private enum Asking {
        case byPerson
        /// It may be a link in anybody's page.
        case byAnybody
    }

    /// Anybody can register a client and an address, so a link that leads to one by way of this
    /// server would lend it this server's name (RFC 9700 §4.11.2): unless the person was asked, or
    /// has just signed out, they stay here and see a link.
    private func end(asked: Asking) -> LogoutEnd {
        guard let redirect, let client else { return .page(back: nil) }
        return switch asked {
        case .byPerson: .redirect(redirect)
        case .byAnybody:
            client.isSelfRegistered ? .page(back: redirect) : .redirect(redirect)
        }
    }

    private func isOf(_ browser: LogoutDecision.Browser) -> Bool {
        guard let hint, let sessionID = hint.sessionID else { return false }
        return sessionID.isSameText(as: browser.sessionID)
            && hint.subject.isSameText(as: browser.subject)
    }
}
