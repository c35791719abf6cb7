/// An error as the client is told it: a registered code and one fixed sentence (RFC 6749 §5.2).
///
/// The sentence says what to do; it never quotes the request, so nothing that a stranger sent is
/// reflected and nothing that the server knows leaks.
public struct OAuthError: Error, Sendable, Equatable {
    /// The registered error codes that Martlet answers with.
    public enum Code: String, Sendable, CaseIterable {
        /// The request lacks a parameter, repeats one or is otherwise malformed (RFC 6749 §5.2).
        case invalidRequest = "invalid_request"
        /// Client authentication failed (RFC 6749 §5.2).
        case invalidClient = "invalid_client"
        /// The grant or refresh token is invalid, expired, ended or another client's (RFC 6749 §5.2).
        case invalidGrant = "invalid_grant"
        /// The client may not use this grant type (RFC 6749 §5.2).
        case unauthorizedClient = "unauthorized_client"
        /// The server does not know this grant type (RFC 6749 §5.2).
        case unsupportedGrantType = "unsupported_grant_type"
        /// The scope is invalid, unknown or wider than what was granted (RFC 6749 §5.2).
        case invalidScope = "invalid_scope"
        /// The resource is invalid, unknown or was not granted (RFC 8707 §2).
        case invalidTarget = "invalid_target"
        /// The token type cannot be revoked here (RFC 7009 §2.2.1).
        case unsupportedTokenType = "unsupported_token_type"
        /// A value in the client metadata is invalid (RFC 7591 §3.2.2).
        case invalidClientMetadata = "invalid_client_metadata"
        /// A redirection URI is invalid (RFC 7591 §3.2.2).
        case invalidRedirectURI = "invalid_redirect_uri"
        /// The person or the server said no (RFC 6749 §4.1.2.1).
        case accessDenied = "access_denied"
        /// The response type is none that this server has (RFC 6749 §4.1.2.1).
        case unsupportedResponseType = "unsupported_response_type"
        /// Without asking the person it cannot be done (OIDC Core §3.1.2.6).
        case interactionRequired = "interaction_required"
        /// The person has to sign in (OIDC Core §3.1.2.6).
        case loginRequired = "login_required"
        /// The person has to choose an account (OIDC Core §3.1.2.6).
        case accountSelectionRequired = "account_selection_required"
        /// The person has to consent (OIDC Core §3.1.2.6).
        case consentRequired = "consent_required"
        /// The authentication that was demanded cannot be done here (OpenID Connect Core Error
        /// Code unmet_authentication_requirements §3).
        case unmetAuthenticationRequirements = "unmet_authentication_requirements"
        /// Request objects are not supported (OIDC Core §3.1.2.6).
        case requestNotSupported = "request_not_supported"
        /// Request objects by reference are not supported (OIDC Core §3.1.2.6).
        case requestURINotSupported = "request_uri_not_supported"
        /// The registration parameter is not supported (OIDC Core §3.1.2.6).
        case registrationNotSupported = "registration_not_supported"
        /// The person has not decided yet (RFC 8628 §3.5).
        case authorizationPending = "authorization_pending"
        /// The device asks too often (RFC 8628 §3.5).
        case slowDown = "slow_down"
        /// The device code has expired (RFC 8628 §3.5).
        case expiredToken = "expired_token"
        /// The server met a condition it did not expect (RFC 6749 §4.1.2.1).
        case serverError = "server_error"
        /// The server is overloaded or its store cannot be written; try again (RFC 6749 §4.1.2.1).
        case temporarilyUnavailable = "temporarily_unavailable"
    }

    /// The registered code.
    public let code: Code

    /// One plain sentence for the developer who reads the answer; ASCII, as RFC 6749 §5.2 demands.
    public let sentence: String

    /// An error of this code, explained by this sentence.
    public init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }

    /// The status that the token, revocation and introspection endpoints answer with.
    public var status: Int {
        switch code {
        case .invalidClient: 401
        case .serverError: 500
        case .temporarilyUnavailable: 503
        case .invalidRequest, .invalidGrant, .unauthorizedClient, .unsupportedGrantType,
            .invalidScope, .invalidTarget, .unsupportedTokenType, .invalidClientMetadata,
            .invalidRedirectURI, .accessDenied, .unsupportedResponseType, .interactionRequired,
            .loginRequired, .accountSelectionRequired, .consentRequired,
            .unmetAuthenticationRequirements, .requestNotSupported, .requestURINotSupported,
            .registrationNotSupported, .authorizationPending, .slowDown, .expiredToken:
            400
        }
    }
}
