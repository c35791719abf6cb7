import MartletProtocol

/// A request to end a browser's sign-in, read and as far as it goes proven (OIDC RP-Initiated
/// Logout 1.0 §2). Every part of it may be missing.
package struct LogoutRequest: Sendable {
    /// Longer ones are refused: an ID token with every claim asked for is far shorter.
    static let maximumHint = 16 * 1024

    /// Who asks; `nil` if the request does not say in a way that can be believed.
    package let client: Client?
    /// The ID token of ours that the client sent.
    let hint: Hint?
    /// Where the person goes afterwards: an address that ``client`` registered.
    package let redirect: LogoutRedirect?

    /// Whom an ID token is about, and which sign-in of theirs.
    struct Hint: Sendable, Equatable {
        let subject: String
        let sessionID: String?
    }
}

/// Where a browser goes once it is signed out, and what the client gets back there.
package struct LogoutRedirect: Sendable, Equatable {
    package let uri: String
    package let state: String?

    package init(uri: String, state: String?) {
        self.uri = uri
        self.state = state
    }
}

// MARK: - Reading

extension LogoutRequest {
    /// The rule of what is believed:
    ///
    /// | the request has | then |
    /// | --- | --- |
    /// | a parameter twice, or too long | it is refused |
    /// | a `client_id` that nobody has, or not the one that the hint was made for (§2) | it is refused |
    /// | a `post_logout_redirect_uri` that its client did not register (§3) | it is refused |
    /// | an `id_token_hint` that is none of ours, or whose key is gone | as if there were none |
    /// | an `id_token_hint` that has expired | it counts: people stay signed in for longer |
    /// | a `post_logout_redirect_uri` and nothing that says whose it is | no address |
    /// | `logout_hint` | nothing: one person at most is signed in to a browser |
    static func read(
        _ parameters: FormParameters,
        hint hinted: (String) -> IDTokenClaims?,
        client find: (ClientID) async throws -> Client?
    ) async throws -> LogoutRequest {
        let claims = try parameters.one(WireName.idTokenHint, atMost: maximumHint).flatMap(hinted)
        let named = try parameters.one(WireName.clientID)
        let state = try parameters.one(
            WireName.state,
            atMost: ProvenRedirect.maximumState
        )
        let wanted = try parameters.one(WireName.postLogoutRedirectURI)
        if let claims, let named,
            !claims.audience.contains(where: { $0.isSameText(as: named) })
        {
            throw OAuthError(
                .invalidRequest,
                "The id_token_hint was made for another client than the client_id names."
            )
        }
        var client: Client?
        if let id = named ?? claims?.audience.first {
            client = try await find(ClientID(rawValue: id))
        }
        guard named == nil || client != nil else {
            throw OAuthError(.invalidClient, "No client has this client_id.")
        }
        return LogoutRequest(
            client: client,
            hint: claims.map { Hint(subject: $0.subject, sessionID: $0.sessionID) },
            redirect: try client.flatMap { (client) throws(OAuthError) in
                try redirect(to: wanted, of: client, state: state)
            }
        )
    }

    private static func redirect(
        to wanted: String?,
        of client: Client,
        state: String?
    ) throws(OAuthError) -> LogoutRedirect? {
        guard let wanted else { return nil }
        guard client.metadata.postLogoutRedirectURIs.contains(where: { $0.matches(wanted) })
        else {
            throw OAuthError(
                .invalidRequest,
                "The post_logout_redirect_uri is not one of those that the client registered; "
                    + "they are compared byte for byte."
            )
        }
        return LogoutRedirect(uri: wanted, state: state)
    }
}
