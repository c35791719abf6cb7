import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What a client that registers itself may be")
struct SelfRegisteredMetadataTests {
    private func read(_ members: JSONValue) throws -> ClientMetadata {
        var object = JSONObject()
        object["redirect_uris"] = ["https://app.example.com/callback"]
        for member in members.object?.members ?? [] { object[member.name] = member.value }
        return try ClientMetadata(selfRegistered: .object(object))
    }

    @Test("it uses codes, with the standard scopes, and always asks")
    func defaults() throws {
        let metadata = try read([:])
        #expect(metadata.grantTypes == [.authorizationCode])
        #expect(metadata.scope.tokens == ScopeName.all)
        #expect(metadata.requirePKCE)
        #expect(!metadata.skipConsent)
        #expect(metadata.allowedResources.isEmpty)
        #expect(metadata.policy == PolicyOverrides())
    }

    @Test("grants, response types and scopes that it cannot have are left out")
    func narrowed() throws {
        let metadata = try read([
            "grant_types": [
                "authorization_code", "implicit", "refresh_token", "password",
                "client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer",
            ],
            "response_types": ["code", "id_token", "code id_token", "token"],
            "scope": "openid admin read email",
        ])
        #expect(metadata.grantTypes == [.authorizationCode, .refreshToken])
        #expect(metadata.responseTypes == [.code])
        #expect(metadata.scope.description == "openid email")
    }

    @Test(
        "members that this version does not know are ignored, and so are those that are null",
        .covers("RFC 7591 §2 unknown-ignored")
    )
    func unknown() throws {
        let metadata = try read([
            "jwks_uri": "https://app.example.com/jwks", "software_statement": "x", "é": [1],
            "client_name#fr": "Photos", "require_signed_request_object": true,
            "client_name": .null, "skip_consent": .null, "client_secret": "chosen",
        ])
        #expect(try metadata == read([:]))
    }

    @Test(
        "what is the operator's to decide is refused, at its default too",
        arguments: [
            ["refresh_token_policy": ["rotation": "static"]], ["refresh_token_policy": [:]],
            ["access_token_lifetime": 60], ["allowed_resources": []],
            ["allowed_resources": ["https://api.example.com"]], ["skip_consent": true],
            ["skip_consent": false], ["require_pkce": false], ["require_pkce": true],
        ] as [JSONValue]
    )
    func operators(members: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try read(members) }
        #expect(error?.code == .invalidClientMetadata)
    }

    @Test(
        "what leaves nothing that it could do is refused",
        arguments: [
            ["grant_types": ["password"]], ["grant_types": ["client_credentials"]],
            ["grant_types": ["implicit"]], ["grant_types": []],
            ["redirect_uris": .null, "grant_types": ["refresh_token"]],
            ["response_types": ["token"]], ["response_types": []],
            ["scope": "admin"], ["scope": "\""], ["scope": 1],
            ["token_endpoint_auth_method": "private_key_jwt"],
            ["subject_type": "pairwise", "redirect_uris": ["http://127.0.0.1/"]],
        ] as [JSONValue]
    )
    func refused(members: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try read(members) }
        #expect(error?.code == .invalidClientMetadata)
        #expect(error?.sentence.utf8.allSatisfy { 0x20...0x7E ~= $0 } == true)
    }

    @Test(
        "redirect URIs are read as strictly as an operator's",
        .covers("RFC 7591 §5 redirect-uri-rules"),
        arguments: [
            ["redirect_uris": .null], ["redirect_uris": []],
            ["redirect_uris": ["http://app.example.com/"]],
            ["redirect_uris": ["javascript:alert(1)"]],
            ["redirect_uris": ["com.example.app:/callback"]],
        ] as [JSONValue]
    )
    func redirectURIs(members: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try read(members) }
        #expect(error?.code == .invalidRedirectURI)
    }

    @Test("what is no object is refused", arguments: [[], "client", .null, 1] as [JSONValue])
    func noObject(json: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try ClientMetadata(selfRegistered: json) }
        #expect(error?.code == .invalidClientMetadata)
    }

    @Test("a device that shows codes needs no redirect URI")
    func device() throws {
        let metadata = try read([
            "redirect_uris": .null, "token_endpoint_auth_method": "none",
            "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        ])
        #expect(metadata.grantTypes == [.deviceCode, .refreshToken])
    }
}
