import MartletProtocol
import Testing

@testable import MartletCore

extension TestAuthorizationServer {
    static let home = "192.0.2.1"

    /// A request that arrives now.
    func request(
        _ parameters: KeyValuePairs<String, String>,
        authorization: String? = nil,
        from address: String = home
    ) throws -> TokenRequest {
        let form = parameters.map { "\(Self.encoded($0))=\(Self.encoded($1))" }
        return TokenRequest(
            parameters: try FormParameters(parsing: Array(form.joined(separator: "&").utf8)),
            authorization: authorization,
            origin: Origin(address: address, userAgent: "test"),
            arrived: now
        )
    }

    /// A request of this client's, authenticated the way that its kind does.
    func request(
        _ parameters: [(String, String?)],
        as client: TestClient,
        from address: String = home
    ) throws -> TokenRequest {
        var pairs = parameters.compactMap { name, value in value.map { (name, $0) } }
        pairs.append(("client_id", client.id.rawValue))
        let form = pairs.map { "\(Self.encoded($0))=\(Self.encoded($1))" }
        return TokenRequest(
            parameters: try FormParameters(parsing: Array(form.joined(separator: "&").utf8)),
            authorization: client.secret.map { Self.basic(client.id.rawValue, $0) },
            origin: Origin(address: address, userAgent: "test"),
            arrived: now
        )
    }

    /// Form encoding, with everything but letters and digits as `%xx`.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.map { byte in
            let scalar = Character(Unicode.Scalar(byte))
            if byte < 0x80, scalar.isLetter || scalar.isNumber { return String(scalar) }
            return "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }
        .joined()
    }

    /// A `Basic` header (RFC 6749 §2.3.1).
    static func basic(_ id: String, _ secret: String) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        )
        let bytes = Array("\(encoded(id)):\(encoded(secret))".utf8)
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - group.count))
            for digit in 0..<4 {
                let index = Int(bits >> UInt32(18 - 6 * digit)) & 63
                text.append(digit <= group.count ? alphabet[index] : "=")
            }
        }
        return "Basic " + text
    }
}

// MARK: - What clients do

extension TestAuthorizationServer {
    /// A person signs in with name and password.
    func signIn(
        _ client: TestClient,
        _ username: String = "ada",
        password: String = password,
        scope: String? = nil,
        resource: String? = nil,
        from address: String = home
    ) async throws -> TokenResponse {
        try await server.token(
            request(
                [
                    ("grant_type", "password"), ("username", username), ("password", password),
                    ("scope", scope), ("resource", resource),
                ],
                as: client,
                from: address
            )
        )
    }

    /// The refresh token that a sign-in brought.
    func newSession(_ client: TestClient, _ username: String = "ada") async throws -> String {
        try #require(try await signIn(client, username).refresh).token
    }

    func refresh(
        _ token: String,
        as client: TestClient,
        scope: String? = nil,
        resource: String? = nil,
        from address: String = home,
        at other: AuthorizationServer? = nil
    ) async throws -> TokenResponse {
        try await (other ?? server).token(
            request(
                [
                    ("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope),
                    ("resource", resource),
                ],
                as: client,
                from: address
            )
        )
    }

    /// The successor of a refresh token.
    func successor(of token: String, as client: TestClient) async throws -> String {
        try #require(try await refresh(token, as: client).refresh).token
    }

    func revoke(_ token: String, as client: TestClient) async throws {
        try await server.revoke(request([("token", token)], as: client))
    }

    func introspect(_ token: String, as caller: TestClient) async throws -> JSONValue {
        try await server.introspect(request([("token", token)], as: caller))
    }

    func isActive(_ token: String, as caller: TestClient) async throws -> Bool {
        try await introspect(token, as: caller)["active"] == true
    }

    /// What an access token says, its signature verified.
    func claims(_ accessToken: String) async throws -> AccessTokenClaims {
        let keys = try await keys
        return try #require(server.signedAccessToken(accessToken, keys: keys))
    }

    /// The family that a refresh token names.
    func family(of token: String) async throws -> TokenFamily {
        let read = RefreshToken.read(token, with: try await keys.refresh)
        guard case .issued(let refresh) = read else {
            throw AdministrationError("that is no refresh token of this server")
        }
        return try #require(try await storage.find(refresh.family).family)
    }
}
