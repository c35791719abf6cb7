import Foundation
import MartletProtocol
import Testing

@testable import MartletClient

@Suite("A sign-in in the browser")
struct SignInRequestTests {
    static let redirect = "com.example.notes:/callback"

    private func parameters(of url: URL) throws -> [String: String] {
        let query = try #require(url.absoluteString.split(separator: "?").last)
        return try FormParameters(parsing: Array(query.utf8)).pairs.reduce(into: [:]) {
            $0[$1.name] = $1.value
        }
    }

    /// An answer to a request, with parameters changed or, by nil, left out.
    private func answer(
        to request: SignInRequest,
        _ changes: [String: String?] = [:],
        at address: String = redirect
    ) -> String {
        var parameters: [String: String] = [
            "code": "c", "state": request.state.text, "iss": ScriptedServer.issuer,
        ]
        for (name, value) in changes { parameters[name] = value }
        return address + "?"
            + FormText.encode(parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    @Test("the request has a proof key, a state and a nonce, new each time, and what was asked for")
    func request() async throws {
        let world = try World()
        var options = SignInOptions(scope: ["openid", "read"])
        options.resources = ["https://a.example.com", "https://b.example.com"]
        options.prompt = ["login", "consent"]
        options.loginHint = "ada & bob"
        options.maximumAge = .seconds(60)
        let request = try await world.client().signInRequest(redirectURI: Self.redirect, options)
        let sent = try parameters(of: request.url)
        #expect(request.url.absoluteString.hasPrefix(ScriptedServer.issuer + "/authorize?"))
        #expect(sent["response_type"] == "code")
        #expect(sent["client_id"] == World.clientID)
        #expect(sent["redirect_uri"] == Self.redirect)
        #expect(sent["scope"] == "openid read")
        #expect(sent["prompt"] == "login consent")
        #expect(sent["login_hint"] == "ada & bob")
        #expect(sent["max_age"] == "60")
        #expect(sent["resource"] == "https://b.example.com", "the last of two")
        #expect(sent["code_challenge_method"] == "S256")
        #expect(sent["code_challenge"] == CodeChallenge(of: request.verifier).text)
        #expect(sent["state"]?.count == 43)
        #expect(sent["nonce"]?.count == 43)
        let another = try await world.client().signInRequest(redirectURI: Self.redirect)
        let different = try parameters(of: another.url)
        for name in ["state", "nonce", "code_challenge"] {
            #expect(different[name] != sent[name], "\(name)")
        }
    }

    @Test("the code is exchanged with the verifier, and the ID token is checked")
    func exchange() async throws {
        let world = try World()
        let client = world.client()
        let request = try await client.signInRequest(redirectURI: Self.redirect)
        let idToken = try world.idToken { $0.nonce = request.nonce }
        world.server.answers(
            "/token",
            World.tokens(0, ["id_token": .string(idToken), "refresh_token_timeout": 60])
        )
        let callback = try #require(URL(string: answer(to: request)))
        let tokens = try await client.finishSignIn(request, callback: callback)
        let form = try #require(world.server.asked().first?.form)
        #expect(form["grant_type"] == "authorization_code")
        #expect(form["code"] == "c")
        #expect(form["redirect_uri"] == Self.redirect)
        #expect(form["code_verifier"] == request.verifier.secret.text)
        #expect(form["client_id"] == World.clientID)
        #expect(tokens.idToken?.claims.subject == "ada")
        #expect(tokens.scope == ["openid", "offline_access"], "what the answer leaves out")
        #expect(tokens.accessTokenExpiresAt == SleepyClock.start + .seconds(600))
        #expect(tokens.sessionExpiresAt == SleepyClock.start + .seconds(60))
    }

    @Test("a lost answer to the code is not asked for again: that would end the session")
    func lost() async throws {
        let world = try World()
        let client = world.client()
        let request = try await client.signInRequest(redirectURI: Self.redirect)
        world.server.answers("/token", .lost)
        let error = await clientError {
            _ = try await client.finishSignIn(request, answer: answer(to: request))
        }
        #expect(error?.code == .offline)
        #expect(world.server.asked().count == 1)
    }

    @Test(
        "an answer that is not to this request is not believed",
        arguments: [
            ["state": "another"], ["state": nil], ["iss": "https://other.example.com"],
            ["iss": nil], ["iss": "https://login.example.com/"], ["code": nil],
            ["iss": "https://other.example.com", "error": "access_denied"],
        ] as [[String: String?]]
    )
    func foreign(changes: [String: String?]) async throws {
        let world = try World()
        let client = world.client()
        let request = try await client.signInRequest(redirectURI: Self.redirect)
        let error = await clientError {
            _ = try request.code(in: answer(to: request, changes))
        }
        #expect(error?.code == .untrusted)
    }

    @Test("an answer at another address, or with a parameter twice, is not believed")
    func malformed() async throws {
        let world = try World()
        let request = try await world.client().signInRequest(redirectURI: Self.redirect)
        for answer in [
            answer(to: request, at: "com.example.notes:/callback/"),
            answer(to: request, at: "com.example.other:/callback"),
            answer(to: request) + "&code=d", answer(to: request) + "&state=d",
            answer(to: request) + "&x=%f", "",
        ] {
            let error = await clientError { _ = try request.code(in: answer) }
            #expect(error?.code == .untrusted, "\(answer)")
        }
        #expect(try request.code(in: answer(to: request) + "#_=_") == Secret("c"))
    }

    @Test("whoever says no is told from what is wrong with the request")
    func errors() async throws {
        let world = try World()
        let request = try await world.client().signInRequest(redirectURI: Self.redirect)
        let denied = await clientError {
            _ = try request.code(in: answer(to: request, ["error": "access_denied"]))
        }
        #expect(denied?.code == .denied)
        let refused = await clientError {
            _ = try request.code(
                in: answer(
                    to: request,
                    ["error": "invalid_scope", "error_description": "No\u{1B}[2J such scope."]
                )
            )
        }
        #expect(refused?.code == .refused)
        #expect(refused?.refusal?.error == "invalid_scope")
        #expect(refused?.refusal?.explanation == "No?[2J such scope.")
        let silent = await clientError {
            _ = try request.code(in: answer(to: request, ["error": "login_required"]))
        }
        #expect(silent?.needsSignIn == true)
    }

    @Test("a server that does not announce its name in answers may leave it out")
    func withoutIssuer() async throws {
        let world = try World()
        var document = try #require(ScriptedServer.metadata.object)
        document["authorization_response_iss_parameter_supported"] = nil
        world.server.always(
            "/.well-known/oauth-authorization-server",
            .json(200, .object(document))
        )
        let request = try await world.client().signInRequest(redirectURI: Self.redirect)
        #expect(try request.code(in: answer(to: request, ["iss": nil])) == Secret("c"))
        let error = await clientError {
            _ = try request.code(in: answer(to: request, ["iss": "https://other.example.com"]))
        }
        #expect(error?.code == .untrusted)
    }
}
