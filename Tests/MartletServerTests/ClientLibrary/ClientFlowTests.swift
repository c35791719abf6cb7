import Foundation
import HTTPTypes
import MartletProtocol
import MartletTesting
import MartletTransport
import Testing

@testable import MartletClient
@testable import MartletServer

@Suite("The client library and the real server")
struct ClientFlowTests {
    private static let native: JSONValue = [
        "client_name": "Notes", "redirect_uris": ["http://127.0.0.1/callback"],
        "application_type": "native", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile offline_access", "id_token_signed_response_alg": "ES256",
    ]

    /// What alice does in her browser: she signs in and presses a button.
    private func press(_ action: String, at url: URL, _ world: ClientWorld) async throws {
        let path = try #require(RequestAddress(url.absoluteString)?.path)
        let browser = PersonsBrowser(world.caller)
        let login = try await browser.open(path)
        let consent = try await browser.signIn(login)
        let end = try await browser.submit(consent, ["action": action])
        let location = try #require(end.answer.headers[.location], "\(end.text)")
        let target = try #require(URL(string: location))
        // The app's listener answers with a page.
        Task { _ = try await AsyncHTTPClientTransport().send(.init(.get, target), body: Data()) }
    }

    @Test("a person signs in by browser, stays signed in, and a thief ends it for both")
    func browser() async throws {
        try await ClientWorld.run { world in
            let client = try await world.register(Self.native)
            let place = TokenPlace()
            let session = OAuthSession(client: client, store: place.store)
            let tokens = try await client.signInWithBrowser(
                redirect: LoopbackRedirect(patience: .seconds(3600))
            ) { url in
                try await press("allow", at: url, world)
            }
            try await session.signIn(with: tokens)
            #expect(try await session.identity()?.subject == tokens.idToken?.claims.subject)
            #expect(tokens.scope == ["openid", "offline_access"])
            #expect(tokens.sessionExpiresAt != nil)

            for _ in 0..<3 {
                world.clock.advance(by: ClientWorld.life)
                let url = try #require(URL(string: world.proxy.issuer + "/oauth/userinfo"))
                let (data, response) = try await session.data(from: url)
                #expect(response.status == .ok, "\(String(decoding: data, as: UTF8.self))")
            }

            world.clock.advance(by: .seconds(120))
            let stolen = await clientError { _ = try await client.refresh(tokens) }
            #expect(stolen?.code == .usedTwice)
            world.clock.advance(by: ClientWorld.life)
            let error = await clientError { _ = try await session.accessToken() }
            #expect(error?.code == .usedTwice)
            #expect(try await session.isSignedIn == false)
        }
    }

    @Test("a person who says no is understood")
    func denied() async throws {
        try await ClientWorld.run { world in
            let client = try await world.register(Self.native)
            let error = await clientError {
                _ = try await client.signInWithBrowser(
                    redirect: LoopbackRedirect(patience: .seconds(3600))
                ) { url in
                    try await press("deny", at: url, world)
                }
            }
            #expect(error?.code == .denied)
        }
    }

    @Test("a device waits for its person")
    func device() async throws {
        try await ClientWorld.run { world in
            let client = try await world.register([
                "client_name": "Television", "token_endpoint_auth_method": "none",
                "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
                "scope": "openid offline_access", "id_token_signed_response_alg": "ES256",
            ])
            let device = try await client.beginDeviceSignIn()
            let complete = try #require(device.verificationURIComplete)
            #expect(complete.hasPrefix(world.proxy.issuer))
            let browser = PersonsBrowser(world.caller)
            let path = try #require(RequestAddress(complete)?.path)
            let question = try await browser.signIn(try await browser.open(path))
            _ = try await browser.submit(question, ["action": "allow"])
            let tokens = try await client.finishDeviceSignIn(device)
            #expect(tokens.refreshToken != nil)
            #expect(tokens.idToken != nil)
        }
    }

    @Test("a service has a token whenever it needs one")
    func service() async throws {
        try await ClientWorld.run(.everyThird) { world in
            let session = OAuthSession.service(world.client(.odd), scope: ["read"])
            var tokens: Set<String> = []
            for _ in 0..<6 {
                tokens.insert(try await session.accessToken().text)
                world.clock.advance(by: ClientWorld.life)
            }
            #expect(tokens.count == 6)
        }
    }

    @Test("who signs out is signed out at the server")
    func signOut() async throws {
        try await ClientWorld.run { world in
            let client = world.client(.overlapping)
            let session = try await world.session(of: client, store: MemoryTokenStore())
            let tokens = try #require(try await session.currentTokens())
            guard case .everywhere = try await session.signOut() else {
                Issue.record("the server was not told")
                return
            }
            let error = await clientError { _ = try await client.refresh(tokens) }
            #expect(error?.code == .ended)
        }
    }

    @Test("an expired session says so")
    func expired() async throws {
        try await ClientWorld.run { world in
            let client = world.client(.overlapping)
            let session = try await world.session(of: client, store: MemoryTokenStore())
            world.clock.advance(by: .seconds(16 * 86_400))
            let error = await clientError { _ = try await session.accessToken() }
            #expect(error?.code == .expired)
        }
    }

    /// What a body throws, if it is an error of the client.
    private func clientError(_ body: () async throws -> Void) async -> ClientError? {
        do {
            try await body()
            Issue.record("nothing was thrown")
            return nil
        } catch let error as ClientError {
            return error
        } catch {
            Issue.record("another error: \(error)")
            return nil
        }
    }
}
