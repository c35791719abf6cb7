import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Client metadata is read strictly")
struct ClientMetadataTests {
    static let callback: JSONValue = "https://app.example.com/callback"

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

    @Test("what is left out has the safe default", .covers("RFC 7591 §2 defaults"))
    func defaults() throws {
        let metadata = try ClientMetadata(json: .object(Self.least))
        #expect(metadata.authenticationMethod == .clientSecretBasic)
        #expect(metadata.scope.isEmpty)
        #expect(metadata.policy == PolicyOverrides())
        #expect(metadata.accessTokenLifetime == nil)
        #expect(metadata.allowedResources.isEmpty)
        #expect(!metadata.skipConsent)
        #expect(metadata.requirePKCE)
        #expect(metadata.redirectURIs.isEmpty)
        #expect(metadata.responseTypes.isEmpty)
        #expect(metadata.applicationType == .web)
        #expect(metadata.subjectType == .public)
        #expect(metadata.idTokenAlgorithm == .rs256)
        #expect(metadata.userInfoAlgorithm == nil)
        #expect(metadata.defaultMaxAge == nil)
        #expect(!metadata.requireAuthTime)
        #expect(metadata.defaultACRValues.isEmpty)
        #expect(metadata.backchannelLogoutURI == nil)
        #expect(!metadata.backchannelLogoutSessionRequired)
    }

    @Test("a client that names no grant types uses codes", .covers("RFC 7591 §2 defaults"))
    func defaultGrant() throws {
        let metadata = try ClientMetadata(json: ["redirect_uris": [Self.callback]])
        #expect(metadata.grantTypes == [.authorizationCode])
        #expect(metadata.responseTypes == [.code])
        #expect(metadata.json["response_types"] == ["code"])
        #expect(metadata.json["id_token_signed_response_alg"] == "RS256")
    }

    /// Every member about signing people in, none at its default.
    static let signsIn: JSONValue = [
        "grant_types": [
            "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "redirect_uris": [callback, "https://APP.example.com/other"],
        "post_logout_redirect_uris": ["https://app.example.com/bye"],
        "response_types": ["code"], "application_type": "native", "subject_type": "pairwise",
        "id_token_signed_response_alg": "EdDSA", "userinfo_signed_response_alg": "PS256",
        "default_max_age": 0, "require_auth_time": true,
        "default_acr_values": ["urn:example:gold", "1"],
        "backchannel_logout_uri": "https://app.example.com/logout",
        "backchannel_logout_session_required": true, "require_pkce": false,
        "client_uri": "https://app.example.com", "logo_uri": "https://app.example.com/logo.png",
        "tos_uri": "https://app.example.com/terms", "policy_uri": "http://localhost:3000/policy",
        "initiate_login_uri": "https://app.example.com/login", "contacts": ["ada@example.com"],
        "software_id": "photos", "software_version": "1.0",
    ]

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
        let signsIn = try read(Self.signsIn)
        #expect(try ClientMetadata(json: signsIn.json) == signsIn)
        #expect(try ClientMetadata(stored: signsIn.json) == signsIn)
        #expect(signsIn.sectorIdentifier == "app.example.com")
        #expect(signsIn.clientURI == "https://app.example.com")
        let untilUsed = try read(["refresh_token_policy": ["overlap": "until_used"]])
        #expect(try ClientMetadata(json: untilUsed.json) == untilUsed)
    }

    @Test(
        "a member that is unknown, mistyped, out of bounds or not built is refused",
        arguments: [
            ["grant_types": []], ["grant_types": "password"], ["grant_types": [1]],
            ["grant_types": ["implicit"]],
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
            ["redirect_uris": [callback]], ["post_logout_redirect_uris": [callback]],
            ["response_types": ["code"]], ["response_types": "code"], ["response_types": [1]],
            ["response_types": ["token"]], ["response_types": ["code id_token"]],
            ["application_type": "service"], ["application_type": 1],
            ["subject_type": "secret"], ["subject_type": "pairwise"],
            ["id_token_signed_response_alg": "none"], ["id_token_signed_response_alg": "HS256"],
            ["id_token_signed_response_alg": 1], ["userinfo_signed_response_alg": "none"],
            ["default_max_age": -1], ["default_max_age": "60"], ["default_max_age": 315_360_001],
            ["require_auth_time": 1], ["default_acr_values": "gold"],
            ["default_acr_values": ["with space"]], ["default_acr_values": [""]],
            ["default_acr_values": .array(Array(repeating: "gold", count: 21))],
            ["backchannel_logout_uri": "http://app.example.com/logout"],
            ["backchannel_logout_uri": "https://app.example.com/logout#now"],
            ["backchannel_logout_uri": "https://ada@app.example.com/logout"],
            ["backchannel_logout_uri": 1], ["backchannel_logout_session_required": true],
            ["require_pkce": "no"], ["client_uri": "javascript:alert(1)"],
            ["client_uri": "http://app.example.com"], ["logo_uri": "data:image/png;base64,AA"],
            ["tos_uri": "terms"], ["policy_uri": 1], ["initiate_login_uri": "com.example.app:/in"],
            ["client_name": 1], ["client_name": ""], ["client_name": "a\nb"],
            ["client_name": "safe\u{202E}elttil"], ["client_name": "\u{1B}[31mred"],
            ["client_name": .string(String(repeating: "a", count: 201))],
            ["contacts": "ada@example.com"], ["contacts": [1]],
            ["contacts": .array(Array(repeating: "ada@example.com", count: 21))],
            ["software_id": true], ["software_version": []],
            ["sector_identifier_uri": "https://app.example.com/sector.json"],
            ["client_secret": "chosen"],
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
        "metadata that is no object is refused",
        arguments: [[], "client", .null, 1] as [JSONValue]
    )
    func noObject(json: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try ClientMetadata(json: json) }
        #expect(error?.code == .invalidClientMetadata)
    }

    @Test(
        "a public client cannot have what needs a client that authenticates",
        .covers("RFC 6749 §4.4.2 confidential-only"),
        arguments: [
            ["refresh_token_policy": ["rotation": "static"]],
            ["refresh_token_policy": ["overlap": "until_used"]],
            ["grant_types": ["client_credentials"]], ["require_pkce": false],
        ] as [JSONValue]
    )
    func publicClients(members: JSONValue) throws {
        _ = try read(members)
        var object = try #require(members.object)
        object["token_endpoint_auth_method"] = "none"
        let error = #expect(throws: OAuthError.self) { try read(.object(object)) }
        #expect(error?.code == .invalidClientMetadata)
    }

    /// Reads the metadata of a client that signs people in, with members changed.
    private func readSignIn(_ members: JSONValue) throws -> ClientMetadata {
        var object = JSONObject()
        object["redirect_uris"] = [Self.callback]
        for member in members.object?.members ?? [] { object[member.name] = member.value }
        return try ClientMetadata(json: .object(object))
    }

    @Test(
        "redirect URIs that a client of this kind cannot have are refused as such",
        .covers("RFC 7591 §2 redirect-uris", "RFC 6749 §3.1.2.2 registered"),
        arguments: [
            ["redirect_uris": []], ["redirect_uris": "https://app.example.com"],
            ["redirect_uris": [1]], ["redirect_uris": ["http://app.example.com/callback"]],
            ["redirect_uris": [callback, "javascript:alert(1)"]],
            ["redirect_uris": ["com.example.app:/callback"]],
            ["redirect_uris": ["com.example.app:/callback"], "application_type": "web"],
            ["redirect_uris": .array(Array(repeating: callback, count: 51))],
            ["post_logout_redirect_uris": ["https://app.example.com/#bye"]],
            ["post_logout_redirect_uris": ["com.example.app:/bye"]],
        ] as [JSONValue]
    )
    func redirectURIs(members: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try readSignIn(members) }
        #expect(error?.code == .invalidRedirectURI)
    }

    @Test(
        "an app has addresses of its own scheme, and each address once",
        .covers("RFC 8252 §7 three-kinds")
    )
    func nativeClient() throws {
        let metadata = try readSignIn([
            "application_type": "native", "token_endpoint_auth_method": "none",
            "redirect_uris": [
                "com.example.app:/callback", "http://127.0.0.1/callback",
                "com.example.app:/callback",
            ],
        ])
        #expect(
            metadata.redirectURIs.map(\.text)
                == ["com.example.app:/callback", "http://127.0.0.1/callback"]
        )
    }

    @Test(
        "grant and response types go together",
        .covers("RFC 7591 §2.1 consistent"),
        arguments: [["response_types": []], ["grant_types": ["password"]]] as [JSONValue]
    )
    func responseTypes(members: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try readSignIn(members) }
        #expect(error?.code == .invalidClientMetadata)
    }

    @Test(
        "pairwise subjects need one https host for all redirect URIs",
        .covers("OIDC Core §8.1 sector"),
        arguments: [
            [callback, "https://other.example.com/callback"],
            [callback, "http://localhost/callback"], ["http://localhost/callback"],
            [callback, "com.example.app:/callback"], ["https://localhost/callback"],
        ] as [JSONValue]
    )
    func pairwise(uris: JSONValue) throws {
        let members: JSONValue = ["redirect_uris": uris, "application_type": "native"]
        #expect(try readSignIn(members).sectorIdentifier == nil)
        let pairwise: JSONValue = [
            "redirect_uris": uris, "application_type": "native", "subject_type": "pairwise",
        ]
        let error = #expect(throws: OAuthError.self) { try readSignIn(pairwise) }
        #expect(error?.code == .invalidClientMetadata)
    }

    @Test("a client that an earlier version stored stays readable")
    func stored() throws {
        let metadata = try ClientMetadata(stored: [
            "client_name": "Photos", "client_uri": "javascript:alert(1)",
            "tos_uri": "https://app.example.com/terms", "contacts": 1,
            "application_type": "service", "grant_types": ["refresh_token", "password"],
            "token_endpoint_auth_method": "none",
        ])
        #expect(metadata.name == "Photos")
        #expect(metadata.termsURI == "https://app.example.com/terms")
        #expect(metadata.applicationType == .web)
        #expect(metadata.requirePKCE)
        #expect(metadata.idTokenAlgorithm == .rs256)
        #expect(metadata.clientURI == nil)
        #expect(metadata.informational.count == 2)
    }
}
