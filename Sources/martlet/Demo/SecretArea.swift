import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol
import MartletResourceServer
import MartletServer

/// The demo's API: `GET /secret`, guarded by an access token and decided without a look-up.
///
/// The token may also come in the query, as tutorials have it. That is for the demo alone: OAuth
/// 2.1 forbids it, since addresses end up in logs and histories.
struct SecretArea {
    static let realm = "martlet demo"

    let verifier: AccessTokenVerifier

    /// - Parameter keys: the server's keys, read once: no request touches the store.
    init(settings: AuthorizationServer.Settings, keys: JSONWebKeySet, surroundings: Surroundings) {
        let now = surroundings.now
        verifier = AccessTokenVerifier(
            issuer: settings.issuer,
            audience: settings.issuer,
            keys: keys,
            leeway: 0,
            secondsSince1970: { Double(now().microseconds) / 1_000_000 }
        )
    }

    func answer(_ request: Request) async -> Response {
        do {
            _ = try await verifier.verify(try token(in: request))
            return .text("Secret area\n")
        } catch {
            return .bearerError(error, realm: Self.realm)
        }
    }

    private func token(in request: Request) throws(AccessTokenError) -> String {
        if let token = request.uri.queryParameters[Substring(WireName.accessToken)] {
            return String(token)
        }
        return try BearerToken.extract(fromAuthorization: request.headers[.authorization])
    }
}

extension Response {
    fileprivate static func text(_ text: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "private"],
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// A refusal of RFC 6750 §3: the challenge, and the same as JSON for people with curl.
    fileprivate static func bearerError(_ error: AccessTokenError, realm: String) -> Response {
        var writer = JSONWriter(layout: .pretty)
        writer.object { body in
            body.member(WireName.error, error.code.description)
            body.member(WireName.errorDescription, error.description)
        }
        return Response(
            status: .init(code: error.status),
            headers: [
                .contentType: "application/json", .cacheControl: "no-store",
                .wwwAuthenticate: error.challenge(realm: realm),
            ],
            body: .init(byteBuffer: ByteBuffer(bytes: writer.bytes + [UInt8(ascii: "\n")]))
        )
    }
}
