/// The names of the parameters and members that travel, written once (RFC 6749 appendix A and the
/// RFCs that each belongs to).
public enum WireName {
    /// RFC 6749 §4.
    public static let grantType = "grant_type"
    /// RFC 6749 §2.3.1.
    public static let clientID = "client_id"
    /// RFC 6749 §2.3.1.
    public static let clientSecret = "client_secret"
    /// RFC 6749 §4.3.2.
    public static let username = "username"
    /// RFC 6749 §4.3.2.
    public static let password = "password"
    /// RFC 6749 §3.3.
    public static let scope = "scope"
    /// RFC 8707 §2.
    public static let resource = "resource"
    /// RFC 6749 §6.
    public static let refreshToken = "refresh_token"
    /// RFC 6749 §5.1.
    public static let accessToken = "access_token"
    /// OIDC Core §3.1.3.3.
    public static let idToken = "id_token"
    /// OIDC Core §5.5.
    public static let claims = "claims"
    /// RFC 6749 §5.1.
    public static let tokenType = "token_type"
    /// RFC 6749 §5.1, in seconds.
    public static let expiresIn = "expires_in"
    /// Seconds after which an unused refresh token is no longer good
    /// (draft-ietf-oauth-refresh-token-expiration).
    public static let refreshTokenTimeout = "refresh_token_timeout"
    /// Seconds after which the authorization is over, whatever its use
    /// (draft-ietf-oauth-refresh-token-expiration).
    public static let authorizationExpiresIn = "authorization_expires_in"
    /// RFC 7009 §2.1 and RFC 7662 §2.1.
    public static let token = "token"
    /// RFC 7009 §2.1 and RFC 7662 §2.1.
    public static let tokenTypeHint = "token_type_hint"
    /// RFC 7662 §2.2.
    public static let active = "active"
    /// RFC 6749 §5.2.
    public static let error = "error"
    /// RFC 6749 §5.2.
    public static let errorDescription = "error_description"
    /// RFC 6749 §4.1.1.
    public static let responseType = "response_type"
    /// OAuth 2.0 Multiple Response Type Encoding Practices §2.1.
    public static let responseMode = "response_mode"
    /// RFC 6749 §4.1.1.
    public static let redirectURI = "redirect_uri"
    /// RFC 6749 §4.1.1.
    public static let state = "state"
    /// RFC 6749 §4.1.2.
    public static let code = "code"
    /// RFC 9207 §2.
    public static let issuer = "iss"
    /// RFC 7636 §4.3.
    public static let codeChallenge = "code_challenge"
    /// RFC 7636 §4.3.
    public static let codeChallengeMethod = "code_challenge_method"
    /// RFC 7636 §4.5.
    public static let codeVerifier = "code_verifier"
    /// RFC 7636 §4.2: the one method that Martlet takes.
    public static let challengeMethodS256 = "S256"
    /// OIDC Core §3.1.2.1.
    public static let nonce = "nonce"
    /// OIDC Core §3.1.2.1.
    public static let prompt = "prompt"
    /// OIDC Core §3.1.2.1, in seconds.
    public static let maxAge = "max_age"
    /// OIDC Core §3.1.2.1.
    public static let loginHint = "login_hint"
    /// OIDC Core §3.1.2.1.
    public static let idTokenHint = "id_token_hint"
    /// OIDC RP-Initiated Logout §2.
    public static let postLogoutRedirectURI = "post_logout_redirect_uri"
    /// OIDC Back-Channel Logout §2.5.
    public static let logoutToken = "logout_token"
    /// OIDC Core §3.1.2.1.
    public static let acrValues = "acr_values"
    /// OIDC Core §3.1.2.1.
    public static let uiLocales = "ui_locales"
    /// OIDC Core §6.1: refused.
    public static let request = "request"
    /// OIDC Core §6.2: refused.
    public static let requestURI = "request_uri"
    /// OIDC Core §7.2.1: refused.
    public static let registration = "registration"
    /// RFC 8628 §3.2 and §3.4.
    public static let deviceCode = "device_code"
    /// RFC 8628 §3.2, and the parameter of the page for it (§3.3.1).
    public static let userCode = "user_code"
    /// RFC 8628 §3.2.
    public static let verificationURI = "verification_uri"
    /// RFC 8628 §3.2.
    public static let verificationURIComplete = "verification_uri_complete"
    /// RFC 8628 §3.2, in seconds.
    public static let interval = "interval"
    /// RFC 8693 §2.1 and the hints of RFC 7009 §2.1.
    public static let bearer = "Bearer"
}

/// Scopes with a meaning of their own (OIDC Core §5.4 and §11).
public enum ScopeName {
    /// The request is one of OpenID Connect (OIDC Core §3.1.2.1).
    public static let openID = "openid"
    /// Access while the person is away (OIDC Core §11).
    public static let offlineAccess = "offline_access"
    /// OIDC Core §5.4.
    public static let profile = "profile"
    /// OIDC Core §5.4.
    public static let email = "email"
    /// OIDC Core §5.4.
    public static let address = "address"
    /// OIDC Core §5.4.
    public static let phone = "phone"

    /// All of them: what the issuer itself defines.
    public static let all = [openID, profile, email, address, phone, offlineAccess]
}

/// What a person authenticated by (OIDC Core §2).
public enum AuthenticationName {
    /// The `acr` of a sign-in with a password.
    public static let passwordContextClass = "urn:martlet:acr:password"
    /// The `amr` of a sign-in with a password (RFC 8176 §2).
    public static let password = "pwd"
}

/// The members of client metadata: RFC 7591 §2, and Martlet's own.
public enum ClientMetadataName {
    /// RFC 7591 §2.
    public static let redirectURIs = "redirect_uris"
    /// RFC 7591 §2.
    public static let grantTypes = "grant_types"
    /// RFC 7591 §2.
    public static let authenticationMethod = "token_endpoint_auth_method"
    /// RFC 7591 §2.
    public static let responseTypes = "response_types"
    /// RFC 7591 §2.
    public static let name = "client_name"
    /// RFC 7591 §2.
    public static let contacts = "contacts"
    /// RFC 7591 §2: the client's home page.
    public static let clientURI = "client_uri"
    /// RFC 7591 §2.
    public static let logoURI = "logo_uri"
    /// RFC 7591 §2.
    public static let termsURI = "tos_uri"
    /// RFC 7591 §2.
    public static let policyURI = "policy_uri"
    /// RFC 7591 §2.
    public static let softwareID = "software_id"
    /// RFC 7591 §2.
    public static let softwareVersion = "software_version"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let applicationType = "application_type"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let subjectType = "subject_type"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let idTokenAlgorithm = "id_token_signed_response_alg"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let userInfoAlgorithm = "userinfo_signed_response_alg"
    /// OpenID Connect Dynamic Client Registration §2, in seconds.
    public static let defaultMaxAge = "default_max_age"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let requireAuthTime = "require_auth_time"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let defaultACRValues = "default_acr_values"
    /// OpenID Connect Dynamic Client Registration §2.
    public static let initiateLoginURI = "initiate_login_uri"
    /// OpenID Connect RP-Initiated Logout §3.1.
    public static let postLogoutRedirectURIs = "post_logout_redirect_uris"
    /// OpenID Connect Back-Channel Logout §2.2.
    public static let backchannelLogoutURI = "backchannel_logout_uri"
    /// OpenID Connect Back-Channel Logout §2.2.
    public static let backchannelLogoutSessionRequired = "backchannel_logout_session_required"
    /// Martlet's own: how refresh tokens rotate and how long they live.
    public static let refreshTokenPolicy = "refresh_token_policy"
    /// Martlet's own: seconds.
    public static let accessTokenLifetime = "access_token_lifetime"
    /// Martlet's own: the APIs that the client may ask for.
    public static let allowedResources = "allowed_resources"
    /// Martlet's own: whether the user is not asked.
    public static let skipConsent = "skip_consent"
    /// Martlet's own: whether each authorization request brings a PKCE challenge.
    public static let requirePKCE = "require_pkce"
    /// RFC 7591 §3.2.1.
    public static let idIssuedAt = "client_id_issued_at"
    /// RFC 7591 §3.2.1.
    public static let secretExpiresAt = "client_secret_expires_at"
    /// RFC 7592 §3.
    public static let registrationAccessToken = "registration_access_token"
    /// RFC 7592 §3.
    public static let registrationClientURI = "registration_client_uri"
}

/// What an API answers a request with whose bearer token will not do (RFC 6750 §3.1).
public enum BearerErrorName {
    /// The request is malformed.
    public static let invalidRequest = "invalid_request"
    /// The token is expired, revoked, malformed or not for this API.
    public static let invalidToken = "invalid_token"
    /// The token is good and lacks a scope.
    public static let insufficientScope = "insufficient_scope"
    /// The person signed in too weakly, or too long ago (RFC 9470 §3).
    public static let insufficientUserAuthentication = "insufficient_user_authentication"
}

/// The members of a protected resource's metadata, and how a challenge points at it (RFC 9728 §2,
/// §5.1).
public enum ResourceMetadataName {
    /// The resource's identifier.
    public static let resource = "resource"
    /// The issuers whose tokens it takes.
    public static let authorizationServers = "authorization_servers"
    /// The scopes that are of use there.
    public static let scopes = "scopes_supported"
    /// How tokens are sent to it.
    public static let bearerMethods = "bearer_methods_supported"
    /// The one method that Martlet takes: the `Authorization` header.
    public static let headerMethod = "header"
    /// What people call it.
    public static let name = "resource_name"
    /// Where developers read about it.
    public static let documentation = "resource_documentation"
    /// Where its policy for clients is.
    public static let policyURI = "resource_policy_uri"
    /// Where its terms of service are.
    public static let termsURI = "resource_tos_uri"
    /// The parameter of a challenge that names the document's address.
    public static let challengeParameter = "resource_metadata"

    /// Where the document is (RFC 9728 §3), put before the resource's path.
    public static let wellKnownPath = "/.well-known/oauth-protected-resource"
}

/// The values of `grant_type` that Martlet answers (RFC 6749 §4, §6).
public enum GrantType: String, Sendable, CaseIterable {
    /// RFC 6749 §6.
    case refreshToken = "refresh_token"
    /// RFC 6749 §4.4.
    case clientCredentials = "client_credentials"
    /// RFC 6749 §4.1.
    case authorizationCode = "authorization_code"
    /// RFC 8628 §3.4.
    case deviceCode = "urn:ietf:params:oauth:grant-type:device_code"
    /// RFC 6749 §4.3: legacy; off unless the client's metadata names it.
    case password = "password"
}

/// What the authorization endpoint hands out (RFC 7591 §2, `response_types`): codes, and nothing
/// else since OAuth 2.1.
public enum ResponseType: String, Sendable, CaseIterable {
    /// RFC 6749 §4.1.1.
    case code = "code"
}

/// Where a client runs (OpenID Connect Dynamic Client Registration §2, `application_type`).
public enum ApplicationType: String, Sendable, CaseIterable {
    /// On a web server, or in a page.
    case web = "web"
    /// On the user's device, where it may own a URI scheme.
    case native = "native"
}

/// Whether clients can tell by the `sub` that they meet the same person (OpenID Connect Core §8).
public enum SubjectType: String, Sendable, CaseIterable {
    /// Every client sees the same `sub`.
    case `public` = "public"
    /// Every site sees another one.
    case pairwise = "pairwise"
}

/// What an authorization request may say about asking the person (OIDC Core §3.1.2.1, `prompt`).
public enum Prompt: String, Sendable, Hashable, CaseIterable {
    /// Nobody may be asked anything.
    case none
    /// The person gives the password again.
    case login
    /// The person consents again.
    case consent
    /// The person chooses the account.
    case selectAccount = "select_account"
}

/// How an authorization answer travels (OAuth 2.0 Multiple Response Type Encoding Practices §2.1,
/// OAuth 2.0 Form Post Response Mode §2).
public enum ResponseMode: String, Sendable, CaseIterable {
    /// In the redirect URI's query: the default for a code.
    case query
    /// In its fragment.
    case fragment
    /// In a form that the browser posts to it.
    case formPost = "form_post"
}

/// How a client proves who it is at the token endpoint (RFC 7591 §2,
/// `token_endpoint_auth_method`).
public enum ClientAuthenticationMethod: String, Sendable, CaseIterable {
    /// The secret in an `Authorization: Basic` header (RFC 6749 §2.3.1).
    case clientSecretBasic = "client_secret_basic"
    /// The secret in the body (RFC 6749 §2.3.1).
    case clientSecretPost = "client_secret_post"
    /// A public client, which has none.
    case none = "none"
}

/// The members of an authorization server's metadata that both sides name (RFC 8414 §2, OpenID
/// Connect Discovery §3).
public enum ServerMetadataName {
    /// RFC 8414 §2.
    public static let issuer = "issuer"
    /// RFC 8414 §2.
    public static let authorizationEndpoint = "authorization_endpoint"
    /// RFC 8414 §2.
    public static let tokenEndpoint = "token_endpoint"
    /// RFC 8414 §2.
    public static let revocationEndpoint = "revocation_endpoint"
    /// OpenID Connect Discovery §3.
    public static let userInfoEndpoint = "userinfo_endpoint"
    /// RFC 8628 §4.
    public static let deviceAuthorizationEndpoint = "device_authorization_endpoint"
    /// RFC 8414 §2.
    public static let introspectionEndpoint = "introspection_endpoint"
    /// Where ended sessions are polled for (RFC 8936); Martlet's own.
    public static let endedSessionsEndpoint = "ended_sessions_endpoint"
    /// OpenID Connect RP-Initiated Logout §2.1.
    public static let endSessionEndpoint = "end_session_endpoint"
    /// RFC 8414 §2.
    public static let keySetURI = "jwks_uri"
    /// RFC 8414 §2.
    public static let codeChallengeMethods = "code_challenge_methods_supported"
    /// RFC 9207 §3.
    public static let issuerInAnswers = "authorization_response_iss_parameter_supported"

    /// Where the document is (RFC 8414 §3), put before the issuer's path.
    public static let wellKnownPath = "/.well-known/oauth-authorization-server"
    /// Where the document is (OpenID Connect Discovery §4), put behind the issuer's path.
    public static let wellKnownOpenIDPath = "/.well-known/openid-configuration"
}

/// Why a security event token is not accepted (RFC 8935 §2.4, which RFC 8936 §2.6 refers to).
public enum SecurityEventErrorName {
    /// The token cannot be read, or is not what was asked for.
    public static let invalidRequest = "invalid_request"
    /// The key is unknown, or not to be used.
    public static let invalidKey = "invalid_key"
    /// The token is of another issuer.
    public static let invalidIssuer = "invalid_issuer"
    /// The token is for another recipient.
    public static let invalidAudience = "invalid_audience"
    /// The signature does not verify.
    public static let authenticationFailed = "authentication_failed"
}
