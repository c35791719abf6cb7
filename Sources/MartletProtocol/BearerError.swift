/// Why a request with a bearer token is refused by an endpoint of the authorization server itself,
/// and what to answer (RFC 6750 §3).
public struct BearerError: Error, Sendable, Equatable {
    /// The kind of the refusal.
    public enum Code: Sendable, CaseIterable {
        /// The request has no token: it is told that one is needed, and no error.
        case tokenMissing
        /// The request is malformed, or sends its token in two ways.
        case invalidRequest
        /// The token is expired, revoked, malformed, or not for this endpoint.
        case invalidToken
        /// The token is good and lacks a scope.
        case insufficientScope
    }

    /// The kind of the refusal.
    public let code: Code

    /// One plain sentence for the developer who reads the answer.
    public let sentence: String

    /// The scopes that the request needs, if that is what is missing.
    public let scopes: [String]

    /// A refusal of this kind, explained by this sentence.
    public init(_ code: Code, _ sentence: String, scopes: [String] = []) {
        self.code = code
        self.sentence = sentence
        self.scopes = scopes
    }

    /// The registered error code; `nil` where RFC 6750 §3.1 wants none told.
    public var name: String? {
        switch code {
        case .tokenMissing: nil
        case .invalidRequest: BearerErrorName.invalidRequest
        case .invalidToken: BearerErrorName.invalidToken
        case .insufficientScope: BearerErrorName.insufficientScope
        }
    }

    /// The HTTP status of the answer.
    public var status: Int {
        switch code {
        case .tokenMissing, .invalidToken: 401
        case .invalidRequest: 400
        case .insufficientScope: 403
        }
    }

    /// The `WWW-Authenticate` header of the answer.
    ///
    /// - Parameter realm: A name for what is protected.
    /// - Returns: The header's parts.
    public func challenge(realm: String) -> BearerChallenge {
        BearerChallenge(
            realm: realm,
            error: name.map { ($0, sentence) },
            scopes: scopes,
            resourceMetadata: nil
        )
    }
}

/// A `WWW-Authenticate` header of the scheme Bearer (RFC 6750 §3).
public struct BearerChallenge: Sendable {
    /// The header's value: `Bearer realm="…"`, followed by `error`, `error_description`, `scope` and
    /// the others where they apply.
    public let headerValue: String

    /// A challenge. Everything inside the quotation marks is escaped, and control characters are
    /// left out, so no text can add a header.
    ///
    /// - Parameters:
    ///   - realm: A name for what is protected, shown to people at most.
    ///   - error: The registered code and a sentence, or nil for a request without a token.
    ///   - scopes: The scopes that the request needs, if that is what is missing.
    ///   - contextClasses: The `acr` values of which one is needed, the preferred one first (RFC 9470
    ///     §3).
    ///   - maximumAge: How many seconds ago the person may have signed in (RFC 9470 §3).
    ///   - resourceMetadata: The URL of the API's protected resource metadata (RFC 9728 §5.1).
    public init(
        realm: String,
        error: (code: String, sentence: String)?,
        scopes: [String],
        contextClasses: [String] = [],
        maximumAge: Int64? = nil,
        resourceMetadata: String?
    ) {
        var parameters = [("realm", realm)]
        if let error {
            parameters.append((WireName.error, error.code))
            parameters.append((WireName.errorDescription, error.sentence))
        }
        if !scopes.isEmpty {
            parameters.append((WireName.scope, scopes.joined(separator: " ")))
        }
        if !contextClasses.isEmpty {
            parameters.append((WireName.acrValues, contextClasses.joined(separator: " ")))
        }
        if let maximumAge { parameters.append((WireName.maxAge, String(maximumAge))) }
        if let resourceMetadata {
            parameters.append((ResourceMetadataName.challengeParameter, resourceMetadata))
        }
        headerValue =
            "Bearer "
            + parameters.map { name, value in "\(name)=\(Self.quoted(value))" }
            .joined(separator: ", ")
    }

    /// A quoted-string (RFC 9110 §5.6.4).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars where scalar.value >= 0x20 && scalar.value != 0x7F {
            if scalar == "\"" || scalar == "\\" { quoted.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
