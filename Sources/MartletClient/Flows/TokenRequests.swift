import MartletProtocol

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension OAuthClient {
    /// Asks the token endpoint once. Whatever happens becomes an answer.
    func askForTokens(_ form: [(name: String, value: String)]) async -> TokenAnswer {
        do {
            let address = try await endpoints.metadata().tokenEndpoint
            return .reading(try await endpoints.post(form, to: address, as: self))
        } catch let error as ClientError {
            guard error.isTemporary else { return .impossible(error) }
            return .lost(TokenAnswer.Lost(description: error.description))
        } catch {
            return .lost(TokenAnswer.Lost(description: "The question was broken off."))
        }
    }

    /// Asks the token endpoint once for the first tokens of a sign-in, and checks what comes.
    ///
    /// It is not asked twice: what is presented here (a code, a password) works once, and a second
    /// use of a code would end what the first one began (RFC 6749 §4.1.2).
    func firstTokens(
        _ form: [(name: String, value: String)],
        scope: [String],
        nonce: String? = nil,
        maximumAge: Duration? = nil
    ) async throws -> TokenSet {
        let askedAt = surroundings.now()
        let answer = await askForTokens(form)
        try Task.checkCancellation()
        guard case .tokens(let response) = answer else { throw answer.failure }
        return try await checked(
            response,
            askedAt: askedAt,
            scope: scope,
            nonce: nonce,
            maximumAge: maximumAge
        )
    }

    /// The tokens of an answer, if its ID token holds.
    func checked(
        _ response: TokenResponse,
        askedAt: Date,
        scope: [String],
        nonce: String? = nil,
        maximumAge: Duration? = nil
    ) async throws -> TokenSet {
        var idToken: TokenSet.IDToken?
        if let compact = response.idToken {
            let check = IDTokenCheck(
                issuer: issuer,
                clientID: clientID,
                nonce: nonce,
                maximumAge: maximumAge,
                accessToken: response.accessToken,
                now: surroundings.now()
            )
            idToken = try await verified(compact, check)
        } else if nonce != nil {
            throw ClientError.distrusted(
                "The server sent no ID token, though it was asked for one."
            )
        }
        return TokenSet(response, askedAt: askedAt, scope: scope, idToken: idToken)
    }

    /// The ID token, its signature verified with a key of the issuer.
    private func verified(
        _ compact: String,
        _ check: IDTokenCheck
    ) async throws -> TokenSet.IDToken {
        let signed = try IDTokenCheck.parse(compact)
        let keys = try await endpoints.keys()
        let (name, algorithm) = (signed.header.keyID, signed.header.algorithm)
        var key = keys.keysAtHand()?.key(withID: name, for: algorithm)
        if key == nil {
            do {
                key = try await keys.keys(missing: name).key(withID: name, for: algorithm)
            } catch {
                throw ClientError.noAnswer("The server's keys could not be fetched.", error)
            }
        }
        guard let key, (try? signed.verify(with: key)) != nil else {
            throw ClientError.distrusted("The ID token's signature does not verify.")
        }
        let claims = try IDTokenCheck.claims(of: signed)
        try check.check(claims, signedWith: algorithm)
        return TokenSet.IDToken(compact: Secret(compact), claims: claims)
    }
}

extension TokenSet {
    /// The first tokens of a sign-in. A scope that the answer leaves out is the one that was asked
    /// for (RFC 6749 §5.1).
    init(_ response: TokenResponse, askedAt: Date, scope: [String], idToken: IDToken?) {
        self.init(
            accessToken: response.accessToken,
            accessTokenExpiresAt: response.expiresIn.map { askedAt + .seconds($0) },
            refreshToken: response.refreshToken,
            sessionExpiresAt: response.sessionEndsIn.map { askedAt + .seconds($0) },
            scope: response.scope ?? (scope.isEmpty ? nil : scope),
            idToken: idToken,
            receivedAt: askedAt
        )
    }

    /// What follows these tokens by a refresh: what the answer leaves out stays as it was (RFC 6749
    /// §6).
    ///
    /// The ID token that may come along is from the token endpoint itself, through TLS, which is what
    /// vouches for it (OpenID Connect Core §3.1.3.7, 6): a refresh must not depend on a second
    /// request for keys.
    ///
    /// - Returns: `nil` if the answer is about somebody else (OpenID Connect Core §12.2).
    func followed(by response: TokenResponse, askedAt: Date) -> TokenSet? {
        var idToken = idToken
        if let compact = response.idToken, let earlier = idToken {
            guard let signed = try? IDTokenCheck.parse(compact),
                let claims = try? IDTokenCheck.claims(of: signed),
                IDTokenCheck.continues(earlier.claims, claims)
            else { return nil }
            idToken = IDToken(compact: Secret(compact), claims: claims)
        }
        return TokenSet(
            accessToken: response.accessToken,
            accessTokenExpiresAt: response.expiresIn.map { askedAt + .seconds($0) },
            refreshToken: response.refreshToken ?? refreshToken,
            sessionExpiresAt: response.sessionEndsIn.map { askedAt + .seconds($0) }
                ?? sessionExpiresAt,
            scope: response.scope ?? scope,
            idToken: idToken,
            receivedAt: askedAt
        )
    }
}

extension ClientError {
    /// A refusal in the words of an app: what its person did, or what its developer has to mend.
    static func refused(_ refusal: ServerRefusal) -> ClientError {
        switch OAuthError.Code(rawValue: refusal.error) {
        case .accessDenied:
            return ClientError(.denied, "The sign-in was declined.", refusal: refusal)
        case .expiredToken:
            return ClientError(.tookTooLong, "The code was not used in time.", refusal: refusal)
        case .loginRequired, .interactionRequired, .consentRequired, .accountSelectionRequired:
            return ClientError(.notSignedIn, "The person has to be asked.", refusal: refusal)
        case _:
            let words = refusal.explanation.map { ": \($0)" } ?? "."
            return ClientError(
                .refused,
                "The server refused with \(refusal.error)\(words)",
                refusal: refusal
            )
        }
    }
}
