package import MartletProtocol

/// A request to the authorization endpoint, read and found right (RFC 6749 §4.1.1, OIDC Core
/// §3.1.2.1). Who asks, and what for; nothing in it says yet who the person is.
package struct AuthorizationRequest: Sendable {
    package let client: Stored<Client>
    /// Where the answer goes.
    package let redirect: ProvenRedirect
    /// What is left of the scope that was asked for: what the client may ask for.
    package let scope: Scope
    package let resources: [ResourceID]
    package let nonce: String?
    package let challenge: CodeChallenge?
    package let prompt: Set<Prompt>
    /// How long ago the person may have authenticated.
    package let maxAge: Duration?
    package let loginHint: String?
    /// Whom an ID token of ours or the `claims` parameter names: nobody else will do.
    package let wantedSubjects: WantedSubjects
    /// The classes of authentication one of which it must be.
    package let requiredContextClasses: [String]?
    package let claims: ClaimsRequest?
    /// The languages that the client wishes pages to be in.
    package let uiLocales: String?

    /// Whether access is to go on when the browser's session is over (OIDC Core §11).
    package var isOffline: Bool { scope.contains(ScopeName.offlineAccess) }
}

/// Whom a request is about, if it says so: by an ID token, by the `claims` parameter, or by both,
/// which then must mean the same person.
package enum WantedSubjects: Sendable, Equatable {
    case anybody
    case only(String)
    /// Nobody could be all of them, or what was named is no subject.
    case nobody

    func includes(_ subject: String) -> Bool {
        switch self {
        case .anybody: true
        case .only(let wanted): wanted.isSameText(as: subject)
        case .nobody: false
        }
    }
}

/// A redirect URI that is the client's own, and how the answer travels there.
package struct ProvenRedirect: Sendable {
    /// Longer ones are refused: they come back to the browser in a URL.
    static let maximumState = 4096

    /// As the request had it, or the only one that is registered.
    package let uri: String
    package let registered: RedirectURI
    /// Whether the request named it.
    package let wasSent: Bool
    package let mode: ResponseMode
    package let state: String?
}

// MARK: - Reading

extension AuthorizationRequest {
    static let maximumNonce = 1024
    static let maximumHint = 1024

    /// The client of a request and where its answer goes: what has to be proven before anything
    /// else is looked at, for until then a redirect would go wherever a stranger likes.
    static func source(
        of parameters: FormParameters,
        in snapshot: Snapshot
    ) async throws -> (Stored<Client>, ProvenRedirect) {
        guard let id = try parameters.one(WireName.clientID) else {
            throw OAuthError(.invalidRequest, "The request names no client.")
        }
        guard let client = try await snapshot.client(ClientID(rawValue: id)) else {
            throw OAuthError(.invalidClient, "No client has this client_id.")
        }
        guard client.value.may(.authorizationCode) else {
            throw OAuthError(
                .unauthorizedClient,
                "The client is not registered for signing people in with a browser."
            )
        }
        let redirect = try redirect(of: parameters, for: client.value)
        return (client, redirect)
    }

    private static func redirect(
        of parameters: FormParameters,
        for client: Client
    ) throws(OAuthError) -> ProvenRedirect {
        let sent = try parameters.one(WireName.redirectURI)
        let all = client.metadata.redirectURIs
        let found: RedirectURI?
        if let sent {
            found = all.first { $0.matches(sent) }
        } else {
            found = all.count == 1 ? all.first : nil
        }
        guard let found else {
            throw OAuthError(
                .invalidRequest,
                sent == nil
                    ? "The request names no redirect URI, and the client has several."
                    : "The redirect_uri is not one of those that the client registered; "
                        + "they are compared byte for byte."
            )
        }
        // What is wrong with the mode or the state is told in the mode that needs neither.
        let mode = (try? parameters.one(WireName.responseMode)).flatMap { $0 }
        let state = (try? parameters.one(WireName.state)).flatMap { $0 }
        return ProvenRedirect(
            uri: sent ?? found.text,
            registered: found,
            wasSent: sent != nil,
            mode: mode.flatMap(ResponseMode.init) ?? .query,
            state: state.flatMap { $0.utf8.count <= ProvenRedirect.maximumState ? $0 : nil }
        )
    }

    /// The rest of the request.
    ///
    /// - Parameter subject: who an ID token that this server signed for this client is about.
    /// - Throws: what the client is told.
    static func read(
        _ parameters: FormParameters,
        of client: Stored<Client>,
        redirect: ProvenRedirect,
        resources known: [ResourceID: Resource],
        subject: (String) -> String?
    ) throws(OAuthError) -> AuthorizationRequest {
        try checkForm(parameters)
        let metadata = client.value.metadata
        let scope = try requestedScope(parameters, client: client.value)
        let isOpenID = scope.contains(ScopeName.openID)
        guard redirect.wasSent || !isOpenID else {
            throw OAuthError(.invalidRequest, "An OpenID Connect request names its redirect_uri.")
        }
        let nonce = try parameters.one(WireName.nonce, atMost: maximumNonce)
        let challenge = try challenge(parameters)
        guard challenge != nil || !metadata.requirePKCE else {
            throw OAuthError(
                .invalidRequest,
                "The request has no code_challenge; this client needs PKCE (RFC 7636)."
            )
        }
        guard challenge != nil || (isOpenID && nonce != nil) else {
            throw OAuthError(
                .invalidRequest,
                "The request has neither a code_challenge nor an OpenID Connect nonce."
            )
        }
        let claims = try parameters.one(WireName.claims).map { (text) throws(OAuthError) in
            try ClaimsRequest(parsing: text)
        }
        return AuthorizationRequest(
            client: client,
            redirect: redirect,
            scope: scope,
            resources: try requestedResources(parameters, metadata: metadata, known: known),
            nonce: nonce,
            challenge: challenge,
            prompt: try prompt(parameters),
            maxAge: try maxAge(parameters) ?? metadata.defaultMaxAge,
            loginHint: try parameters.one(WireName.loginHint, atMost: maximumHint),
            wantedSubjects: try wantedSubjects(parameters, claims, subject: subject),
            requiredContextClasses: claims?.requiredContextClasses,
            claims: isOpenID ? claims : nil,
            uiLocales: try parameters.one(WireName.uiLocales, atMost: maximumHint)
        )
    }

    /// What makes it a request of the code flow that this server has.
    private static func checkForm(_ parameters: FormParameters) throws(OAuthError) {
        if let state = try parameters.one(WireName.state),
            state.utf8.count > ProvenRedirect.maximumState
        {
            throw OAuthError(.invalidRequest, "The state is longer than 4096 bytes.")
        }
        if let mode = try parameters.one(WireName.responseMode), ResponseMode(rawValue: mode) == nil
        {
            throw OAuthError(
                .invalidRequest,
                "The response_mode is none that the metadata lists."
            )
        }
        guard try parameters.one(WireName.request) == nil else {
            throw OAuthError(.requestNotSupported, "Request objects are not supported.")
        }
        guard try parameters.one(WireName.requestURI) == nil else {
            throw OAuthError(.requestURINotSupported, "Request objects are not supported.")
        }
        guard try parameters.one(WireName.registration) == nil else {
            throw OAuthError(
                .registrationNotSupported,
                "The registration parameter is not supported."
            )
        }
        guard let type = try parameters.one(WireName.responseType) else {
            throw OAuthError(.invalidRequest, "The request has no response_type.")
        }
        guard type == WireName.code else {
            throw OAuthError(
                .unsupportedResponseType,
                "This server has the response type code and no other."
            )
        }
    }

    /// What the client may ask for of what it asks for; what is unknown is left out (OIDC Core
    /// §3.1.2.1), as long as something is left.
    static func requestedScope(
        _ parameters: FormParameters,
        client: Client
    ) throws(OAuthError) -> Scope {
        var registered = client.registeredScope
        if let offline = Scope(ScopeName.offlineAccess), !client.may(.refreshToken) {
            registered = registered.subtracting(offline)
        }
        guard let text = try parameters.one(WireName.scope) else {
            // Nobody asked for more than the session.
            return Scope(tokens: registered.tokens.filter { $0 != ScopeName.offlineAccess })
                ?? .none
        }
        guard let asked = Scope(text) else {
            throw OAuthError(.invalidScope, "The scope is not a list of valid scope tokens.")
        }
        let left = asked.intersection(registered)
        guard !left.isEmpty || asked.isEmpty else {
            throw OAuthError(.invalidScope, "The client is not registered for this scope.")
        }
        return left
    }

    static func requestedResources(
        _ parameters: FormParameters,
        metadata: ClientMetadata,
        known: [ResourceID: Resource]
    ) throws(OAuthError) -> [ResourceID] {
        let named = parameters.all(WireName.resource)
        guard !named.isEmpty else { return metadata.allowedResources }
        var resources: [ResourceID] = []
        for name in named {
            let id = ResourceID(rawValue: name)
            guard Resource.isValidIdentifier(name), metadata.allowedResources.contains(id),
                known[id] != nil
            else {
                throw OAuthError(
                    .invalidTarget,
                    "A resource is unknown or not one that the client may ask for."
                )
            }
            if !resources.contains(id) { resources.append(id) }
        }
        return resources
    }

    private static func challenge(_ parameters: FormParameters) throws(OAuthError) -> CodeChallenge?
    {
        let method = try parameters.one(WireName.codeChallengeMethod)
        guard let text = try parameters.one(WireName.codeChallenge) else {
            guard method == nil else {
                throw OAuthError(
                    .invalidRequest,
                    "The request has a code_challenge_method and no code_challenge."
                )
            }
            return nil
        }
        guard method == WireName.challengeMethodS256 else {
            throw OAuthError(
                .invalidRequest,
                "The code_challenge_method is not S256, the only one that this server takes."
            )
        }
        guard let challenge = CodeChallenge(text) else {
            throw OAuthError(
                .invalidRequest,
                "The code_challenge is not the base64url of a SHA-256 hash."
            )
        }
        return challenge
    }

    private static func prompt(_ parameters: FormParameters) throws(OAuthError) -> Set<Prompt> {
        guard let text = try parameters.one(WireName.prompt) else { return [] }
        var prompt: Set<Prompt> = []
        for word in text.split(separator: " ") {
            guard let one = Prompt(rawValue: String(word)) else {
                throw OAuthError(
                    .invalidRequest,
                    "The prompt takes none, login, consent and select_account."
                )
            }
            prompt.insert(one)
        }
        guard !prompt.contains(.none) || prompt.count == 1 else {
            throw OAuthError(.invalidRequest, "The prompt none goes with no other.")
        }
        return prompt
    }

    private static func maxAge(_ parameters: FormParameters) throws(OAuthError) -> Duration? {
        guard let text = try parameters.one(WireName.maxAge) else { return nil }
        guard let seconds = Int64(text), ClientMetadata.maxAge.contains(seconds) else {
            throw OAuthError(.invalidRequest, "The max_age is not a number of seconds.")
        }
        return .seconds(seconds)
    }

    private static func wantedSubjects(
        _ parameters: FormParameters,
        _ claims: ClaimsRequest?,
        subject: (String) -> String?
    ) throws(OAuthError) -> WantedSubjects {
        let claimed = claims?.wantedSubjects ?? .anybody
        guard let hint = try parameters.one(WireName.idTokenHint) else { return claimed }
        guard let hinted = subject(hint) else {
            throw OAuthError(
                .invalidRequest,
                "The id_token_hint is not an ID token of this server for this client."
            )
        }
        return claimed.includes(hinted) ? .only(hinted) : .nobody
    }
}

extension ClaimsRequest {
    /// Whom the ID token must be about (OIDC Core §5.5.1). A list of subjects is none: it asks for
    /// one of them, which is nobody's to choose.
    fileprivate var wantedSubjects: WantedSubjects {
        guard let value = idToken[ClaimName.subject]?.value else { return .anybody }
        return value.string.map { .only($0) } ?? .nobody
    }

    /// The classes of authentication that the ID token must name one of (OIDC Core §5.5.1.1).
    fileprivate var requiredContextClasses: [String]? {
        guard let claim = idToken[ClaimName.authenticationContext], claim.isEssential else {
            return nil
        }
        let wanted = (claim.value.map { [$0] } ?? []) + (claim.values ?? [])
        return wanted.isEmpty ? nil : wanted.compactMap(\.string)
    }
}

extension Client {
    /// The scope that it may ask for: what it registered, or, if it registered none, who the person
    /// is and to stay connected.
    var registeredScope: Scope {
        guard metadata.scope.isEmpty, metadata.signsPeopleIn else { return metadata.scope }
        return Scope(tokens: ScopeName.all) ?? .none
    }
}
