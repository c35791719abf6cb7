import Foundation
import HTTPTypes
import MartletProtocol
import Testing

@testable import MartletClient

@Suite("Requests of a client")
struct DirectFlowsTests {
    @Test("a client proves who it is as it is registered")
    func authentication() async throws {
        let world = try World()
        world.server.always("/token", World.tokens(0))
        _ = try await world.client().clientCredentials()
        _ = try await world.client(.secret(Secret("a b:c"))).clientCredentials()
        _ = try await world.client(.secretInForm(Secret("s"))).clientCredentials()
        let asked = world.server.asked()
        #expect(asked[0].form["client_id"] == World.clientID)
        #expect(asked[0].header[.authorization] == nil)
        let header = try #require(asked[1].header[.authorization])
        let credentials = try #require(BasicCredentials(headerValue: header))
        #expect(credentials == BasicCredentials(clientID: World.clientID, secret: Secret("a b:c")))
        #expect(asked[1].form["client_id"] == nil)
        #expect(asked[2].form["client_secret"] == "s")
        #expect(asked[2].header[.authorization] == nil)
    }

    @Test("a service asks for its scope and its API")
    func clientCredentials() async throws {
        let world = try World()
        world.server.always("/token", World.tokens(0))
        _ = try await world.client(.secret(Secret("s")))
            .clientCredentials(scope: ["read", "write"], resource: "https://api.example.com")
        let form = try #require(world.server.asked().first?.form)
        #expect(form["grant_type"] == "client_credentials")
        #expect(form["scope"] == "read write")
        #expect(form["resource"] == "https://api.example.com")
    }

    @Test("a password goes into the form and nowhere else")
    func password() async throws {
        let world = try World()
        world.server.always("/token", World.tokens(0))
        let tokens = try await world.client()
            .password(username: "ada", password: Secret("pass word"), scope: ["read"])
        let form = try #require(world.server.asked().first?.form)
        #expect(form["grant_type"] == "password")
        #expect(form["username"] == "ada")
        #expect(form["password"] == "pass word")
        #expect("\(tokens)".contains("access-0") == false, "tokens are not printed")
        var dumped = ""
        dump(tokens, to: &dumped)
        #expect(!dumped.contains("access-0") && !dumped.contains("refresh-0"))
    }

    @Test("the refresh token is given back, or else the access token")
    func revoke() async throws {
        let world = try World()
        world.server.always("/revoke", .text(200, ""))
        try await world.client().revoke(world.tokenSet(3))
        try await world.client().revoke(world.tokenSet(4, refresh: false))
        let forms = world.server.asked("/revoke").map(\.form)
        #expect(forms[0]["token"] == "refresh-3")
        #expect(forms[0]["token_type_hint"] == "refresh_token")
        #expect(forms[1]["token"] == "access-4")
        #expect(forms[1]["token_type_hint"] == "access_token")
        world.server.always("/revoke", .text(503, ""))
        let error = await clientError { try await world.client().revoke(world.tokenSet(3)) }
        #expect(error?.isTemporary == true)
    }

    @Test("the page for signing out is told who, and where to go then")
    func endSession() async throws {
        let world = try World()
        var tokens = world.tokenSet(0)
        let compact = try world.idToken()
        tokens = TokenSet(
            accessToken: tokens.accessToken,
            accessTokenExpiresAt: nil,
            refreshToken: nil,
            sessionExpiresAt: nil,
            scope: nil,
            idToken: .init(compact: Secret(compact), claims: world.claims()),
            receivedAt: tokens.receivedAt
        )
        let url = try await world.client()
            .endSessionURL(for: tokens, returningTo: "https://app.example.com/?a=b", state: "s")
        let base = ScriptedServer.issuer + "/logout?theme=dark&"
        #expect(
            url.absoluteString
                == base + "client_id=notes&id_token_hint=\(compact)"
                + "&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2F%3Fa%3Db&state=s"
        )
    }

    @Test(
        "a refused refresh says why, as far as the server does",
        arguments: [
            (RefreshRefusal.expired.rawValue, ClientError.Code.expired),
            (RefreshRefusal.ended.rawValue, .ended),
            (RefreshRefusal.usedTwice.rawValue, .usedTwice),
            (RefreshRefusal.invalid.rawValue, .ended), ("Token is not active", .ended),
        ]
    )
    func refusals(sentence: String, code: ClientError.Code) async throws {
        let world = try World()
        world.server.answers("/token", World.refusal("invalid_grant", sentence))
        let error = await clientError { _ = try await world.client().refresh(world.tokenSet(0)) }
        #expect(error?.code == code)
        #expect(error?.needsSignIn == true)
    }
}
