import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletHummingbird
import MartletProtocol
import MartletResourceServer
import Testing

@Suite("Routes that require a token")
struct RequireTokenTests {
    private static let now: Int64 = 1_790_000_000
    private static let api = "https://api.example.com/v1"
    private static let metadataPath = "/.well-known/oauth-protected-resource/v1"

    private let key: SigningKey

    init() throws {
        key = try SigningKey.generate(for: .es256)
    }

    private func token(
        scope: String = "read",
        _ change: (inout AccessTokenClaims) -> Void = { _ in }
    ) throws -> String {
        var claims = AccessTokenClaims(
            issuer: "https://login.example.com",
            subject: "account-1",
            audience: [Self.api],
            clientID: "web",
            issuedAt: Self.now,
            expiresAt: Self.now + 600,
            tokenID: "token-1",
            scope: scope
        )
        change(&claims)
        return try JSONWebSignature.sign(payload: claims.encoded(), type: "at+jwt", with: key)
    }

    /// Keys that cannot be had.
    private struct NoKeys: KeySource {
        struct Unreachable: Error {}
        func keysAtHand() -> JSONWebKeySet? { nil }
        func keys(missing keyID: String?) async throws -> JSONWebKeySet { throw Unreachable() }
    }

    private func tokens(_ keys: (any KeySource)? = nil) -> AccessTokenGuard {
        AccessTokenGuard(
            AccessTokenVerifier(
                issuer: "https://login.example.com",
                audience: Self.api,
                keys: keys ?? JSONWebKeySet([key.publicKey]),
                secondsSince1970: { Double(Self.now) }
            )
        )
    }

    private func router(_ keys: (any KeySource)? = nil) -> Router<GuardedRequestContext> {
        let router = Router(context: GuardedRequestContext.self)
        router.add(middleware: CORSMiddleware(allowOrigin: .originBased))
        router.acceptTokens(tokens(keys))
        router.get("open") { _, context in context.accessToken == nil ? "nobody" : "somebody" }
        router.get("forgotten") { _, context in try context.caller.subject }
        let notes = router.group("notes").requireToken(scope: "read")
        notes.get { _, context in try context.caller.subject }
        notes.group("secret")
            .requireToken(
                scope: "read",
                "admin",
                contextClasses: ["strong"],
                maximumAge: .seconds(60)
            )
            .get { _, _ in "secret" }
        return router
    }

    private func answer(
        _ path: String,
        _ token: String? = nil,
        _ fields: HTTPFields = [:],
        method: HTTPRequest.Method = .get,
        by router: Router<GuardedRequestContext>? = nil
    ) async throws -> TestResponse {
        let bearer: HTTPFields = token.map { [.authorization: "Bearer \($0)"] } ?? [:]
        let headers = HTTPFields(Array(fields) + Array(bearer))
        let app = Application(router: router ?? self.router())
        return try await app.test(.router) { client in
            try await client.execute(uri: path, method: method, headers: headers) { $0 }
        }
    }

    @Test("a good token passes, and its claims are in the context")
    func good() async throws {
        let answer = try await answer("/notes", token())
        #expect(answer.status == .ok)
        #expect(String(buffer: answer.body) == "account-1")
    }

    @Test(
        "without a token, with a bad one and without the scope: 401, 401 and 403",
        .covers("RFC 6750 §3 challenge", "RFC 6750 §3.1 insufficient-scope"),
        arguments: ["/notes", "/notes/", "//notes"]
    )
    func refused(path: String) async throws {
        let missing = try await answer(path)
        #expect(missing.status == .unauthorized)
        let address = "https://api.example.com" + Self.metadataPath
        #expect(
            missing.headers[.wwwAuthenticate]
                == #"Bearer realm="api", resource_metadata="\#(address)""#
        )
        let bad = try await answer(path, "nonsense")
        #expect(bad.status == .unauthorized)
        #expect(bad.headers[.wwwAuthenticate]?.contains(#"error="invalid_token""#) == true)
        #expect(bad.headers[.contentType] == "application/json")
        #expect(String(buffer: bad.body).contains(#""error":"invalid_token""#))
        let poor = try await answer(path, token(scope: "reader"))
        #expect(poor.status == .forbidden)
        #expect(poor.headers[.wwwAuthenticate]?.contains(#"scope="read""#) == true)
    }

    @Test("a group in a group asks for more, and a sign-in that will not do is told what would")
    func stepUp() async throws {
        let old = try await answer("/notes/secret", token(scope: "read admin"))
        #expect(old.status == .unauthorized)
        let challenge = try #require(old.headers[.wwwAuthenticate])
        #expect(challenge.contains(#"error="insufficient_user_authentication""#))
        #expect(challenge.contains(#"acr_values="strong", max_age="60""#))
        let fresh = try token(scope: "read admin") {
            $0.authenticationTime = Self.now - 10
            $0.authenticationContext = "strong"
        }
        #expect(try await answer("/notes/secret", fresh).status == .ok)
    }

    @Test("routes without requireToken are open, and know nobody even if a token comes along")
    func open() async throws {
        #expect(String(buffer: try await answer("/open", token()).body) == "nobody")
        #expect(try await answer("/forgotten", token()).status == .internalServerError)
    }

    @Test("requireToken without acceptTokens lets nobody pass")
    func unconfigured() async throws {
        let router = Router(context: GuardedRequestContext.self)
        router.group("notes").requireToken().get { _, _ in "notes" }
        let answer = try await answer("/notes", token(), by: router)
        #expect(answer.status == .internalServerError)
    }

    @Test("keys that cannot be had are 503 and say when to come again")
    func unavailable() async throws {
        let answer = try await answer("/notes", token(), by: router(NoKeys()))
        #expect(answer.status == .serviceUnavailable)
        #expect(answer.headers[.retryAfter] == "2")
    }

    @Test(
        "the API's metadata is at its well-known path, for scripts of all origins",
        .covers("RFC 9728 §3 well-known", "RFC 9728 §3.2 answer")
    )
    func metadata() async throws {
        let answer = try await answer(Self.metadataPath)
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.headers[.accessControlAllowOrigin] == "*")
        let json = try JSONValue(parsing: Array(answer.body.readableBytesView))
        #expect(json["resource"] == .string(Self.api))
        #expect(json["authorization_servers"]?.strings == ["https://login.example.com"])
    }

    @Test("a page of another origin can ask first without a token, and reads the challenge")
    func crossOrigin() async throws {
        let origin: HTTPFields = [.origin: "https://app.example.com"]
        let preflight = try await answer("/notes", nil, origin, method: .options)
        #expect(preflight.status == .noContent)
        let refused = try await answer("/notes", "nonsense", origin)
        #expect(refused.status == .unauthorized)
        #expect(refused.headers[.accessControlAllowOrigin] == "https://app.example.com")
        #expect(refused.headers[.accessControlExposeHeaders] == "WWW-Authenticate")
    }

    @Test("two Authorization fields are a bad request")
    func twoFields() async throws {
        var fields = HTTPFields()
        for _ in 0..<2 {
            fields.append(HTTPField(name: .authorization, value: "Bearer \(try token())"))
        }
        #expect(try await answer("/notes", nil, fields).status == .badRequest)
    }
}
