public import MartletProtocol

/// Why a request to an API is refused, and what to answer (RFC 6750 §3).
///
/// What to answer is ``answer(realm:resourceMetadata:)``: a status, a header and a body.
public struct AccessTokenError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of the refusal. New codes may be added, so a `switch` needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name {
            case tokenMissing
            case invalidRequest
            case invalidToken
            case insufficientScope
            case insufficientUserAuthentication
            case keysUnavailable
            case introspectionUnavailable
            case endedSessionsUnknown
        }

        private let name: Name

        private init(_ name: Name) {
            self.name = name
        }

        /// The code's name; for those of RFC 6750 §3.1 and RFC 9470 §3 it is the value of `error`.
        public var description: String {
            switch name {
            case .tokenMissing: "token_missing"
            case .invalidRequest: BearerErrorName.invalidRequest
            case .invalidToken: BearerErrorName.invalidToken
            case .insufficientScope: BearerErrorName.insufficientScope
            case .insufficientUserAuthentication:
                BearerErrorName.insufficientUserAuthentication
            case .keysUnavailable: "keys_unavailable"
            case .introspectionUnavailable: "introspection_unavailable"
            case .endedSessionsUnknown: "ended_sessions_unknown"
            }
        }

        /// The request has no bearer token: 401, and the challenge has no error in it.
        public static let tokenMissing = Code(.tokenMissing)
        /// The `Authorization` header is not well formed: 400.
        public static let invalidRequest = Code(.invalidRequest)
        /// The token is expired, malformed, or not for this API: 401.
        public static let invalidToken = Code(.invalidToken)
        /// The token is good and lacks a scope: 403.
        public static let insufficientScope = Code(.insufficientScope)
        /// The token is good, and its person signed in too weakly for this, or too long ago (RFC 9470
        /// §3): 401.
        public static let insufficientUserAuthentication = Code(.insufficientUserAuthentication)
        /// The issuer's keys could not be had, so nothing is known of the token: 503.
        public static let keysUnavailable = Code(.keysUnavailable)
        /// The issuer could not be asked about the token, so nothing is known of it: 503.
        public static let introspectionUnavailable = Code(.introspectionUnavailable)
        /// The issuer has not been heard of for too long, so nobody knows whether the token's session
        /// has ended: 503.
        public static let endedSessionsUnknown = Code(.endedSessionsUnknown)

        /// The HTTP status of the answer.
        var status: Int {
            switch name {
            case .invalidRequest: 400
            case .tokenMissing, .invalidToken, .insufficientUserAuthentication: 401
            case .insufficientScope: 403
            case .keysUnavailable, .introspectionUnavailable, .endedSessionsUnknown: 503
            }
        }

        /// Whether the code is a registered one, so that the client is told it.
        var isRegistered: Bool {
            switch name {
            case .invalidRequest, .invalidToken, .insufficientScope,
                .insufficientUserAuthentication:
                true
            case .tokenMissing, .keysUnavailable, .introspectionUnavailable,
                .endedSessionsUnknown:
                false
            }
        }
    }

    /// The kind of the refusal.
    public let code: Code

    /// One sentence for the client's developer. It holds nothing of the token.
    public let description: String

    /// The scopes that the request needs, if the token lacks one; else none.
    public let requiredScopes: [String]

    /// The `acr` values of which the request needs one, the preferred one first, if ``code`` is
    /// ``Code/insufficientUserAuthentication``; else none.
    public let requiredContextClasses: [String]

    /// How many seconds ago the person may have signed in, if ``code`` is
    /// ``Code/insufficientUserAuthentication`` and the request needs it.
    public let requiredMaximumAge: Int64?

    /// What the JOSE part said, for a log; nil if the token failed elsewhere.
    public let underlying: JOSEError?

    /// What went wrong between this API and the authorization server, for the operator's log; the
    /// client is not told.
    public let detail: String?

    init(
        _ code: Code,
        _ description: String,
        requiredScopes: [String] = [],
        requiredContextClasses: [String] = [],
        requiredMaximumAge: Int64? = nil,
        underlying: JOSEError? = nil,
        detail: String? = nil
    ) {
        self.code = code
        self.description = description
        self.requiredScopes = requiredScopes
        self.requiredContextClasses = requiredContextClasses
        self.requiredMaximumAge = requiredMaximumAge
        self.underlying = underlying
        self.detail = detail
    }

    /// The HTTP status of the answer: 400, 401, 403, or 503 if nothing could be learnt of the token.
    public var status: Int { code.status }

    static let expired = AccessTokenError(.invalidToken, "The access token provided has expired.")
    static let missing = AccessTokenError(.tokenMissing, "The request has no bearer token.")

    static func keysUnavailable(_ error: any Error) -> AccessTokenError {
        AccessTokenError(
            .keysUnavailable,
            "The keys of the authorization server are not available.",
            detail: "\(error)"
        )
    }

    static func invalid(_ description: String, _ underlying: JOSEError? = nil) -> Self {
        AccessTokenError(.invalidToken, description, underlying: underlying)
    }
}
