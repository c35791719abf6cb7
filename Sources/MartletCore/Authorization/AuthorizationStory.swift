package import MartletProtocol

/// A visit of a browser to the authorization endpoint.
package struct AuthorizationVisit: Sendable {
    /// The parameters, and the query or form that they were read from: what a page brings back
    /// after the person has signed in.
    package let parameters: FormParameters
    package let query: String
    package let cookie: SignInCookie?
    /// What the person did for this request so far, as the pages noted it.
    package let notes: [InteractionNote]
    /// The answer to the consent page: the scope that it showed, and whether the person allowed it.
    package let answer: ConsentAnswer?
    /// Whether the person would rather go back.
    package let isCancelled: Bool
    package let origin: Origin
    package let arrived: Instant

    package init(
        parameters: FormParameters,
        query: String,
        cookie: SignInCookie?,
        notes: [InteractionNote],
        answer: ConsentAnswer? = nil,
        isCancelled: Bool = false,
        origin: Origin,
        arrived: Instant
    ) {
        self.parameters = parameters
        self.query = query
        self.cookie = cookie
        self.notes = notes
        self.answer = answer
        self.isCancelled = isCancelled
        self.origin = origin
        self.arrived = arrived
    }
}

/// What the person answered on the consent page.
package struct ConsentAnswer: Sendable, Equatable {
    /// As the page showed it: if the request has come to mean another one, the answer is none.
    package let scope: Scope
    package let isAllowed: Bool

    package init(scope: Scope, isAllowed: Bool) {
        self.scope = scope
        self.isAllowed = isAllowed
    }
}

/// What the browser gets to see.
package enum AuthorizationAnswer: Sendable {
    /// Back to the client.
    case respond(AuthorizationResponse)
    case signIn(
        AuthorizationRequest,
        AuthorizationDecision.SignInReason,
        AuthorizationServer.SignedIn?
    )
    case selectAccount(AuthorizationRequest, AuthorizationServer.SignedIn)
    case askConsent(AuthorizationRequest, AuthorizationServer.SignedIn, remembered: Scope)
    /// It is not proven where the request came from, so the person is told and nobody else.
    case problem(OAuthError)
}

/// The answer to an authorization request on its way through the browser (RFC 6749 §4.1.2, with the
/// issuer of RFC 9207).
package struct AuthorizationResponse: Sendable {
    package let redirect: ProvenRedirect
    /// What people call the client.
    package let clientName: String
    /// In their order: the code or the error, the state, the issuer.
    package let parameters: [(name: String, value: String)]
}

extension AuthorizationServer {
    /// The authorization endpoint: reads the request, decides what is missing, and either asks the
    /// person for it or answers the client.
    ///
    /// - Throws: ``StorageError`` if the store cannot do it now.
    package func authorize(_ visit: AuthorizationVisit) async throws -> AuthorizationAnswer {
        try await directory.consultCurrent { snapshot in
            do {
                return try await AuthorizationStory(server: self, snapshot: snapshot).answer(visit)
            } catch let error as OAuthError {
                // As long as it is not proven where the request came from.
                return .problem(error)
            }
        }
    }

    func response(
        _ error: OAuthError,
        to redirect: ProvenRedirect,
        of client: Client
    ) -> AuthorizationResponse {
        response(
            [
                (WireName.error, error.code.rawValue),
                (WireName.errorDescription, error.sentence),
            ],
            to: redirect,
            of: client
        )
    }

    func response(
        _ parameters: [(name: String, value: String)],
        to redirect: ProvenRedirect,
        of client: Client
    ) -> AuthorizationResponse {
        var parameters = parameters
        if let state = redirect.state { parameters.append((WireName.state, state)) }
        parameters.append((WireName.issuer, settings.issuer))
        return AuthorizationResponse(
            redirect: redirect,
            clientName: client.shownName,
            parameters: parameters
        )
    }
}

/// The order of the steps at the authorization endpoint. What is missing is decided in
/// `AuthorizationDecision.swift`.
private struct AuthorizationStory {
    let server: AuthorizationServer
    let snapshot: Snapshot

    func answer(_ visit: AuthorizationVisit) async throws -> AuthorizationAnswer {
        let (client, redirect) = try await AuthorizationRequest.source(
            of: visit.parameters,
            in: snapshot
        )
        let person = try await server.signedIn(by: visit.cookie, at: visit.arrived)
        let request: AuthorizationRequest
        do {
            request = try AuthorizationRequest.read(
                visit.parameters,
                of: client,
                redirect: redirect,
                resources: snapshot.resources,
                subject: { hintedSubject($0, for: client.value) }
            )
        } catch {
            return refuse(error, redirect, client.value, isSilent: false, person)
        }

        if visit.isCancelled {
            return refuse(.denied, redirect, client.value, isSilent: false, person)
        }
        let decision = request.decision(
            for: try await known(person, to: request),
            after: interaction(visit, of: person, with: request),
            at: visit.arrived
        )
        switch (decision, person) {
        case (.refuse(let error), _):
            let isSilent = request.prompt.contains(.none)
            return refuse(error, redirect, client.value, isSilent: isSilent, person)
        case (.signIn(let reason), _):
            return .signIn(request, reason, person)
        case (.selectAccount, let person?):
            return .selectAccount(request, person)
        case (.askConsent, let person?):
            let consent = try await consent(of: person, to: client.value)
            return .askConsent(request, person, remembered: consent?.scope ?? .none)
        case (.grant, let person?):
            return try await grant(request, to: person, visit)
        case (.selectAccount, nil), (.askConsent, nil), (.grant, nil):
            return .signIn(request, .notSignedIn, nil)
        }
    }

    /// A self-registered client may be anybody's: before the person has signed in here, nothing
    /// sends them there (RFC 9700 §4.11.2), but for an answer to a request that showed no page.
    private func refuse(
        _ error: OAuthError,
        _ redirect: ProvenRedirect,
        _ client: Client,
        isSilent: Bool,
        _ person: AuthorizationServer.SignedIn?
    ) -> AuthorizationAnswer {
        if client.isSelfRegistered, person == nil, !isSilent { return .problem(error) }
        return .respond(server.response(error, to: redirect, of: client))
    }

    /// What an ID token of ours for this client says who it is about.
    private func hintedSubject(_ text: String, for client: Client) -> String? {
        guard let claims = server.issuedIDToken(text, keys: snapshot.keys),
            claims.audience.contains(where: { $0.isSameText(as: client.id.rawValue) })
        else { return nil }
        return claims.subject
    }

    private func known(
        _ person: AuthorizationServer.SignedIn?,
        to request: AuthorizationRequest
    ) async throws -> AuthorizationDecision.Person? {
        guard let person else { return nil }
        let client = request.client.value
        return AuthorizationDecision.Person(
            subject: try snapshot.keys.subject(of: person.account.value.id, for: client),
            authentication: person.signIn.authentication,
            consent: try await consent(of: person, to: client)
        )
    }

    private func consent(
        of person: AuthorizationServer.SignedIn,
        to client: Client
    ) async throws -> Consent? {
        let id = Consent.recordID(account: person.account.value.id, client: client.id)
        return try await server.storage.find(Consent.self, id: id).0?.value
    }

    /// What the person did for this request: by notes that this server made, for this browser's
    /// sign-in and this very request.
    private func interaction(
        _ visit: AuthorizationVisit,
        of person: AuthorizationServer.SignedIn?,
        with request: AuthorizationRequest
    ) -> AuthorizationDecision.Interaction {
        var interaction = AuthorizationDecision.Interaction()
        guard let person else { return interaction }
        for note in visit.notes
        where note.isGenuine(
            for: visit.query,
            of: person.signIn.id,
            keys: snapshot.keys.cookies,
            at: visit.arrived
        ) {
            switch note.act {
            case .signedIn: interaction.hasSignedIn = true
            case .choseAccount: interaction.hasChosenAccount = true
            }
        }
        if let answer = visit.answer, answer.scope == request.scope {
            interaction.consents = answer.isAllowed
        }
        return interaction
    }

    /// Everything is there: the consent goes on record, and a code to the client.
    private func grant(
        _ request: AuthorizationRequest,
        to person: AuthorizationServer.SignedIn,
        _ visit: AuthorizationVisit
    ) async throws -> AuthorizationAnswer {
        let recorded = try await server.record(
            request.scope,
            of: request.client,
            by: person,
            wasAsked: visit.answer != nil
        )
        guard case .recorded(let epochs) = recorded else {
            return .signIn(request, .notSignedIn, nil)
        }
        let code = AuthorizationCode(
            client: request.client.value.id,
            account: person.account.value.id,
            redirectURI: request.redirect.wasSent ? request.redirect.uri : nil,
            challenge: request.challenge,
            nonce: request.nonce,
            scope: request.scope,
            resources: request.resources,
            claims: request.claims,
            epochs: epochs,
            authentication: person.signIn.authentication,
            signIn: FamilySignIn(id: person.signIn.id, endsWithIt: !request.isOffline),
            signInEnd: person.signIn.absoluteEnd,
            isSilent: request.prompt.contains(.none),
            origin: visit.origin,
            usedFor: nil
        )
        let text = AuthorizationCode.makeText(in: server.surroundings)
        let end = visit.arrived + server.settings.lifetimes.authorizationCode
        let isKept = try await server.storage.put(
            code.entry(AuthorizationCode.key(text), until: end)
        )
        guard isKept else { throw StorageError.unavailable("a code was drawn twice") }
        return .respond(
            server.response(
                [(WireName.code, String(decoding: text.bytes, as: UTF8.self))],
                to: request.redirect,
                of: request.client.value
            )
        )
    }
}
