import MartletProtocol

extension AccessTokenError {
    /// The value of the `WWW-Authenticate` header of the answer (RFC 6750 §3).
    ///
    /// A request without a token is told the realm and no error. Everything inside the quotation
    /// marks is escaped, and control characters are left out, so no text can add a header.
    ///
    /// - Parameters:
    ///   - realm: A name for what is protected, shown to people at most.
    ///   - resourceMetadata: The URL of the API's protected resource metadata, from which a client
    ///     learns which authorization server to ask (RFC 9728 §5.1).
    /// - Returns: `Bearer realm="…"`, followed by `error`, `error_description` and `scope` where they
    ///   apply.
    public func challenge(realm: String, resourceMetadata: String? = nil) -> String {
        var parameters = [("realm", realm)]
        if code.isRegistered {
            parameters.append((WireName.error, code.description))
            parameters.append((WireName.errorDescription, description))
        }
        if !requiredScopes.isEmpty {
            parameters.append((WireName.scope, requiredScopes.joined(separator: " ")))
        }
        if let resourceMetadata {
            parameters.append(("resource_metadata", resourceMetadata))
        }
        return "Bearer "
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
