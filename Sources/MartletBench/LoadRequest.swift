import Foundation
import MartletProtocol

/// What each request of a load is, and what its answer must hold: the script's arguments.
struct LoadRequest {
    /// `{token}` and `{length}` are filled in by the script.
    let text: String
    let arguments: [String]

    /// Chains of refresh tokens: each is used up once, its successor goes back to the pool.
    ///
    /// - Parameters:
    ///   - tokens: the file with the pool.
    ///   - rest: the file for what is left of it.
    ///   - collected: a file for the access tokens that come with them.
    static func refresh(
        _ client: SeededStore.Credentials,
        tokens: String,
        rest: String? = nil,
        collectingIn collected: String? = nil
    ) -> LoadRequest {
        var arguments = [
            "kind=chains", "tokens=\(tokens)", "expect=\(opening(WireName.accessToken))",
            "successor=\(opening(WireName.refreshToken))",
        ]
        if let rest { arguments.append("rest=\(rest)") }
        if let collected {
            arguments += ["collect=\(opening(WireName.accessToken))", "collected=\(collected)"]
        }
        let body =
            "\(WireName.grantType)=\(GrantType.refreshToken.rawValue)"
            + "&\(WireName.refreshToken)={token}"
        return LoadRequest(text: post("/oauth/token", client, body), arguments: arguments)
    }

    /// Somebody's password.
    static func signIn(_ seeded: SeededStore, user: String) -> LoadRequest {
        let password = seeded.password
        let body =
            "\(WireName.grantType)=\(GrantType.password.rawValue)"
            + "&\(WireName.username)=\(user)&\(WireName.password)=\(password)"
        return LoadRequest(text: post("/oauth/token", seeded.client, body), arguments: [])
    }

    static func clientCredentials(_ client: SeededStore.Credentials) -> LoadRequest {
        let body = "\(WireName.grantType)=\(GrantType.clientCredentials.rawValue)"
        return LoadRequest(
            text: post("/oauth/token", client, body),
            arguments: ["kind=fixed", "expect=\(opening(WireName.accessToken))"]
        )
    }

    /// Each access token of the file in turn, asked about by the API that it is for.
    static func introspection(_ api: SeededStore.Credentials, tokens: String) -> LoadRequest {
        LoadRequest(
            text: post("/oauth/introspect", api, "\(WireName.token)={token}"),
            arguments: [
                "kind=cycle", "tokens=\(tokens)", "expect=\"\(WireName.active)\":true",
            ]
        )
    }

    /// Each access token of the file in turn.
    static func userInfo(tokens: String) -> LoadRequest {
        LoadRequest(
            text: """
                GET /oauth/userinfo HTTP/1.1\r
                Host: localhost:8080\r
                Authorization: Bearer {token}\r
                \r

                """,
            arguments: ["kind=cycle", "tokens=\(tokens)", "expect=\(opening("sub"))"]
        )
    }

    /// One request as it travels.
    func filled(with token: String) -> String {
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
        let body = parts.count > 1 ? parts[1].replacing("{token}", with: token) : ""
        return parts[0].replacing("{token}", with: token)
            .replacing("{length}", with: "\(body.utf8.count)") + "\r\n\r\n" + body
    }

    /// How a member with a text begins in an answer.
    private static func opening(_ name: String) -> String { "\"\(name)\":\"" }

    private static func post(
        _ path: String,
        _ client: SeededStore.Credentials,
        _ body: String
    ) -> String {
        let credentials = Data("\(client.id):\(client.secret)".utf8).base64EncodedString()
        return """
            POST \(path) HTTP/1.1\r
            Host: localhost:8080\r
            Authorization: Basic \(credentials)\r
            Content-Type: application/x-www-form-urlencoded\r
            Content-Length: {length}\r
            \r
            \(body)
            """
    }
}
