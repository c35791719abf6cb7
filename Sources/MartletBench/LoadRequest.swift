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
    static func refresh(
        _ client: SeededStore.Credentials,
        tokens: String,
        rest: String,
        keepingAccessTokensIn collected: String? = nil
    ) -> LoadRequest {
        var arguments = [
            "kind=chains", "tokens=\(tokens)", "rest=\(rest)",
            "expect=\(opening(WireName.accessToken))",
            "successor=\(opening(WireName.refreshToken))",
        ]
        if let collected {
            arguments += ["collect=\(opening(WireName.accessToken))", "collected=\(collected)"]
        }
        return LoadRequest(
            text: post(
                "/oauth/token",
                client,
                "\(WireName.grantType)=\(GrantType.refreshToken.rawValue)"
                    + "&\(WireName.refreshToken)={token}"
            ),
            arguments: arguments
        )
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
