import MartletProtocol

/// What a browser is given with a form and brings back with it, so that no other site can send the
/// form in the person's name (RFC 6819 §5.3.5), and what it keeps so that it is known again.
extension AuthorizationServer {
    /// A token for one kind of form in one browser.
    ///
    /// - Parameter purpose: what the form does, and to what; a token of one form is worth nothing
    ///   for another.
    package func formToken(
        for purpose: [String],
        browser: String,
        at now: Instant
    ) async throws -> String {
        try await directory.consultCurrent { snapshot in
            try snapshot.keys.cookieCode(for: .form, [browser] + purpose, at: now)
        }
    }

    package func isFormToken(
        _ text: String,
        for purpose: [String],
        browser: String
    ) async throws -> Bool {
        try await directory.consultCurrent { snapshot in
            snapshot.keys.cookies.verify(text, for: .form, [browser] + purpose)
        }
    }

    /// The mark of a browser that signed in with this name.
    package func browserMark(
        of browser: String,
        for username: String,
        at now: Instant
    ) async throws -> String {
        try await directory.consultCurrent { snapshot in
            try snapshot.keys.cookieCode(
                for: .knownBrowser,
                [browser, Account.signInName(username)],
                at: now
            )
        }
    }

    /// Whether one of these is the mark of a browser that signed in with this name before.
    package func isKnown(
        _ browser: String,
        with marks: [String],
        as username: String
    ) async throws -> Bool {
        try await directory.consultCurrent { snapshot in
            let parts = [browser, Account.signInName(username)]
            return marks.contains { snapshot.keys.cookies.verify($0, for: .knownBrowser, parts) }
        }
    }

    /// A note that a page leaves in the way back to an authorization request.
    package func note(
        _ act: InteractionNote.Act,
        for query: String,
        by signIn: SignInID,
        at now: Instant
    ) async throws -> InteractionNote {
        try await directory.consultCurrent { snapshot in
            try InteractionNote(act, for: query, by: signIn, keys: snapshot.keys, at: now)
        }
    }
}
