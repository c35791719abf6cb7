import MartletProtocol
import Testing

@testable import MartletCore

/// A browser that somebody signed in with.
struct TestBrowser: Sendable {
    let cookie: SignInCookie
    let origin: Origin
}

extension TestAuthorizationServer {
    static let callback = "https://app.example.com/callback"
    /// The example of RFC 7636 appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    /// A person signs in to a browser; the password has been verified.
    func browser(_ username: String = "ada", userAgent: String = "browser") async throws
        -> TestBrowser
    {
        let origin = Origin(address: Self.home, userAgent: userAgent)
        let (_, cookie) = try await server.signIn(
            try await server.account(named: username),
            authentication: .password(at: now),
            origin: origin,
            replacing: nil,
            at: now
        )
        return TestBrowser(cookie: cookie, origin: origin)
    }

    /// Whether anybody is signed in with this browser.
    func isSignedIn(_ cookie: SignInCookie) async throws -> Bool {
        try await server.signedIn(by: cookie, at: now) != nil
    }

    func ownAccount(
        _ browser: TestBrowser,
        at other: AuthorizationServer? = nil
    ) async throws -> OwnAccount {
        let server = other ?? server
        return OwnAccount(
            server: server,
            person: try #require(try await server.signedIn(by: browser.cookie, at: now))
        )
    }

    /// The browser arrives at the authorization endpoint; the person allows what is asked for.
    func authorize(
        _ client: TestClient,
        in browser: TestBrowser?,
        scope: String,
        prompt: String? = nil,
        allows: Bool? = true
    ) async throws -> AuthorizationAnswer {
        var query = [
            ("response_type", "code"), ("client_id", client.id.rawValue), ("scope", scope),
            ("redirect_uri", Self.callback), ("code_challenge", Self.challenge),
            ("code_challenge_method", "S256"),
        ]
        if let prompt { query.append(("prompt", prompt)) }
        let text = query.map { "\(Self.encoded($0))=\(Self.encoded($1))" }.joined(separator: "&")
        let answer = try allows.map { ConsentAnswer(scope: try Scope(valid: scope), isAllowed: $0) }
        return try await server.authorize(
            AuthorizationVisit(
                parameters: try FormParameters(parsing: Array(text.utf8)),
                query: text,
                cookie: browser?.cookie,
                notes: [],
                answer: answer,
                origin: browser?.origin ?? Origin(address: Self.home, userAgent: "browser"),
                arrived: now
            )
        )
    }

    /// The code that comes of it.
    func code(
        _ client: TestClient,
        in browser: TestBrowser,
        scope: String = "read"
    ) async throws -> String {
        let answer = try await authorize(client, in: browser, scope: scope)
        guard case .respond(let response) = answer,
            let code = response.parameters.first(where: { $0.name == "code" })
        else { throw AdministrationError("no code came back: \(answer)") }
        return code.value
    }

    func exchange(_ code: String, as client: TestClient) async throws -> TokenResponse {
        try await server.token(
            request(
                [
                    ("grant_type", "authorization_code"), ("code", code),
                    ("redirect_uri", Self.callback), ("code_verifier", Self.verifier),
                ],
                as: client
            )
        )
    }

    /// The refresh token of a session from this browser.
    func newSession(
        _ client: TestClient,
        in browser: TestBrowser,
        scope: String = "read"
    ) async throws -> String {
        let code = try await code(client, in: browser, scope: scope)
        return try #require(try await exchange(code, as: client).refresh).token
    }
}
