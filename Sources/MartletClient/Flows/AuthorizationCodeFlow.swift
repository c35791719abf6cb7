import MartletProtocol

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// A sign-in on its way through the browser: where to send the person, and what only this app knows
/// when the answer comes back.
///
/// It lives in memory for as long as the person takes. Whoever has it and the answer has the tokens,
/// so it is not written anywhere.
public struct SignInRequest: Sendable {
    /// Where the browser goes.
    public let url: URL

    /// Where the answer comes back to.
    public let redirectURI: String

    let state: Secret
    let nonce: String?
    let verifier: CodeVerifier
    let options: SignInOptions
    let issuer: String
    let namesIssuerInAnswers: Bool

    /// The code in an answer, if the answer is to this request. The rule, the first row that fits:
    ///
    /// | the answer | |
    /// | --- | --- |
    /// | goes to another address, has a parameter twice, or another `state` | *untrusted* |
    /// | has another `iss`, or none where the server announces it (RFC 9207 §2.4) | *untrusted* |
    /// | has an `error` | *denied* or *refused* |
    /// | has no code | *untrusted* |
    /// | else | the code |
    func code(in answer: String) throws(ClientError) -> Secret {
        let parameters = try parameters(of: answer)
        do {
            let issuer = try parameters.one(WireName.issuer)
            guard issuer.map({ $0.isSameText(as: self.issuer) }) ?? !namesIssuerInAnswers else {
                throw ClientError.distrusted("The answer is from another server.")
            }
            if let error = try parameters.one(WireName.error) {
                let explanation = try parameters.one(WireName.errorDescription)
                throw ClientError.refused(ServerRefusal(error: error, explanation: explanation))
            }
            guard let code = try parameters.one(WireName.code) else {
                throw ClientError.distrusted("The answer has no code.")
            }
            return Secret(code)
        } catch let error as ClientError {
            throw error
        } catch {
            throw .distrusted("The answer has a parameter twice.")
        }
    }

    /// Whether an answer comes to this request's address with this request's `state`.
    func isAnswered(by answer: String) -> Bool {
        (try? parameters(of: answer)) != nil
    }

    private func parameters(of answer: String) throws(ClientError) -> FormParameters {
        let address = answer.prefix { $0 != "?" && $0 != "#" }
        let query = answer[address.endIndex...].dropFirst().prefix { $0 != "#" }
        guard String(address).isSameText(as: String(redirectURI.prefix { $0 != "?" })),
            let parameters = try? FormParameters(parsing: Array(query.utf8)),
            let state = try? parameters.one(WireName.state),
            Secret(state) == self.state
        else { throw .distrusted("The answer is not to this sign-in.") }
        return parameters
    }
}

extension OAuthClient {
    /// Begins a sign-in in the browser (RFC 6749 §4.1, with a proof key: RFC 7636).
    ///
    /// On a phone, open ``SignInRequest/url`` in the system's browser (`ASWebAuthenticationSession`
    /// and the like), with a redirect URI of the app's own scheme, and hand the answer to
    /// ``finishSignIn(_:callback:)``. On a desktop, ``signInWithBrowser(_:redirect:open:)`` does all
    /// of it.
    ///
    /// - Parameters:
    ///   - redirectURI: Where the answer comes back to, as it is registered.
    ///   - options: What is asked for.
    /// - Returns: The request, to be kept until the answer is there.
    /// - Throws: ``ClientError``.
    public func signInRequest(
        redirectURI: String,
        _ options: SignInOptions = SignInOptions()
    ) async throws -> SignInRequest {
        let metadata = try await metadata()
        guard let endpoint = metadata.authorizationEndpoint else {
            throw ClientError(.unsupported, "The server has no authorization endpoint.")
        }
        let verifierText = Base64URL.encode(surroundings.randomBytes(32))
        guard let verifier = CodeVerifier(verifierText) else {
            preconditionFailure("32 bytes make a verifier of 43 characters")
        }
        let state = Base64URL.encode(surroundings.randomBytes(32))
        let nonce =
            options.scope.contains(ScopeName.openID)
            ? Base64URL.encode(surroundings.randomBytes(32)) : nil
        var parameters: [(name: String, value: String)] = [
            (WireName.responseType, ResponseType.code.rawValue), (WireName.clientID, clientID),
            (WireName.redirectURI, redirectURI), (WireName.state, state),
            (WireName.codeChallenge, CodeChallenge(of: verifier).text),
            (WireName.codeChallengeMethod, WireName.challengeMethodS256),
        ]
        if let nonce { parameters.append((WireName.nonce, nonce)) }
        parameters += options.parameters
        return SignInRequest(
            url: try URL(endpoint: endpoint, parameters: parameters),
            redirectURI: redirectURI,
            state: Secret(state),
            nonce: nonce,
            verifier: verifier,
            options: options,
            issuer: issuer,
            namesIssuerInAnswers: metadata.namesIssuerInAnswers
        )
    }

    /// Ends a sign-in in the browser: takes the answer, and exchanges its code for tokens.
    ///
    /// - Parameters:
    ///   - request: What ``signInRequest(redirectURI:_:)`` made.
    ///   - callback: Where the browser was sent back to, with everything behind the question mark.
    /// - Returns: The tokens; the ID token among them was checked.
    /// - Throws: ``ClientError``: ``ClientError/Code/denied`` if the person said no,
    ///   ``ClientError/Code/untrusted`` if the answer is not to this request. If it is
    ///   ``ClientError/Code/offline``, the sign-in has to begin anew: a code works once.
    public func finishSignIn(
        _ request: SignInRequest,
        callback: URL
    ) async throws -> TokenSet {
        try await finishSignIn(request, answer: callback.absoluteString)
    }

    func finishSignIn(_ request: SignInRequest, answer: String) async throws -> TokenSet {
        let code = try request.code(in: answer)
        return try await firstTokens(
            [
                (WireName.grantType, GrantType.authorizationCode.rawValue),
                (WireName.code, code.text), (WireName.redirectURI, request.redirectURI),
                (WireName.codeVerifier, request.verifier.secret.text),
            ],
            scope: request.options.scope,
            nonce: request.nonce,
            maximumAge: request.options.maximumAge
        )
    }
}

extension URL {
    /// An endpoint's address with parameters; a query that it has is kept (RFC 6749 §3.1).
    init(endpoint: String, parameters: [(name: String, value: String)]) throws(ClientError) {
        let separator = endpoint.contains("?") ? "&" : "?"
        guard let url = URL(string: endpoint + separator + FormText.encode(parameters)) else {
            throw ClientError(.unsupported, "The server's \(endpoint) is not an address.")
        }
        self = url
    }
}
