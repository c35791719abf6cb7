public import MartletProtocol

/// An access token that was verified.
public struct AccessToken: Sendable, Hashable {
    /// The claims of RFC 9068.
    public let claims: AccessTokenClaims

    /// The whole payload, for claims that an issuer adds.
    public let payload: JSONObject
}
