package import MartletProtocol

/// A visit of a browser to the end session endpoint.
package struct LogoutVisit: Sendable {
    package let parameters: FormParameters
    package let cookie: SignInCookie?
    /// What the person answered to the question; `nil` before it.
    package let answer: LogoutDecision.Answer?
    package let arrived: Instant

    package init(
        parameters: FormParameters,
        cookie: SignInCookie?,
        answer: LogoutDecision.Answer? = nil,
        arrived: Instant
    ) {
        self.parameters = parameters
        self.cookie = cookie
        self.answer = answer
        self.arrived = arrived
    }
}

/// What the browser gets to see.
package enum LogoutAnswer: Sendable {
    /// The question, for whom.
    case ask(LogoutRequest, AuthorizationServer.SignedIn)
    /// Nobody is signed in any more; its cookie is worth nothing.
    case signedOut(LogoutEnd, by: Client?)
    /// The person wants to stay signed in.
    case stay
    /// The request is refused; nothing was done.
    case problem(OAuthError)
}

extension AuthorizationServer {
    /// The end session endpoint (OIDC RP-Initiated Logout 1.0): reads the request, decides, and
    /// signs the browser out. The clients that the person used with it are told in the background.
    ///
    /// - Throws: ``StorageError`` if the store cannot do it now.
    package func logOut(_ visit: LogoutVisit) async throws -> LogoutAnswer {
        try await directory.consultCurrent { snapshot in
            do {
                return try await answer(visit, in: snapshot)
            } catch let error as OAuthError {
                return .problem(error)
            }
        }
    }

    private func answer(
        _ visit: LogoutVisit,
        in snapshot: Snapshot
    ) async throws -> LogoutAnswer {
        let request = try await LogoutRequest.read(
            visit.parameters,
            hint: { issuedIDToken($0, keys: snapshot.keys) },
            client: { try await snapshot.client($0)?.value }
        )
        let person = try await personToSignOut(by: visit.cookie, at: visit.arrived)
        let presence = try presence(of: person, at: request.client, keys: snapshot.keys)
        switch (request.decision(for: presence, answer: visit.answer), person) {
        case (.ask, let person?): return .ask(request, person)
        case (.signOut(let end), let person?):
            try await signOut(person.signIn)
            return .signedOut(end, by: request.client)
        case (.goOn(let end), _), (.signOut(let end), nil):
            return .signedOut(end, by: request.client)
        case (.ask, nil): return .signedOut(.page(back: nil), by: request.client)
        case (.stay, _): return .stay
        }
    }

    private func presence(
        of person: SignedIn?,
        at client: Client?,
        keys: KeyRing
    ) throws(StorageError) -> LogoutDecision.Presence {
        guard let person else { return .nobody }
        guard let client else { return .somebody(nil) }
        return .somebody(
            LogoutDecision.Browser(
                subject: try keys.subject(of: person.account.value.id, for: client),
                sessionID: person.signIn.id.sid(at: client.id)
            )
        )
    }

    /// Who the browser is signed in as. Somebody counts whose sign-in is idle, too: sessions that
    /// end with it may be in use. Not so once the account moved on, which ended them already.
    private func personToSignOut(
        by cookie: SignInCookie?,
        at now: Instant
    ) async throws(StorageError) -> SignedIn? {
        guard let person = try await person(behind: cookie), now < person.signIn.absoluteEnd else {
            return nil
        }
        return person
    }
}
