import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// The client that the demo's page is: a single-page app, and so one without a secret.
///
/// Its overlap can be switched while it runs, to show what that does; only here, and only between two
/// values.
struct DemoApp {
    static let id = ClientID(rawValue: "demo-app")
    /// Seconds; long enough for a person to see what a retry gets.
    static let overlap: Int64 = 10

    let server: AuthorizationServer

    /// Puts the client on record, without an overlap.
    func register() async throws {
        let client = Client(
            id: Self.id,
            metadata: try ClientMetadata(json: metadata(overlap: 0)),
            secret: nil,
            createdAt: server.surroundings.now(),
            managedBy: .operator
        )
        try await server.register(client)
    }

    /// Seconds for which the previous token still brings its successor.
    func overlap() async throws -> Int64 {
        let client = try await server.storage.find(Client.self, id: Self.id.rawValue).0?.value
        switch client.map({ server.policy(of: $0).overlap }) {
        case .seconds(let seconds): return seconds
        case .untilUsed, nil: return 0
        }
    }

    /// `POST /demo/overlap`, with `{"on": true}` or `{"on": false}`. Another site's page cannot send
    /// that: for JSON a browser asks us first, and is not answered.
    func switchOverlap(_ request: Request) async throws -> Response {
        guard request.headers[.contentType] == "application/json" else {
            throw HTTPError(.unsupportedMediaType)
        }
        let body = try await request.body.collect(upTo: 64)
        guard let wish = try? JSONValue(parsing: Array(body.readableBytesView)),
            let isOn = wish["on"]?.bool
        else { throw HTTPError(.badRequest) }
        _ = try await server.updateClient(
            Self.id,
            metadata: metadata(overlap: isOn ? Self.overlap : 0)
        )
        return Response(status: .noContent)
    }

    private func metadata(overlap: Int64) -> JSONValue {
        let page = JSONValue.array([.string(server.settings.issuer + "/")])
        return [
            "client_name": "The demo's app",
            "token_endpoint_auth_method": .string(ClientAuthenticationMethod.none.rawValue),
            "redirect_uris": page,
            "post_logout_redirect_uris": page,
            "grant_types": .array([
                .string(GrantType.authorizationCode.rawValue),
                .string(GrantType.refreshToken.rawValue),
            ]),
            "scope": .string("\(ScopeName.openID) \(ScopeName.offlineAccess)"),
            "id_token_signed_response_alg": .string(SignatureAlgorithm.es256.rawValue),
            "refresh_token_policy": ["overlap": .integer(overlap)],
        ]
    }
}
