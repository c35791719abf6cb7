import AsyncHTTPClient
import Foundation
import MartletProtocol
import NIOCore
import NIOHTTP1

/// A client app without comfort: it asks the token endpoint and tells what came back.
struct TokenClient: Sendable {
    /// What a request came to.
    enum Outcome: Sendable, Equatable {
        case tokens(refresh: String, access: String)
        /// The `error` and its sentence.
        case refused(String, String)
        /// No answer: the connection was cut, or nobody listens.
        case lost

        var refreshToken: String? {
            if case .tokens(let refresh, _) = self { refresh } else { nil }
        }
    }

    static let clientID = "app"
    static let username = "ada"
    static let password = "correct horse"

    /// What `martlet.yaml` says of the client and the user.
    static func configuration(overlap: Int) -> String {
        """
        clients:
          - client_id: \(clientID)
            token_endpoint_auth_method: none
            grant_types: [password, refresh_token]
            refresh_token_policy: {overlap: \(overlap)}
        users:
          - username: \(username)
            password: \(password)
        """
    }

    let url: String
    let http: HTTPClient

    func signIn() async -> Outcome {
        await ask(
            "grant_type=password&client_id=\(Self.clientID)&username=\(Self.username)"
                + "&password=\(Self.password.replacing(" ", with: "+"))"
        )
    }

    func refresh(_ token: String) async -> Outcome {
        await ask("grant_type=refresh_token&client_id=\(Self.clientID)&refresh_token=\(token)")
    }

    private func ask(_ form: String) async -> Outcome {
        var request = HTTPClientRequest(url: "\(url)/oauth/token")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(ByteBuffer(string: form))
        guard let response = try? await http.execute(request, timeout: .seconds(30)),
            let body = try? await response.body.collect(upTo: 64 * 1024),
            let json = try? JSONValue(parsing: Array(body.readableBytesView))
        else { return .lost }
        if let refresh = json["refresh_token"]?.string, let access = json["access_token"]?.string {
            return .tokens(refresh: refresh, access: access)
        }
        return .refused(
            json["error"]?.string ?? "",
            json["error_description"]?.string ?? ""
        )
    }
}
