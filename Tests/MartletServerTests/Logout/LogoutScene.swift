import Foundation
import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import MartletServer

/// A client that people sign in to, a browser that somebody is signed in with, and what it sees.
struct LogoutScene {
    static let callback = "https://app.example.com/callback"
    static let out = "https://app.example.com/out"
    /// The example of RFC 7636 appendix B.
    private static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    private static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let browserID = "AAAAAAAAAAAAAAAAAAAAAA"

    let test: TestServer
    let cookie: SignInCookie
    let client: KnownClient

    /// - Parameter backchannel: where the client wants to hear of logouts.
    init(
        issuer: String = TestServer.issuer,
        backchannel: String? = nil,
        managedBy: ManagedBy = .operator
    ) async throws {
        test = try await TestServer(issuer: issuer)
        client = Self.client("rp", backchannel: backchannel)
        try await test.register(client, managedBy: managedBy)
        cookie = try await Self.signIn(at: test)
    }

    static func client(_ id: String, backchannel: String?) -> KnownClient {
        let metadata: JSONValue = [
            "client_name": "The App", "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [.string(callback)],
            "post_logout_redirect_uris": [.string(out), "http://127.0.0.1/out"],
            "id_token_signed_response_alg": "ES256", "scope": "openid", "skip_consent": true,
        ]
        var members = metadata.object ?? JSONObject()
        members["backchannel_logout_uri"] = backchannel.map { .string($0) }
        return KnownClient(id: id, secret: "secret-of-\(id)", metadata: .object(members))
    }

    static func signIn(at test: TestServer) async throws -> SignInCookie {
        try await test.server.signIn(
            try await test.server.account(named: TestServer.username),
            authentication: .password(at: test.clock.now),
            origin: Origin(address: "192.0.2.1", userAgent: "test"),
            replacing: nil,
            at: test.clock.now
        ).1
    }

    var isSignedIn: Bool {
        get async throws {
            try await test.server.signedIn(by: cookie, at: test.clock.now) != nil
        }
    }

    // MARK: - What the browser does

    private var prefix: String { test.server.settings.issuer.hasPrefix("https") ? "__Host-" : "" }

    func headers(browser: String = browserID, signedIn: Bool = true) -> HTTPFields {
        var cookies = ["\(prefix)martlet-browser=\(browser)"]
        if signedIn { cookies.append("\(prefix)martlet=\(cookie.text)") }
        return [.cookie: cookies.joined(separator: "; ")]
    }

    static func query(_ pairs: KeyValuePairs<String, String>) -> String {
        Form.encode(pairs.map { ($0.key, $0.value) })
    }

    func get(
        _ caller: Caller,
        _ pairs: KeyValuePairs<String, String>,
        signedIn: Bool = true
    ) async throws -> Answer {
        let path = test.server.settings.issuerPath + "/oauth/logout?" + Self.query(pairs)
        return try await caller.send(.get, path, headers: headers(signedIn: signedIn))
    }

    /// Sends the form of a page, as the browser that it was given to unless the test says otherwise.
    func submit(
        _ caller: Caller,
        _ page: Answer,
        action: String = "sign_out",
        changing: [String: String] = [:],
        browser: String = browserID
    ) async throws -> Answer {
        let html = try HTMLReader(page.text)
        var fields: [String: String] = ["action": action]
        for input in html.all("input") { fields[input["name"] ?? ""] = input["value"] }
        fields.merge(changing) { $1 }
        var headers = headers(browser: browser)
        headers[.contentType] = Form.contentType
        return try await caller.send(
            .post,
            try #require(html.all("form").first?["action"]),
            headers: headers,
            body: Array(Form.encode(fields.map { ($0.key, $0.value) }).utf8)
        )
    }

    /// The ID token of a session from the browser.
    func idToken(_ caller: Caller, of other: KnownClient? = nil) async throws -> String {
        let client = other ?? client
        let query = Self.query([
            "response_type": "code", "client_id": client.id, "redirect_uri": Self.callback,
            "scope": "openid", "code_challenge": Self.challenge, "code_challenge_method": "S256",
        ])
        let base = test.server.settings.issuerPath
        let answer = try await caller.send(
            .get,
            "\(base)/oauth/authorize?\(query)",
            headers: headers()
        )
        let location = try #require(answer.headers[.location], "\(answer.text)")
        let code = URLComponents(string: location)?.queryItems?.first { $0.name == "code" }?.value
        let tokens = try await caller.submit(
            [
                "grant_type": "authorization_code", "code": try #require(code, "\(location)"),
                "redirect_uri": Self.callback, "code_verifier": Self.verifier,
            ],
            to: base + "/oauth/token",
            as: client
        )
        return try #require(try tokens.member("id_token"), "\(tokens.text)")
    }
}
