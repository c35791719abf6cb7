public import MartletProtocol

/// Why a request to an API is refused, and what to answer (RFC 6750 §3).
///
/// ```swift
/// response.status = error.status
/// response.headers["WWW-Authenticate"] = error.challenge(realm: "api")
/// ```
public struct AccessTokenError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of the refusal. New codes may be added, so a `switch` needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name {
            case tokenMissing
            case invalidRequest
            case invalidToken
            case insufficientScope
            case keysUnavailable
        }

        private let name: Name

        private init(_ name: Name) {
            self.name = name
        }

        /// The code's name; for the three of RFC 6750 §3.1 it is the value of `error`.
        public var description: String {
            switch name {
            case .tokenMissing: "token_missing"
            case .invalidRequest: BearerErrorName.invalidRequest
            case .invalidToken: BearerErrorName.invalidToken
            case .insufficientScope: BearerErrorName.insufficientScope
            case .keysUnavailable: "keys_unavailable"
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
        /// The issuer's keys could not be had, so nothing is known of the token: 503.
        public static let keysUnavailable = Code(.keysUnavailable)

        /// The HTTP status of the answer.
        var status: Int {
            switch name {
            case .invalidRequest: 400
            case .tokenMissing, .invalidToken: 401
            case .insufficientScope: 403
            case .keysUnavailable: 503
            }
        }

        /// Whether the code is one that RFC 6750 §3.1 registers, so that the client is told it.
        var isRegistered: Bool {
            switch name {
            case .invalidRequest, .invalidToken, .insufficientScope: true
            case .tokenMissing, .keysUnavailable: false
            }
        }
    }

    /// The kind of the refusal.
    public let code: Code

    /// One sentence for the client's developer. It holds nothing of the token.
    public let description: String

    /// The scopes that the request needs, if ``code`` is ``Code/insufficientScope``; else none.
    public let requiredScopes: [String]

    /// What the JOSE part said, for a log; nil if the token failed elsewhere.
    public let underlying: JOSEError?

    init(
        _ code: Code,
        _ description: String,
        requiredScopes: [String] = [],
        underlying: JOSEError? = nil
    ) {
        self.code = code
        self.description = description
        self.requiredScopes = requiredScopes
        self.underlying = underlying
    }

    /// The HTTP status of the answer: 400, 401, 403, or 503 if the issuer's keys could not be had.
    public var status: Int { code.status }

    static let expired = AccessTokenError(.invalidToken, "The access token provided has expired.")
    static let missing = AccessTokenError(.tokenMissing, "The request has no bearer token.")

    static func invalid(_ description: String, _ underlying: JOSEError? = nil) -> Self {
        AccessTokenError(.invalidToken, description, underlying: underlying)
    }
}
