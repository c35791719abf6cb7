import MartletProtocol

extension AuthorizationServer {
    /// The revocation endpoint (RFC 7009): a client gives back a token of its own.
    ///
    /// Any generation of a refresh token ends its family, and is never taken for reuse; an access
    /// token's `jti` is denied until it expires. What is no token of this client changes nothing
    /// and is answered alike (§2.2).
    ///
    /// - Throws: ``OAuthError`` for the client, ``StorageError`` if the store cannot do it now.
    package func revoke(_ request: TokenRequest) async throws {
        guard let text = try request.parameters.one(WireName.token) else {
            throw OAuthError(.invalidRequest, "The request has no token.")
        }
        _ = try request.parameters.one(WireName.tokenTypeHint)
        try await directory.consultCurrent { snapshot in
            let (client, _) = try await authenticate(
                try request.presentedClient(),
                from: request.origin,
                in: snapshot
            )
            if case .issued(let token) = RefreshToken.read(text, with: snapshot.keys.refresh) {
                try await revoke(token, of: client)
            } else if let claims = issuedAccessToken(
                text,
                keys: snapshot.keys,
                at: request.arrived
            ) {
                try await deny(claims, of: client)
            }
        }
    }

    private func revoke(_ token: RefreshToken, of client: Client) async throws {
        guard let family = try await families.authorized(token.family), token.matches(family),
            family.client == client.id
        else { return }
        try await end(family, for: .revokedByClient)
    }

    private func deny(_ claims: AccessTokenClaims, of client: Client) async throws {
        guard claims.clientID == client.id.rawValue else { return }
        let entry = OneTimeEntry(
            key: OneTimeKey(.deniedAccessToken, claims.tokenID),
            expiresAt: Instant(seconds: claims.expiresAt)
        )
        try await storage.change(entry.key) { known, _ -> OneTimeChange<Void> in
            guard known == nil else { return OneTimeChange(answer: ()) }
            return OneTimeChange(
                .put(entry),
                writes: [.end(.accessToken(claims.tokenID, audience: claims.audience))],
                answer: ()
            )
        }
    }

    /// Ends a family for this reason; answers whether it lived. One that is over by its own state
    /// or by its standing keeps the reason that it has; one that merely expired does not, since a
    /// longer idle lifetime could bring it back.
    @discardableResult
    func end(
        _ family: AuthorizedFamily,
        for reason: EndReason
    ) async throws(StorageError) -> Bool {
        let ended = try await storage.change(family) { view, now -> Change<Bool> in
            guard let family = view.family,
                view.standing.end(of: family.authorized.epochs) == nil
            else { return Change(answer: false) }
            switch family.revocation(reason, at: now) {
            case .alreadyOver:
                return Change(answer: false)
            case .end(let state):
                return Change(state: state, events: [family.endEvent(reason)], answer: true)
            }
        }
        if ended { notice(.sessionEnded(family.id, reason)) }
        return ended
    }
}
