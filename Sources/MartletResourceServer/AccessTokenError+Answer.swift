public import HTTPTypes
import MartletProtocol

/// What to answer a request that was refused: a head and a body, whatever framework sends them.
public struct RefusalAnswer: Sendable, Hashable {
    /// The status, and the header.
    public let response: HTTPResponse
    /// The body, UTF-8; may be empty.
    public let body: [UInt8]
}

extension AccessTokenError {
    /// After how many seconds a client that met a 503 may ask again: the issuer is looked for every
    /// two seconds.
    public static let retryAfter = 2

    /// The value of the `WWW-Authenticate` header of the answer (RFC 6750 §3).
    ///
    /// A request without a token is told the realm and no error. Everything inside the quotation
    /// marks is escaped, and control characters are left out, so no text can add a header.
    ///
    /// - Parameters:
    ///   - realm: A name for what is protected, shown to people at most.
    ///   - resourceMetadata: The URL of the API's protected resource metadata, from which a client
    ///     learns which authorization server to ask (RFC 9728 §5.1).
    /// - Returns: `Bearer realm="…"`, followed by `error`, `error_description`, `scope`, `acr_values`
    ///   and `max_age` where they apply.
    public func challenge(realm: String, resourceMetadata: String? = nil) -> String {
        BearerChallenge(
            realm: realm,
            error: code.isRegistered ? (code.description, description) : nil,
            scopes: requiredScopes,
            contextClasses: requiredContextClasses,
            maximumAge: requiredMaximumAge,
            resourceMetadata: resourceMetadata
        ).headerValue
    }

    /// The whole answer.
    ///
    /// A refusal is never stored by a cache, and a script of another origin may read the challenge if
    /// it may read the answer at all (`Access-Control-Expose-Headers`). The body repeats what the
    /// challenge says as JSON; a request without a token is told nothing but that one is needed, and
    /// 503 has no challenge, since another token would not help.
    ///
    /// - Parameters:
    ///   - realm: A name for what is protected, shown to people at most.
    ///   - resourceMetadata: The URL of the API's protected resource metadata.
    /// - Returns: What to send.
    public func answer(realm: String, resourceMetadata: String? = nil) -> RefusalAnswer {
        var response = HTTPResponse(status: .init(code: status))
        response.headerFields[.cacheControl] = "no-store"
        if status == 503 {
            response.headerFields[.retryAfter] = String(Self.retryAfter)
        } else {
            response.headerFields[.wwwAuthenticate] = challenge(
                realm: realm,
                resourceMetadata: resourceMetadata
            )
            response.headerFields[.accessControlExposeHeaders] = "WWW-Authenticate"
        }
        let body = body
        if !body.isEmpty { response.headerFields[.contentType] = "application/json" }
        return RefusalAnswer(response: response, body: body)
    }

    private var body: [UInt8] {
        if code == .tokenMissing { return [] }
        var writer = JSONWriter(reserving: 256)
        writer.object { writer in
            writer.member(
                WireName.error,
                code.isRegistered
                    ? code.description : OAuthError.Code.temporarilyUnavailable.rawValue
            )
            writer.member(WireName.errorDescription, description)
            if !requiredScopes.isEmpty {
                writer.member(WireName.scope, requiredScopes.joined(separator: " "))
            }
            if !requiredContextClasses.isEmpty {
                writer.member(
                    WireName.acrValues,
                    requiredContextClasses.joined(separator: " ")
                )
            }
            if let requiredMaximumAge { writer.member(WireName.maxAge, requiredMaximumAge) }
        }
        return writer.bytes
    }
}
