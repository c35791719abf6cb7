public import MartletProtocol

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// The tokens that belong to one sign-in, as they are at one moment.
///
/// None of them is ever printed: `Secret` describes itself as `<redacted>`.
public struct TokenSet: Sendable, Equatable {
    /// What requests to APIs carry.
    public let accessToken: Secret

    /// From when on the access token is no longer good, if the server said so.
    public let accessTokenExpiresAt: Date?

    /// What brings the next access token; nil if the sign-in does not outlive this one.
    public let refreshToken: Secret?

    /// When the session ends if it is not used before, or is over anyway; nil if the server does not
    /// say. A hint for people: the server decides.
    public let sessionExpiresAt: Date?

    /// What was granted, in the server's order; nil if the server did not say and nothing was asked.
    public let scope: [String]?

    /// Who signed in, if `openid` was asked for.
    public let idToken: IDToken?

    /// When the tokens were asked for.
    public let receivedAt: Date

    /// An ID token that was checked when it came (OpenID Connect Core §3.1.3.7).
    public struct IDToken: Sendable, Equatable {
        /// The token itself, for ``OAuthClient/endSessionURL(for:returningTo:state:)``.
        public let compact: Secret
        /// What it says.
        public let claims: IDTokenClaims
    }
}
