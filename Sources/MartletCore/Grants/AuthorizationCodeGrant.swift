import MartletProtocol

/// An authorization code comes in, the tokens of a new session go out (RFC 6749 §4.1.3): the order
/// of the steps. The code is used up in the step that makes the family.
struct AuthorizationCodeGrant {
    let server: AuthorizationServer
    let snapshot: Snapshot

    /// Unknown, expired, used, another client's, for another redirect URI or without its verifier:
    /// one and the same answer.
    static let invalid = OAuthError(
        .invalidGrant,
        "The authorization code is invalid, has expired or was used, or its redirect_uri or "
            + "code_verifier does not match."
    )
    static let ended = OAuthError(
        .invalidGrant,
        "What the user allowed has ended meanwhile; the user has to sign in again."
    )

    func answer(_ request: TokenRequest) async throws -> TokenResponse {
        guard let text = try request.parameters.one(WireName.code) else {
            throw OAuthError(.invalidRequest, "The request has no code.")
        }
        let client = try await server.client(of: request, using: .authorizationCode, in: snapshot)
        let key = AuthorizationCode.key(Secret(text))
        guard let entry = try await server.storage.find(key) else { throw Self.invalid }
        let code = try AuthorizationCode(entry)
        try check(code, of: client, presentedWith: request)
        if let family = code.usedFor { throw try await usedTwice(family) }

        let target = try await server.target(
            of: request,
            granted: code.scope,
            code.resources,
            in: snapshot
        )
        let made = try await SessionStart(
            server: server,
            snapshot: snapshot,
            client: client,
            account: code.account,
            scope: code.scope,
            resources: code.resources,
            claims: code.claims,
            nonce: code.nonce,
            authentication: code.authentication,
            origin: code.origin,
            standing: .captured(code.epochs),
            signIn: .init(code.signIn, until: code.signInEnd, replacesOthers: code.isSilent),
            redemption: .init(entry) { family in
                code.entry(key, until: family.absoluteEnd, usedFor: family.id)
            }
        ).begin(target: target, at: request.arrived)
        switch made {
        case .made(let response): return response
        case .standingChanged: throw Self.ended
        case .notRedeemable:
            // Somebody was quicker, or it expired at this moment.
            guard let entry = try await server.storage.find(key),
                let family = try AuthorizationCode(entry).usedFor
            else { throw Self.invalid }
            throw try await usedTwice(family)
        }
    }

    /// Whoever presents the code must be who it was made for, and know what only they know.
    private func check(
        _ code: AuthorizationCode,
        of client: Client,
        presentedWith request: TokenRequest
    ) throws(OAuthError) {
        guard code.client.rawValue.isSameText(as: client.id.rawValue) else { throw Self.invalid }
        let verifier = try request.parameters.one(WireName.codeVerifier)
        switch (code.challenge, verifier) {
        case (let challenge?, let text?):
            guard let verifier = CodeVerifier(text), verifier.matches(challenge) else {
                throw Self.invalid
            }
        case (_?, nil):
            throw OAuthError(.invalidGrant, "The request has no code_verifier (RFC 7636).")
        case (nil, _?):
            // The challenge may have been taken out of the request on its way (RFC 9700 §2.1.1).
            throw Self.invalid
        case (nil, nil): break
        }
        // OAuth 2.1 does without it where there is a verifier; what is sent must fit.
        let redirect = try request.parameters.one(WireName.redirectURI)
        switch (code.redirectURI, redirect) {
        case (let sent?, let redirect?):
            guard sent.isSameText(as: redirect) else { throw Self.invalid }
        case (_?, nil):
            guard code.challenge != nil else {
                throw OAuthError(.invalidGrant, "The request has no redirect_uri.")
            }
        case (nil, _?): throw Self.invalid
        case (nil, nil): break
        }
    }

    /// A code was stolen or replayed: the session that came from it ends (RFC 6749 §4.1.2).
    private func usedTwice(_ family: FamilyID) async throws -> OAuthError {
        try await server.endSession(ofCodeUsedTwice: family)
        return Self.invalid
    }
}

extension AuthorizationServer {
    /// Ends the session that came from a code which was used once more.
    func endSession(ofCodeUsedTwice family: FamilyID) async throws(StorageError) {
        guard let family = try await families.authorized(family) else { return }
        try await end(family, for: .codeReuse)
        notice(.codeUsedTwice(family.id))
    }
}
