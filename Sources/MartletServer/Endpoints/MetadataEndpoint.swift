import Hummingbird
import MartletCore
import MartletProtocol

/// What the server can do, for clients to discover (RFC 8414; OpenID Connect Discovery). It
/// announces only what is built.
struct MetadataEndpoint {
    /// How long others may keep it.
    static let cacheLifetime: Duration = .minutes(10)

    let server: AuthorizationServer

    /// Where it is found: RFC 8414 §3.1 puts the issuer's path behind the well-known one,
    /// Discovery §4 before it.
    static func paths(issuerPath: String) -> [String] {
        [
            "\(ServerMetadataName.wellKnownPath)\(issuerPath)",
            "\(issuerPath)\(ServerMetadataName.wellKnownOpenIDPath)",
        ]
    }

    func answer() async throws -> Response {
        let scopes = try await server.resourceScopes()
        var writer = JSONWriter()
        writer.object { body in
            body.member(ServerMetadataName.issuer, server.settings.issuer)
            writeEndpoints(to: &body)
            Self.writeFlow(to: &body)
            let own = ScopeName.all
            body.member("scopes_supported", own + scopes.filter { !own.contains($0) })
            body.member(
                "token_endpoint_auth_methods_supported",
                ClientAuthenticationMethod.allCases.map(\.rawValue)
            )
            body.member(
                "revocation_endpoint_auth_methods_supported",
                ClientAuthenticationMethod.allCases.map(\.rawValue)
            )
            body.member(
                "introspection_endpoint_auth_methods_supported",
                ClientAuthenticationMethod.allCases.filter { $0 != .none }.map(\.rawValue)
            )
            Self.writeSignIn(to: &body)
        }
        return .json(
            writer.bytes,
            cacheControl: .seconds(Self.cacheLifetime.wholeSeconds)
        )
    }

    private func writeEndpoints(to body: inout JSONWriter) {
        body.member(ServerMetadataName.authorizationEndpoint, endpoint("/oauth/authorize"))
        body.member(ServerMetadataName.tokenEndpoint, endpoint("/oauth/token"))
        body.member(ServerMetadataName.revocationEndpoint, endpoint("/oauth/revoke"))
        body.member(ServerMetadataName.introspectionEndpoint, endpoint("/oauth/introspect"))
        body.member(
            ServerMetadataName.endedSessionsEndpoint,
            endpoint(EndedSessionsEndpoint.path)
        )
        body.member(ServerMetadataName.userInfoEndpoint, endpoint("/oauth/userinfo"))
        body.member(
            ServerMetadataName.deviceAuthorizationEndpoint,
            endpoint(DeviceAuthorizationEndpoint.path)
        )
        body.member(ServerMetadataName.endSessionEndpoint, endpoint(LogoutEndpoint.path))
        switch server.settings.registration {
        case .off: break
        case .token, .open:
            body.member("registration_endpoint", endpoint(RegistrationEndpoint.path))
        }
        body.member(ServerMetadataName.keySetURI, endpoint("/oauth/jwks"))
    }

    /// How clients ask, and how they are answered (RFC 8414 §2, RFC 9207 §3, Back-Channel Logout
    /// §2.1).
    private static func writeFlow(to body: inout JSONWriter) {
        body.member("grant_types_supported", GrantType.allCases.map(\.rawValue))
        body.member("response_types_supported", [WireName.code])
        body.member("response_modes_supported", ResponseMode.allCases.map(\.rawValue))
        body.member(ServerMetadataName.codeChallengeMethods, [WireName.challengeMethodS256])
        body.member(ServerMetadataName.issuerInAnswers, true)
        body.member("prompt_values_supported", Prompt.allCases.map(\.rawValue))
        body.member("request_parameter_supported", false)
        body.member("request_uri_parameter_supported", false)
        body.member("ui_locales_supported", Language.allCases.map(\.rawValue))
        body.member("backchannel_logout_supported", true)
        body.member("backchannel_logout_session_supported", true)
    }

    /// What clients are told of the people who sign in (OIDC Discovery §3).
    private static func writeSignIn(to body: inout JSONWriter) {
        let algorithms = SignatureAlgorithm.allCases.map(\.rawValue)
        body.member("subject_types_supported", SubjectType.allCases.map(\.rawValue))
        body.member("id_token_signing_alg_values_supported", algorithms)
        body.member("userinfo_signing_alg_values_supported", algorithms)
        body.member("acr_values_supported", [AuthenticationName.passwordContextClass])
        body.member("claim_types_supported", ["normal"])
        body.member("claims_supported", IDTokenClaims.names + UserClaims.names)
        body.member("claims_parameter_supported", true)
    }

    private func endpoint(_ path: String) -> String { server.settings.issuer + path }
}
