/// The words of the RFCs as they travel. They are written down once, in MartletProtocol; the rest
/// uses its constants, so that a misspelt one cannot be compiled.
///
/// Only names with an underscore are listed: `scope` or `code` are also ordinary words.
enum WireNames {
    static let errorCodes: Set<String> = [
        "access_denied", "authorization_pending", "consent_required", "expired_token",
        "insufficient_scope", "interaction_required", "invalid_client", "invalid_client_metadata",
        "invalid_grant", "invalid_redirect_uri", "invalid_request", "invalid_scope",
        "invalid_target", "invalid_token", "login_required", "server_error", "slow_down",
        "temporarily_unavailable", "unauthorized_client", "unsupported_grant_type",
        "unsupported_response_type", "unsupported_token_type",
    ]
    static let grantTypes: Set<String> = [
        "authorization_code", "client_credentials", "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
    ]
    static let parameters: Set<String> = [
        "access_token", "acr_values", "allowed_resources", "authorization_expires_in", "client_id",
        "client_secret", "client_secret_basic", "client_secret_post", "code_challenge",
        "code_challenge_method", "code_verifier", "device_code", "error_description", "expires_in",
        "form_post", "grant_type", "grant_types", "id_token", "id_token_hint", "login_hint",
        "max_age", "post_logout_redirect_uri", "redirect_uri", "redirect_uris",
        "refresh_token_expires_in", "refresh_token_policy", "registration_access_token",
        "registration_client_uri", "refresh_token_timeout", "request_uri", "require_pkce",
        "response_mode", "response_type", "response_types", "skip_consent",
        "token_endpoint_auth_method", "token_type", "token_type_hint", "ui_locales", "user_code",
        "verification_uri", "verification_uri_complete",
    ]

    /// Places outside MartletProtocol that may spell them out, each for its own reason.
    private struct Exception {
        let pathPrefix: String
        let names: Set<String>
    }

    private static let exceptions: [Exception] = [
        // Column names, which must not follow a change on the wire.
        .init(pathPrefix: "Sources/MartletSQLite/", names: parameters),
        // The far end of the wire: it checks our spelling with its own.
        .init(
            pathPrefix: "Sources/MartletTesting/",
            names: errorCodes.union(grantTypes).union(parameters)
        ),
        // The commands that the demo prints for people to copy.
        .init(
            pathPrefix: "Sources/martlet/Demo",
            names: errorCodes.union(grantTypes).union(parameters)
        ),
        // The example in its help, for people to copy.
        .init(
            pathPrefix: "Sources/martlet/Commands/ClientCommand",
            names: ["authorization_code", "grant_types", "redirect_uris", "refresh_token"]
        ),
        // The examples in its page, for people to copy.
        .init(
            pathPrefix: "Sources/martlet/Configuration/ConfigurationReference",
            names: grantTypes.union(parameters)
        ),
        // The keys of martlet.yaml, some of which are named alike.
        .init(
            pathPrefix: "Sources/martlet/Configuration",
            names: ["authorization_code", "access_token", "device_code", "refresh_token_policy"]
        ),
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.target != "MartletProtocol" else { return [] }
        let excepted = exceptions.filter { file.path.hasPrefix($0.pathPrefix) }
            .reduce(into: Set<String>()) { $0.formUnion($1.names) }
        let names = errorCodes.union(grantTypes).union(parameters).subtracting(excepted)
        return SwiftText(file.text).literals.flatMap { literal in
            names.filter { isWritten($0, in: literal.text) }.sorted().map { name in
                let advice = "wire name \"\(name)\": use its constant in MartletProtocol"
                return Finding(path: file.path, line: literal.line, advice: advice)
            }
        }
    }

    /// As the whole literal, as a JSON string inside it, or as the name of a form parameter. A
    /// sentence for people that mentions the word is none of these.
    private static func isWritten(_ name: String, in literal: String) -> Bool {
        if literal == name { return true }
        guard literal.contains(name) else { return false }
        if literal.contains("\"\(name)\"") || literal.contains("\\\"\(name)\\\"") { return true }
        return !TextSearch.lines(of: name + "=", in: Array(literal.utf8)).isEmpty
    }
}
