public import Hummingbird
public import MartletResourceServer

extension RouterMethods where Context: AccessTokenRequestContext {
    /// Lets only requests with a good access token pass to the routes that are added afterwards.
    ///
    /// ```swift
    /// router.group("orders")
    ///     .requireToken(scope: "orders:read")
    ///     .get { _, context in try await orders(of: context.caller.subject) }
    /// ```
    ///
    /// All others are answered as RFC 6750 and RFC 9470 say: 401 without a good token, 403 without the
    /// scope, 401 again where the person has to sign in differently or anew, 503 if the issuer cannot
    /// be reached.
    ///
    /// - Parameters:
    ///   - scopes: The scopes that the token must all have.
    ///   - contextClasses: The sign-ins that will do, as values of `acr`, the preferred one first; any,
    ///     if empty.
    ///   - maximumAge: How long ago the person may have signed in.
    /// - Returns: The router or group, so that routes can follow.
    @discardableResult
    public func requireToken(
        scope scopes: String...,
        contextClasses: [String] = [],
        maximumAge: Duration? = nil
    ) -> Self {
        add(
            middleware: RequireToken(
                TokenRequirement(
                    scopes: scopes,
                    contextClasses: contextClasses,
                    maximumAge: maximumAge
                )
            )
        )
    }

    /// Says whose tokens the routes take that are added afterwards.
    ///
    /// - Parameter tokens: What tells good tokens from others; make one at start.
    /// - Returns: The router or group.
    @discardableResult
    public func acceptTokens(_ tokens: AccessTokenGuard) -> Self {
        add(middleware: AcceptTokens(tokens: tokens))
    }
}

extension Router where Context: AccessTokenRequestContext {
    /// Says whose tokens the routes take that are added afterwards, and publishes the API's metadata
    /// (RFC 9728), so that clients find out the authorization server by themselves.
    ///
    /// - Parameter tokens: What tells good tokens from others; make one at start.
    /// - Returns: The router.
    @discardableResult
    public func acceptTokens(_ tokens: AccessTokenGuard) -> Self {
        if let metadata = tokens.metadata { publish(metadata) }
        return add(middleware: AcceptTokens(tokens: tokens))
    }
}

extension Router {
    /// How long clients may keep the metadata: an hour, since what is in it changes with a release.
    private static var metadataLifetime: String { "max-age=3600" }

    /// Answers the well-known address of an API's metadata (RFC 9728 §3). Anybody may read it, scripts
    /// of other origins too.
    ///
    /// - Parameter metadata: What the API says of itself.
    /// - Returns: The router.
    @discardableResult
    public func publish(_ metadata: ProtectedResourceMetadata) -> Self {
        let body = metadata.encoded()
        return get(RouterPath(metadata.path)) { _, _ in
            Response(
                status: .ok,
                headers: [
                    .contentType: "application/json", .cacheControl: Self.metadataLifetime,
                    .accessControlAllowOrigin: "*",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: body))
            )
        }
    }
}
