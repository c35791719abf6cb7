package import MartletProtocol

/// A request to the UserInfo endpoint, read but not yet believed.
package struct UserInfoRequest: Sendable {
    package let authorization: String?
    /// The body of a POST, if it is a form.
    package let parameters: FormParameters?
    package let arrived: Instant

    package init(authorization: String?, parameters: FormParameters?, arrived: Instant) {
        self.authorization = authorization
        self.parameters = parameters
        self.arrived = arrived
    }

    /// The one access token that the request has, in its header or its body (RFC 6750 §2.1, §2.2).
    /// A token in the query is not looked at: addresses end up in logs.
    func accessToken() throws(BearerError) -> String {
        let posted = try postedToken()
        switch BearerCredentials(authorization: authorization) {
        case .token(let token):
            guard posted == nil else {
                throw BearerError(.invalidRequest, "The request sends an access token twice.")
            }
            return token
        case .malformed:
            throw BearerError(
                .invalidRequest,
                "The Authorization header does not hold one bearer token."
            )
        case .absent:
            guard let posted else {
                throw BearerError(.tokenMissing, "The request has no access token.")
            }
            return posted
        }
    }

    private func postedToken() throws(BearerError) -> String? {
        do {
            return try parameters?.one(WireName.accessToken)
        } catch {
            throw BearerError(.invalidRequest, error.sentence)
        }
    }
}

/// What the UserInfo endpoint answers with (OIDC Core §5.3.2).
package enum UserInfoAnswer: Sendable {
    case json([UInt8])
    /// Signed, for a client that registered `userinfo_signed_response_alg`.
    case jwt(String)
}

extension AuthorizationServer {
    /// The UserInfo endpoint (OIDC Core §5.3): what the access token's scopes tell of the person
    /// who granted it. It asks each time whether the session still lives, as introspection does.
    ///
    /// - Throws: ``BearerError`` for the caller, ``StorageError`` if the store cannot do it now.
    package func userInfo(_ request: UserInfoRequest) async throws -> UserInfoAnswer {
        let text = try request.accessToken()
        return try await directory.consultCurrent { snapshot in
            let token = try userInfoToken(text, keys: snapshot.keys, at: request.arrived)
            guard
                let family = try await session(of: token, in: snapshot, at: request.arrived),
                let client = try await snapshot.client(family.client)?.value,
                let account = try await storage.find(Account.self, id: family.account.rawValue).0
            else { throw Self.unusableToken }
            return try answer(
                UserInfo(token: token, account: account.value),
                to: client,
                keys: snapshot.keys,
                at: request.arrived
            )
        }
    }

    private static let unusableToken = BearerError(
        .invalidToken,
        "The access token is expired, revoked, or not one of this server's."
    )

    /// The token, if it is one to ask this endpoint with.
    private func userInfoToken(
        _ text: String,
        keys: KeyRing,
        at now: Instant
    ) throws(BearerError) -> AccessTokenClaims {
        guard let token = issuedAccessToken(text, keys: keys, at: now) else {
            throw Self.unusableToken
        }
        guard token.audience.contains(where: { $0.isSameText(as: settings.issuer) }) else {
            throw BearerError(.invalidToken, "The access token is not for this endpoint.")
        }
        guard token.scopes.contains(ScopeName.openID) else {
            throw BearerError(
                .insufficientScope,
                "The access token does not have the scope openid.",
                scopes: [ScopeName.openID]
            )
        }
        return token
    }

    private func answer(
        _ info: UserInfo,
        to client: Client,
        keys: KeyRing,
        at now: Instant
    ) throws -> UserInfoAnswer {
        guard let algorithm = client.metadata.userInfoAlgorithm else {
            return .json(JSONValue.object(info.claims).encoded())
        }
        guard let signer = keys.signer(for: algorithm, of: .userInfo, at: now) else {
            throw StorageError.corrupt("there is no \(algorithm.rawValue) key to sign with")
        }
        let claims = info.signedClaims(issuer: settings.issuer, client: client.id)
        return .jwt(try signer.sign(JSONValue.object(claims).encoded()))
    }
}

/// What is told, and to whom.
private struct UserInfo {
    let token: AccessTokenClaims
    let account: Account

    /// `sub` as the ID token has it, then what the token's scopes allow. A claim that was asked
    /// for one by one is among them, or not allowed.
    var claims: JSONObject {
        var claims = JSONObject()
        claims[ClaimName.subject] = .string(token.subject)
        if let scope = Scope(token.scope) {
            for member in UserClaims.claims(of: account, in: scope).members {
                claims[member.name] = member.value
            }
        }
        return claims
    }

    /// The same for a JWT, which says who signed it for whom (OIDC Core §5.3.2).
    func signedClaims(issuer: String, client: ClientID) -> JSONObject {
        var claims = claims
        claims[ClaimName.issuer] = .string(issuer)
        claims[ClaimName.audience] = .string(client.rawValue)
        return claims
    }
}
