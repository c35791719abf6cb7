import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Client metadata is read strictly")
struct ClientMetadataTests {
    static let least: JSONObject = {
        var object = JSONObject()
        object["grant_types"] = ["refresh_token", "password"]
        return object
    }()

    private func read(_ members: JSONValue) throws -> ClientMetadata {
        var object = Self.least
        for member in members.object?.members ?? [] { object[member.name] = member.value }
        return try ClientMetadata(json: .object(object))
    }

    @Test("what is left out has the safe default")
    func defaults() throws {
        let metadata = try ClientMetadata(json: .object(Self.least))
        #expect(metadata.authenticationMethod == .clientSecretBasic)
        #expect(metadata.scope.isEmpty)
        #expect(metadata.policy == PolicyOverrides())
        #expect(metadata.accessTokenLifetime == nil)
        #expect(metadata.allowedResources.isEmpty)
        #expect(!metadata.skipConsent)
    }

    @Test("what was read is written as it came")
    func roundTrip() throws {
        let metadata = try read([
            "client_name": "Photos", "token_endpoint_auth_method": "client_secret_post",
            "scope": "read write", "access_token_lifetime": 60, "skip_consent": true,
            "allowed_resources": ["https://api.example.com"],
            "refresh_token_policy": [
                "rotation": "rotating", "overlap": 10, "idle_lifetime": 60,
                "absolute_lifetime": 120, "max_sessions": 3,
            ],
        ])
        #expect(try ClientMetadata(json: metadata.json) == metadata)
        #expect(metadata.name == "Photos")
        let untilUsed = try read(["refresh_token_policy": ["overlap": "until_used"]])
        #expect(try ClientMetadata(json: untilUsed.json) == untilUsed)
    }

    @Test(
        "a member that is unknown, mistyped, out of bounds or not built is refused",
        arguments: [
            ["grant_types": []], ["grant_types": "password"], ["grant_types": [1]],
            ["grant_types": ["authorization_code"]], ["grant_types": ["implicit"]],
            ["token_endpoint_auth_method": "private_key_jwt"],
            ["token_endpoint_auth_method": "tls_client_auth"], ["token_endpoint_auth_method": 1],
            ["scope": "\""], ["scope": ["read"]], ["scope": 1],
            ["access_token_lifetime": 0], ["access_token_lifetime": 86_401],
            ["access_token_lifetime": "60"], ["access_token_lifetime": 1.5],
            ["allowed_resources": "https://api.example.com"], ["allowed_resources": ["api"]],
            ["allowed_resources": ["https://api.example.com#part"]],
            ["allowed_resources": .array(Array(repeating: "https://api.example.com", count: 51))],
            ["skip_consent": "yes"], ["skip_consent": 1],
            ["refresh_token_policy": "static"], ["refresh_token_policy": []],
            ["refresh_token_policy": ["rotation": "never"]],
            ["refresh_token_policy": ["overlap": -1]], ["refresh_token_policy": ["overlap": 61]],
            ["refresh_token_policy": ["overlap": "forever"]],
            ["refresh_token_policy": ["idle_lifetime": 0]],
            ["refresh_token_policy": ["absolute_lifetime": 315_360_001]],
            ["refresh_token_policy": ["max_sessions": 0]],
            ["refresh_token_policy": ["max_sessions": 1001]],
            ["refresh_token_policy": ["overlaps": 10]],
            ["redirect_uris": ["https://app.example.com/callback"]], ["client_secret": "chosen"],
            ["dpop_bound_access_tokens": true], ["jwks_uri": "https://app.example.com/jwks"],
            ["unknown": true],
        ] as [JSONValue]
    )
    func refused(members: JSONValue) throws {
        let error = #expect(throws: OAuthError.self) { try read(members) }
        #expect(error?.code == .invalidClientMetadata)
        #expect(error?.sentence.utf8.allSatisfy { 0x20...0x7E ~= $0 } == true)
    }

    @Test(
        "metadata that is no object, or has no grant types, is refused",
        arguments: [
            [:], [], "client", .null, 1,
        ] as [JSONValue]
    )
    func noObject(json: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try ClientMetadata(json: json) }
        #expect(error?.code == .invalidClientMetadata)
    }

    @Test(
        "a public client cannot have what needs a client that authenticates",
        arguments: [
            ["refresh_token_policy": ["rotation": "static"]],
            ["refresh_token_policy": ["overlap": "until_used"]],
            ["grant_types": ["client_credentials"]],
        ] as [JSONValue]
    )
    func publicClients(members: JSONValue) throws {
        _ = try read(members)
        var object = try #require(members.object)
        object["token_endpoint_auth_method"] = "none"
        let error = #expect(throws: OAuthError.self) { try read(.object(object)) }
        #expect(error?.code == .invalidClientMetadata)
    }
}
