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
            "/.well-known/oauth-authorization-server\(issuerPath)",
            "\(issuerPath)/.well-known/openid-configuration",
        ]
    }

    func answer() async throws -> Response {
        let scopes = try await server.resourceScopes()
        var writer = JSONWriter()
        writer.object { body in
            body.member("issuer", server.settings.issuer)
            body.member("token_endpoint", endpoint("/oauth/token"))
            body.member("revocation_endpoint", endpoint("/oauth/revoke"))
            body.member("introspection_endpoint", endpoint("/oauth/introspect"))
            body.member("userinfo_endpoint", endpoint("/oauth/userinfo"))
            body.member("end_session_endpoint", endpoint(LogoutEndpoint.path))
            body.member("backchannel_logout_supported", true)
            body.member("backchannel_logout_session_supported", true)
            switch server.settings.registration {
            case .off: break
            case .token, .open:
                body.member("registration_endpoint", endpoint(RegistrationEndpoint.path))
            }
            body.member("jwks_uri", endpoint("/oauth/jwks"))
            body.member(
                "device_authorization_endpoint",
                endpoint(DeviceAuthorizationEndpoint.path)
            )
            body.member("grant_types_supported", GrantType.allCases.map(\.rawValue))
            body.member("authorization_endpoint", endpoint("/oauth/authorize"))
            body.member("response_types_supported", [WireName.code])
            body.member("response_modes_supported", ResponseMode.allCases.map(\.rawValue))
            body.member("code_challenge_methods_supported", [WireName.challengeMethodS256])
            body.member("authorization_response_iss_parameter_supported", true)
            body.member("prompt_values_supported", Prompt.allCases.map(\.rawValue))
            body.member("request_parameter_supported", false)
            body.member("request_uri_parameter_supported", false)
            body.member("ui_locales_supported", Language.allCases.map(\.rawValue))
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
