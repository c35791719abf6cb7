public import MartletProtocol

extension OAuthClient {
    /// Tokens for a service that acts for itself, not for a person (RFC 6749 §4.4).
    ///
    /// A service that calls an API for days wants ``OAuthSession/service(_:scope:resource:)``, which
    /// asks anew by itself.
    ///
    /// - Parameters:
    ///   - scope: What is asked for; none for what the client is registered for.
    ///   - resource: Which API the token is for (RFC 8707).
    /// - Returns: The tokens.
    /// - Throws: ``ClientError``.
    public func clientCredentials(
        scope: [String] = [],
        resource: String? = nil
    ) async throws -> TokenSet {
        try await firstTokens(
            Self.clientCredentialsForm(scope: scope, resource: resource),
            scope: scope
        )
    }

    static func clientCredentialsForm(
        scope: [String],
        resource: String?
    ) -> [(name: String, value: String)] {
        var form: [(name: String, value: String)] = [
            (WireName.grantType, GrantType.clientCredentials.rawValue)
        ]
        if !scope.isEmpty { form.append((WireName.scope, scope.joined(separator: " "))) }
        if let resource { form.append((WireName.resource, resource)) }
        return form
    }

    /// Tokens for a person whose password the app was told (RFC 6749 §4.3).
    ///
    /// OAuth 2.1 has done away with it: whoever types a password into an app teaches themselves to,
    /// and no second factor works. It is here for moving away from such apps.
    ///
    /// - Parameters:
    ///   - username: Who signs in.
    ///   - password: With which password; it is not kept.
    ///   - scope: What is asked for.
    /// - Returns: The tokens; an ID token among them was checked.
    /// - Throws: ``ClientError``.
    public func password(
        username: String,
        password: Secret,
        scope: [String] = []
    ) async throws -> TokenSet {
        var form: [(name: String, value: String)] = [
            (WireName.grantType, GrantType.password.rawValue),
            (WireName.username, username), (WireName.password, password.text),
        ]
        if !scope.isEmpty { form.append((WireName.scope, scope.joined(separator: " "))) }
        return try await firstTokens(form, scope: scope)
    }

    /// The next tokens, once, without keeping them anywhere (RFC 6749 §6).
    ///
    /// Whoever calls this has to see to it that nobody else refreshes the same tokens, that the
    /// outcome is kept before it is used, and that a lost answer is asked for again. An
    /// ``OAuthSession`` does all three.
    ///
    /// - Parameter tokens: The newest tokens.
    /// - Returns: Their successors.
    /// - Throws: ``ClientError``.
    public func refresh(_ tokens: TokenSet) async throws -> TokenSet {
        guard let refreshToken = tokens.refreshToken else {
            throw ClientError(.expired, "There is no refresh token.")
        }
        let askedAt = surroundings.now()
        let answer = await askForTokens(Self.refreshForm(refreshToken))
        try Task.checkCancellation()
        switch answer {
        case .tokens(let response):
            guard let next = tokens.followed(by: response, askedAt: askedAt) else {
                throw ClientError.distrusted("The refreshed ID token is about somebody else.")
            }
            return next
        case .refused(let refusal):
            throw SignInReason(refusal)?.error ?? ClientError.refused(refusal)
        case .lost, .impossible:
            throw answer.failure
        }
    }

    static func refreshForm(_ token: Secret) -> [(name: String, value: String)] {
        [
            (WireName.grantType, GrantType.refreshToken.rawValue),
            (WireName.refreshToken, token.text),
        ]
    }
}
