import HTTPTypes
import MartletProtocol
import Testing

@testable import MartletResourceServer

@Suite("The guard before an API")
struct AccessTokenGuardTests {
    private static let metadataAddress =
        "https://api.example.com/.well-known/oauth-protected-resource"

    private struct SessionEnded: AccessTokenCheck {
        func check(_ token: AccessToken) throws(AccessTokenError) {
            throw .invalid("The session of the access token has ended.")
        }
    }

    private func refused(_ decision: AccessTokenGuard.Decision) throws -> RefusalAnswer {
        guard case .refused(_, let answer) = decision else {
            throw Granted()
        }
        return answer
    }

    private struct Granted: Error {}

    @Test("a good token is given out, with its claims")
    func granted() async throws {
        let forge = try Forge()
        let tokens = AccessTokenGuard(forge.verifier())
        let fields: HTTPFields = [.authorization: "Bearer \(try forge.token())"]
        let decision = await tokens.decide(fields, requiring: .init(scopes: ["orders:read"]))
        guard case .granted(let token) = decision else {
            Issue.record("refused")
            return
        }
        #expect(token.claims == Forge.claims)
    }

    @Test(
        "a request without a token gets a challenge without an error, and no body",
        .covers("RFC 6750 §3 no-error-without-token", "RFC 9728 §5.1 challenge")
    )
    func missing() async throws {
        let tokens = AccessTokenGuard(try Forge().verifier(), realm: "orders")
        let answer = try refused(await tokens.decide([:]))
        #expect(answer.response.status == .unauthorized)
        #expect(
            answer.response.headerFields[.wwwAuthenticate]
                == #"Bearer realm="orders", resource_metadata="\#(Self.metadataAddress)""#
        )
        #expect(answer.body.isEmpty)
        #expect(answer.response.headerFields[.contentType] == nil)
        #expect(answer.response.headerFields[.cacheControl] == "no-store")
    }

    @Test(
        "two Authorization fields are a bad request, though both hold good tokens",
        .covers("RFC 6750 §2 one-method", "RFC 6750 §3.1 invalid-request")
    )
    func two() async throws {
        let forge = try Forge()
        let value = "Bearer \(try forge.token())"
        let tokens = AccessTokenGuard(forge.verifier())
        let answer = try refused(await tokens.decide(authorization: [value, value]))
        #expect(answer.response.status == .badRequest)
    }

    @Test("a token that lacks a scope is told which: 403, in header and body")
    func scope() async throws {
        let forge = try Forge()
        let tokens = AccessTokenGuard(forge.verifier())
        let header = "Bearer \(try forge.token())"
        let answer = try refused(
            await tokens.decide(authorization: [header], requiring: .init(scopes: ["admin"]))
        )
        #expect(answer.response.status == .forbidden)
        #expect(answer.response.headerFields[.contentType] == "application/json")
        #expect(answer.response.headerFields[.accessControlExposeHeaders] == "WWW-Authenticate")
        let json = try JSONValue(parsing: answer.body)
        #expect(json["error"] == "insufficient_scope")
        #expect(json["scope"] == "admin")
    }

    @Test("what else tokens have to pass is looked at before the scopes")
    func checks() async throws {
        let forge = try Forge()
        let tokens = AccessTokenGuard(forge.verifier(), checks: [SessionEnded()])
        let header = "Bearer \(try forge.token())"
        let answer = try refused(
            await tokens.decide(authorization: [header], requiring: .init(scopes: ["admin"]))
        )
        #expect(answer.response.status == .unauthorized)
        let json = try JSONValue(parsing: answer.body)
        #expect(json["error_description"] == "The session of the access token has ended.")
    }

    @Test("503 says when to ask again, and has no challenge: another token would not help")
    func unavailable() throws {
        let tokens = AccessTokenGuard(try Forge().verifier())
        let answer = tokens.answer(to: .keysUnavailable(Granted()))
        #expect(answer.response.status == .serviceUnavailable)
        #expect(answer.response.headerFields[.retryAfter] == "2")
        #expect(answer.response.headerFields[.wwwAuthenticate] == nil)
        let json = try JSONValue(parsing: answer.body)
        #expect(json["error"] == "temporarily_unavailable")
        #expect(!String(decoding: answer.body, as: UTF8.self).contains("Granted"))
    }
}

@Suite("What an API says of itself")
struct ProtectedResourceMetadataTests {
    private func describe(_ resource: String) -> ProtectedResourceMetadata? {
        ProtectedResourceMetadata(resource: resource, authorizationServers: [Forge.issuer])
    }

    @Test(
        "the document stands at the well-known path, before the resource's own",
        .covers("RFC 9728 §3 well-known", "RFC 9728 §3.1 path"),
        arguments: [
            ("https://api.example.com", ""), ("https://api.example.com/", ""),
            ("https://api.example.com/v1", "/v1"), ("https://api.example.com/v1/", "/v1/"),
            ("http://localhost:3001", ""), ("https://api.example.com:8443/a/b", "/a/b"),
        ]
    )
    func address(resource: String, suffix: String) throws {
        let metadata = try #require(describe(resource))
        #expect(metadata.path == "/.well-known/oauth-protected-resource" + suffix)
        #expect(metadata.address.hasSuffix(metadata.path))
        #expect(metadata.address.hasPrefix(resource.prefix(15)))
        #expect(metadata.resource == resource)
    }

    @Test(
        "an identifier that is no https address, or has a query or a fragment, has no document",
        .covers("RFC 9728 §1.2 identifier"),
        arguments: [
            "orders", "http://api.example.com", "https://api.example.com#a",
            "https://api.example.com?a", "urn:example:api", "", "https://",
        ]
    )
    func identifier(resource: String) {
        #expect(describe(resource) == nil)
    }

    @Test(
        "the document names resource, issuers and methods, and nothing that is empty",
        .covers(
            "RFC 9728 §2 resource",
            "RFC 9728 §2 authorization-servers",
            "RFC 9728 §2 scopes",
            "RFC 9728 §2 bearer-methods"
        )
    )
    func document() throws {
        var metadata = try #require(describe(Forge.audience))
        #expect(
            try JSONValue(parsing: metadata.encoded()) == [
                "resource": .string(Forge.audience),
                "authorization_servers": [.string(Forge.issuer)],
                "bearer_methods_supported": ["header"],
            ]
        )
        metadata.scopes = ["orders:read"]
        metadata.name = "Orders"
        metadata.documentation = "https://example.com/docs"
        let json = try JSONValue(parsing: metadata.encoded())
        #expect(json["scopes_supported"]?.strings == ["orders:read"])
        #expect(json["resource_name"] == "Orders")
        #expect(json["resource_documentation"] == "https://example.com/docs")
    }
}
