import MartletProtocol

extension AuthorizationServer {
    /// The token endpoint's answer to a request (RFC 6749 §3.2).
    ///
    /// - Throws: ``OAuthError`` for the client, ``StorageError`` if the store cannot do it now.
    package func token(_ request: TokenRequest) async throws -> TokenResponse {
        guard let name = try request.parameters.one(WireName.grantType) else {
            throw OAuthError(.invalidRequest, "The request has no grant_type.")
        }
        guard let grant = GrantType(rawValue: name) else {
            throw OAuthError(.unsupportedGrantType, "This server does not know the grant type.")
        }
        let response = try await directory.consult { snapshot in
            switch grant {
            case .refreshToken:
                try await RefreshTokenGrant(server: self, snapshot: snapshot).answer(request)
            case .clientCredentials:
                try await ClientCredentialsGrant(server: self, snapshot: snapshot).answer(request)
            case .authorizationCode:
                try await AuthorizationCodeGrant(server: self, snapshot: snapshot).answer(request)
            case .deviceCode:
                try await DeviceCodeGrant(server: self, snapshot: snapshot).answer(request)
            case .password:
                try await PasswordGrant(server: self, snapshot: snapshot).answer(request)
            }
        }
        notice(.issued(grant))
        return response
    }
}

// MARK: - What the grants by a code have in common

extension AuthorizationServer {
    /// The client that presents a code, believed, and registered for this grant.
    func client(
        of request: TokenRequest,
        using grant: GrantType,
        in snapshot: Snapshot
    ) async throws -> Client {
        let (client, _) = try await authenticate(
            try request.presentedClient(),
            from: request.origin,
            in: snapshot
        )
        try await snapshot.upholding { () throws(OAuthError) in try client.require(grant) }
        return client
    }

    /// What the first access token is for: all that was granted, at the API that the request names.
    func target(
        of request: TokenRequest,
        granted: Scope,
        _ resources: [ResourceID],
        in snapshot: Snapshot
    ) async throws -> AccessTokenTarget {
        try await snapshot.upholding { () throws(OAuthError) in
            try AccessTokenRequest(
                granted: granted,
                grantedResources: resources,
                scope: nil,
                resource: try request.resource()
            ).target(among: snapshot.resources, issuer: settings.issuer)
        }
    }
}

extension Client {
    /// - Throws: `unauthorized_client` unless the client registered this grant type.
    func require(_ grant: GrantType) throws(OAuthError) {
        guard may(grant) else {
            throw OAuthError(
                .unauthorizedClient,
                "The client is not registered for this grant type."
            )
        }
    }
}
