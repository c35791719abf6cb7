/// Whatever can tell what an access token is worth to one API: an ``AccessTokenVerifier`` by itself, a
/// ``TokenIntrospector`` by asking the issuer.
public protocol AccessTokenJudge: Sendable {
    /// The issuer's URL.
    var issuer: String { get }

    /// The API's identifier, which a token's `aud` must hold.
    var audience: String { get }

    /// How far the issuer's clock may be from ours, in seconds.
    var leeway: Double { get }

    /// The clock: seconds since the first of January 1970, UTC.
    var secondsSince1970: @Sendable () -> Double { get }

    /// The token, if it is a good one now.
    ///
    /// - Parameter token: The token as it was sent.
    /// - Returns: What it says.
    /// - Throws: ``AccessTokenError``.
    func judge(_ token: String) async throws(AccessTokenError) -> AccessToken
}

/// One thing more that every token has to pass, such as that its session did not end meanwhile.
///
/// It is asked with every request, so it answers from memory.
public protocol AccessTokenCheck: Sendable {
    /// Looks at a token that is good in all other respects.
    ///
    /// - Parameter token: The token.
    /// - Throws: ``AccessTokenError`` if it will not do.
    func check(_ token: AccessToken) throws(AccessTokenError)
}
