import MartletCore
import MartletProtocol

/// What the demo prints: commands to paste, and then the story of a theft, played through against
/// the running server.
struct DemoStory {
    let server: AuthorizationServer
    let port: Int
    let accessTokenLifetime: Int64

    static let authorization = "Basic dGVzdGNsaWVudDpzZWNyZXQ="

    /// The commands, ready to paste.
    var commands: String {
        let token = "localhost:\(port)/oauth/token"
        let post = "curl -s -X POST -H 'Authorization: \(Self.authorization)'"
        return """
            Martlet is listening on http://localhost:\(port). Open it in a browser and click through the
            story, as the user test (password test).

            Or follow it on the command line, with the client testclient (secret “secret”). Access \
            tokens live
            \(accessTokenLifetime) seconds, and everything is thrown away when you press Ctrl-C. Paste \
            these into another terminal,
            one after the other:

            # 1. sign in: an access token and a refresh token
              \(post) -d 'grant_type=password&username=test&password=test' \(token) | tee martlet.json
              AT=$(sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/' martlet.json)
              RT=$(sed 's/.*"refresh_token":"\\([^"]*\\)".*/\\1/' martlet.json)

            # 2. call the guarded API; after \(accessTokenLifetime) seconds it says that the token has expired
              curl -s "localhost:\(port)/secret?access_token=$AT"
              curl -s -H "Authorization: Bearer $AT" localhost:\(port)/secret

            # 3. refresh: a new pair; $RT is used up
              \(post) -d "refresh_token=$RT&grant_type=refresh_token" \(token) | tee martlet.json

            # 4. the thief, who copied $RT, uses it: refused, and the session is over
              \(post) -d "refresh_token=$RT&grant_type=refresh_token" \(token)

            # 5. even the newest token is refused now
              RT=$(sed 's/.*"refresh_token":"\\([^"]*\\)".*/\\1/' martlet.json)
              \(post) -d "refresh_token=$RT&grant_type=refresh_token" \(token)

            """
    }

    /// Plays the theft through and tells it as it happens.
    func play(_ tell: (String) -> Void) async throws {
        tell("\nAnd this is the story of a theft, as it happens on this server:\n")
        let first = try await refreshToken(asking: [
            WireName.grantType: GrantType.password.rawValue, WireName.username: "test",
            WireName.password: "test",
        ])
        tell("  the user signs in                      → refresh token 0  \(Self.short(first))")
        tell("  a thief copies it")
        let second = try await refreshToken(refreshing: first)
        tell("  the app refreshes with token 0         → refresh token 1  \(Self.short(second))")
        tell("  the thief uses token 0                 → \(try await refusal(of: first))")
        tell("  the app refreshes with token 1         → \(try await refusal(of: second))")
        tell(
            """

            A token used twice means that two hold it, and nobody can tell who is who: the whole
            session ends, for both, and the user signs in again.

            Now play it yourself, in both parts: http://localhost:\(port)

            """
        )
    }

    private func refreshToken(refreshing token: String) async throws -> String {
        try await refreshToken(asking: [
            WireName.grantType: GrantType.refreshToken.rawValue, WireName.refreshToken: token,
        ])
    }

    private func refreshToken(asking parameters: [String: String]) async throws -> String {
        let body = parameters.map { "\($0.key)=\($0.value)" }.joined(separator: "&")
        let answer = try await server.token(
            TokenRequest(
                parameters: try FormParameters(parsing: Array(body.utf8)),
                authorization: Self.authorization,
                origin: Origin(address: "127.0.0.1", userAgent: "martlet demo"),
                arrived: server.surroundings.now()
            )
        )
        return answer.refresh?.token ?? ""
    }

    private func refusal(of token: String) async throws -> String {
        do {
            _ = try await refreshToken(refreshing: token)
            return "accepted, which must not be"
        } catch let error as OAuthError {
            return "\(error.code.rawValue): \(error.sentence)"
        }
    }

    /// Enough of a token to tell it from others. These are the demo's own, and worth nothing.
    private static func short(_ token: String) -> String { "\(token.prefix(8))…\(token.suffix(6))" }
}
