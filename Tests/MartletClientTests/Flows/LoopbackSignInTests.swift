import Foundation
import HTTPTypes
import MartletProtocol
import MartletTransport
import Testing

@testable import MartletClient

@Suite("The answer of a sign-in on 127.0.0.1")
struct LoopbackSignInTests {
    private let browser = AsyncHTTPClientTransport()

    private func get(_ address: String) async throws -> (status: Int, text: String) {
        let url = try #require(URL(string: address))
        let (data, response) = try await browser.send(.init(.get, url), body: Data())
        return (response.status.code, String(decoding: data, as: UTF8.self))
    }

    private func parameter(_ name: String, of url: URL) throws -> String {
        let query = try #require(url.absoluteString.split(separator: "?").last)
        return try #require(try FormParameters(parsing: Array(query.utf8)).one(name))
    }

    /// What a browser does that is sent to sign in: it comes back with these parameters.
    private func comeBack(
        to url: URL,
        _ parameters: [(String, String)]
    ) async throws -> (status: Int, text: String) {
        let query = [
            ("state", try parameter("state", of: url)), ("iss", ScriptedServer.issuer),
        ]
        let redirect = try parameter("redirect_uri", of: url)
        return try await get(redirect + "?" + FormText.encode(query + parameters))
    }

    @Test("the browser comes back to a port of this machine, sees a page, and the app has tokens")
    func story() async throws {
        let world = try World()
        let page = Noted("")
        let client = world.waitingClient()
        world.server.answers("/token", World.tokens(0))
        let tokens = try await client.signInWithBrowser(
            SignInOptions(scope: ["read"]),
            redirect: LoopbackRedirect(path: "/back")
        ) { url in
            let redirect = try parameter("redirect_uri", of: url)
            #expect(redirect.hasPrefix("http://127.0.0.1:"))
            #expect(redirect.hasSuffix("/back"))
            Task {
                // What a browser, and a page of a stranger that guesses the port, ask for first.
                let origin = redirect.dropLast("/back".count)
                #expect(try await get(origin + "/favicon.ico").status == 404)
                #expect(
                    try await get(redirect + "?state=guessed&error=access_denied").status == 404
                )
                let answer = try await comeBack(to: url, [("code", "c")])
                page.value = "\(answer.status) \(answer.text)"
            }
        }
        #expect(tokens.accessToken == Secret("access-0"))
        while page.value.isEmpty { await Task.yield() }
        #expect(page.value.hasPrefix("200") && page.value.contains("You can close this page"))
    }

    @Test("who says no reads so in the browser, and the app is told")
    func denied() async throws {
        let client = try World().waitingClient()
        let page = Noted("")
        let error = await clientError {
            _ = try await client.signInWithBrowser { url in
                Task {
                    let answer = try await comeBack(to: url, [("error", "access_denied")])
                    page.value = answer.text
                }
            }
        }
        #expect(error?.code == .denied)
        while page.value.isEmpty { await Task.yield() }
        #expect(page.value.contains("You are not signed in"))
    }

    @Test("who does not come back is not waited for without end")
    func late() async throws {
        let error = await clientError {
            // Here the clock moves when somebody sleeps.
            _ = try await World().client().signInWithBrowser { _ in }
        }
        #expect(error?.code == .tookTooLong)
    }

    @Test("an app that gives up closes its port")
    func cancelled() async throws {
        let client = try World().waitingClient()
        let address = Noted("")
        let task = Task {
            try await client.signInWithBrowser { url in
                let redirect = try parameter("redirect_uri", of: url)
                address.value = redirect
            }
        }
        while address.value.isEmpty { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        let place = address.value
        await #expect(throws: (any Error).self) { _ = try await get(place) }
    }
}

extension World {
    /// A client whose patience never ends: in these tests the other side is a real socket.
    fileprivate func waitingClient() -> OAuthClient {
        let clock = clock
        return OAuthClient(
            issuer: ScriptedServer.issuer,
            clientID: Self.clientID,
            authentication: .publicClient,
            transport: server,
            surroundings: ClientSurroundings(
                now: { clock.now },
                sleep: { _ in try await Task.sleep(for: .seconds(3600)) }
            )
        )
    }
}
