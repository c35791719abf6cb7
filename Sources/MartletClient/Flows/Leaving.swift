import MartletProtocol

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension OAuthClient {
    /// Gives tokens back, so that nobody can use them (RFC 7009): the refresh token if there is one,
    /// which ends the whole session, else the access token.
    ///
    /// - Parameter tokens: Any tokens of the session.
    /// - Throws: ``ClientError``: ``ClientError/Code/unsupported`` if the server takes none back.
    public func revoke(_ tokens: TokenSet) async throws {
        guard let address = try await metadata().revocationEndpoint else {
            throw ClientError(.unsupported, "The server has no revocation endpoint.")
        }
        let (token, hint) =
            tokens.refreshToken.map { ($0, WireName.refreshToken) }
            ?? (tokens.accessToken, WireName.accessToken)
        let answer = try await endpoints.post(
            [(WireName.token, token.text), (WireName.tokenTypeHint, hint)],
            to: address,
            as: self
        )
        guard answer.status == 200 else { throw TokenAnswer.reading(answer).failure }
    }

    /// Where to send the browser to sign the person out of the server as well (OpenID Connect
    /// RP-Initiated Logout §2).
    ///
    /// - Parameters:
    ///   - tokens: Tokens of the session; their ID token tells the server who.
    ///   - redirectURI: Where the browser comes back to afterwards, as it is registered.
    ///   - state: What comes back with it.
    /// - Returns: The address.
    /// - Throws: ``ClientError``: ``ClientError/Code/unsupported`` if the server has no such page.
    public func endSessionURL(
        for tokens: TokenSet,
        returningTo redirectURI: String? = nil,
        state: String? = nil
    ) async throws -> URL {
        guard let endpoint = try await metadata().endSessionEndpoint else {
            throw ClientError(.unsupported, "The server has no page for signing out.")
        }
        var parameters: [(name: String, value: String)] = [(WireName.clientID, clientID)]
        if let idToken = tokens.idToken {
            parameters.append((WireName.idTokenHint, idToken.compact.text))
        }
        if let redirectURI {
            parameters.append((WireName.postLogoutRedirectURI, redirectURI))
        }
        if let state { parameters.append((WireName.state, state)) }
        return try URL(endpoint: endpoint, parameters: parameters)
    }
}
