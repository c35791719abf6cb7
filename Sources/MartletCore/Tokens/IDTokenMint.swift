package import MartletProtocol

/// Makes ID tokens (OIDC Core §2): what a client is told of the sign-in that a family came from.
package struct IDTokenMint: Sendable {
    /// Clients read an ID token when it arrives; an hour bears with clocks and queues.
    package static let lifetime: Duration = .hours(1)

    let issuer: String

    package init(issuer: String) {
        self.issuer = issuer
    }

    /// A signed ID token that goes with an access token of the same answer.
    ///
    /// - Parameters:
    ///   - account: The family's, if ``ClaimsRequest/needsAccount``; else it need not be read.
    ///   - nonce: The authorization request's; a refreshed ID token has none (OIDC Core §12.2).
    package func mint(
        for family: AuthorizedFamily,
        client: Client,
        account: Account?,
        nonce: String?,
        accessToken: String,
        keys: KeyRing,
        at now: Instant
    ) throws -> String {
        let algorithm = client.metadata.idTokenAlgorithm
        guard let signer = keys.signer(for: algorithm, of: .idToken, at: now) else {
            throw StorageError.corrupt("there is no \(algorithm.rawValue) key to sign with")
        }
        var claims = claims(
            of: family,
            subject: try keys.subject(of: family.account, for: client),
            at: now
        )
        claims.nonce = nonce
        claims.accessTokenHash = IDTokenClaims.hash(of: accessToken, for: algorithm)
        if let account, let asked = family.claims?.idToken {
            // What the client may not ask for any more is not told any more either.
            let scope = family.scope.intersection(client.registeredScope)
            claims.profile = UserClaims.claims(of: account, in: scope, asked: asked)
        }
        return try signer.sign(claims.encoded())
    }

    /// What is the same in every ID token of a family, at whichever of its refreshes it is made.
    private func claims(
        of family: AuthorizedFamily,
        subject: String,
        at now: Instant
    ) -> IDTokenClaims {
        var claims = IDTokenClaims(
            issuer: issuer,
            subject: subject,
            audience: [family.client.rawValue],
            issuedAt: now.seconds,
            expiresAt: min(now + Self.lifetime, family.absoluteEnd).seconds
        )
        claims.authenticationTime = family.authentication.time.seconds
        claims.authenticationContext = family.authentication.contextClass
        claims.authenticationMethods = family.authentication.methods
        claims.authorizedParty = family.client.rawValue
        claims.sessionID = family.signIn?.id.sid(at: family.client)
        return claims
    }
}

extension AuthorizationServer {
    package var idTokens: IDTokenMint { IDTokenMint(issuer: settings.issuer) }

    /// Reads a string as an ID token that this server signed, expired or not: an `id_token_hint`
    /// (OIDC Core §3.1.2.1, RP-Initiated Logout §2).
    ///
    /// It tells whom a client means and gives no power over them.
    package func issuedIDToken(_ text: String, keys: KeyRing) -> IDTokenClaims? {
        guard let payload = signedPayload(text, type: IDTokenClaims.type, keys: keys),
            let claims = try? IDTokenClaims(json: payload),
            claims.issuer.isSameText(as: settings.issuer)
        else { return nil }
        return claims
    }
}
