import Foundation
import HTTPTypes
import MartletProtocol
import Synchronization
import Testing

@testable import MartletClient

@Suite("A session that keeps itself alive")
struct OAuthSessionTests {
    /// A world with a session that was signed in at generation 0.
    private func signedIn(
        store: any TokenStore = MemoryTokenStore(),
        retry: RetryPolicy = .standard
    ) async throws -> (World, OAuthSession) {
        let world = try World()
        let session = OAuthSession(client: world.client(), store: store, retry: retry)
        try await session.signIn(with: world.tokenSet(0))
        return (world, session)
    }

    @Test("a good token is used without asking anybody")
    func good() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(539))
        #expect(try await session.accessToken() == Secret("access-0"))
        #expect(world.server.asked().isEmpty)
    }

    @Test("shortly before its end it is renewed, once for however many ask")
    func oneForAll() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(540))
        let gate = Gate()
        world.server.answers("/token", .held(gate, World.tokens(1)))
        let tokens = try await withThrowingTaskGroup(of: Secret.self) { group in
            for _ in 0..<200 { group.addTask { try await session.accessToken() } }
            await gate.visitor()
            gate.open()
            return try await group.reduce(into: [Secret]()) { $0.append($1) }
        }
        #expect(tokens == Array(repeating: Secret("access-1"), count: 200))
        #expect(world.server.asked().map { $0.form["refresh_token"] } == ["refresh-0"])
        #expect(try await session.currentTokens()?.refreshToken == Secret("refresh-1"))
    }

    @Test("a caller that is cancelled leaves at once; the renewal goes on for the others")
    func cancelled() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        let gate = Gate()
        world.server.answers("/token", .held(gate, World.tokens(1)))
        let first = Task { try await session.accessToken() }
        await gate.visitor()
        let second = Task { try await session.accessToken() }
        first.cancel()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        gate.open()
        #expect(try await second.value == Secret("access-1"))
        #expect(world.server.asked().count == 1)
    }

    @Test("when all who asked have left, the outcome is kept all the same")
    func allCancelled() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        let gate = Gate()
        world.server.answers("/token", .held(gate, World.tokens(1)))
        let only = Task { try await session.accessToken() }
        await gate.visitor()
        only.cancel()
        await #expect(throws: CancellationError.self) { _ = try await only.value }
        gate.open()
        #expect(try await session.accessToken() == Secret("access-1"))
        #expect(world.server.asked().count == 1, "nobody refreshed again")
    }

    @Test("a lost answer is asked for again with the same token")
    func lost() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        world.server.answers("/token", .lost, .text(502, "<html>"), .lost, World.tokens(1))
        #expect(try await session.accessToken() == Secret("access-1"))
        #expect(
            world.server.asked().map { $0.form["refresh_token"] }
                == Array(repeating: "refresh-0", count: 4)
        )
        #expect(world.clock.sleeps.count == 3)
    }

    @Test("without a network the session stands, and the server is left alone for a moment")
    func offline() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        world.server.always("/token", .lost)
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.isTemporary == true)
        #expect(error?.needsSignIn == false)
        let asked = world.server.asked().count
        #expect(asked > 4)
        let again = await clientError { _ = try await session.accessToken() }
        #expect(again?.isTemporary == true)
        #expect(world.server.asked().count == asked, "not so soon")
        #expect(try await session.isSignedIn)

        world.server.always("/token", World.tokens(1))
        world.clock.advance(by: .seconds(6))
        #expect(try await session.accessToken() == Secret("access-1"))
        #expect(world.server.asked().last?.form["refresh_token"] == "refresh-0")
    }

    @Test("a token that is still good for seconds is used while nobody answers")
    func meanwhile() async throws {
        let (world, session) = try await signedIn(
            retry: .init(first: .seconds(1), longest: .seconds(5), patience: .seconds(10))
        )
        world.clock.advance(by: .seconds(541))
        world.server.always("/token", .lost)
        #expect(try await session.accessToken() == Secret("access-0"))
        let asked = world.server.asked().count
        #expect(try await session.accessToken() == Secret("access-0"))
        #expect(world.server.asked().count == asked)
        world.clock.advance(by: .seconds(60))
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.isTemporary == true, "its end is its end")
    }

    @Test("whoever asks while lost answers are asked for again gets the token that is still good")
    func meanwhileAtOnce() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(541))
        let gate = Gate()
        world.server.answers("/token", .lost, .held(gate, World.tokens(1)))
        let first = Task { try await session.accessToken() }
        await gate.visitor()
        #expect(try await session.accessToken() == Secret("access-0"))
        gate.open()
        #expect(try await first.value == Secret("access-1"))
        #expect(try await session.accessToken() == Secret("access-1"))
    }

    @Test(
        "the end of a session says why, to every caller and after the next start, and is asked once",
        arguments: [
            (RefreshRefusal.expired.rawValue, ClientError.Code.expired),
            (RefreshRefusal.ended.rawValue, .ended),
            (RefreshRefusal.usedTwice.rawValue, .usedTwice),
            ("Token is not active", .ended),
        ]
    )
    func ends(sentence: String, code: ClientError.Code) async throws {
        let store = MemoryTokenStore()
        let (world, session) = try await signedIn(store: store)
        world.clock.advance(by: .seconds(600))
        world.server.answers("/token", World.refusal("invalid_grant", sentence))
        for _ in 0..<2 {
            let error = await clientError { _ = try await session.accessToken() }
            #expect(error?.code == code)
            #expect(error?.needsSignIn == true)
        }
        let next = OAuthSession(client: world.client(), store: store)
        let error = await clientError { _ = try await next.accessToken() }
        #expect(error?.code == code)
        #expect(world.server.asked().count == 1)
        #expect(try await next.isSignedIn == false)

        try await next.signIn(with: world.tokenSet(7))
        #expect(try await session.accessToken() == Secret("access-7"), "both are signed in again")
    }

    @Test(
        "a server that refuses for another reason ends nothing",
        arguments: ["invalid_client", "x"]
    )
    func misconfigured(code: String) async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        world.server.answers("/token", World.refusal(code))
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.code == .refused)
        #expect(error?.refusal?.error == code)
        world.clock.advance(by: .seconds(6))
        world.server.answers("/token", World.tokens(1))
        #expect(try await session.accessToken() == Secret("access-1"))
    }

    @Test("nobody is signed in before somebody signs in")
    func empty() async throws {
        let world = try World()
        let session = OAuthSession(client: world.client())
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.code == .notSignedIn)
        #expect(world.server.asked().isEmpty)
    }

    @Test("tokens about somebody else are not used, and the session is over")
    func mistaken() async throws {
        let world = try World()
        let session = OAuthSession(client: world.client())
        let ada = try world.idToken()
        world.server.answers("/token", World.tokens(0, ["id_token": .string(ada)]))
        try await session.signIn(
            with: world.client().password(username: "ada", password: Secret("p"))
        )
        #expect(try await session.identity()?.subject == "ada")
        world.clock.advance(by: .seconds(600))
        let eve = try world.idToken { $0.subject = "eve" }
        world.server.answers("/token", World.tokens(1, ["id_token": .string(eve)]))
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.code == .ended)
    }

    // MARK: - Requests

    static let api = "https://api.example.com/notes"

    /// An API that takes one access token.
    private func api(_ world: World, takes token: String, challenge: String? = nil) {
        world.server.always(
            Self.api,
            .computed { asked in
                if asked.header[.authorization] == "Bearer \(token)" { return .text(200, token) }
                return .header(401, challenge.map { [.wwwAuthenticate: $0] } ?? [:])
            }
        )
    }

    private func get(_ session: OAuthSession) async throws -> (status: Int, text: String) {
        let url = try #require(URL(string: Self.api))
        let (data, response) = try await session.data(from: url)
        return (response.status.code, String(decoding: data, as: UTF8.self))
    }

    @Test(
        "a request is sent once more, with another token, when an API answers 401",
        arguments: [nil, #"Bearer realm="api", error="invalid_token""#, "Basic"]
    )
    func unauthorized(challenge: String?) async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(5))
        api(world, takes: "access-1", challenge: challenge)
        world.server.answers("/token", World.tokens(1))
        #expect(try await get(session) == (200, "access-1"))
        #expect(world.server.asked(Self.api).count == 2)
    }

    @Test("many requests that are refused at once renew once")
    func manyUnauthorized() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(60))
        api(world, takes: "access-1")
        world.server.answers("/token", World.tokens(1))
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await get(session).status } }
            for try await status in group { #expect(status == 200) }
        }
        #expect(world.server.asked().count == 1)
    }

    @Test("an API that refuses every token gets two, and costs no more rotations after that")
    func refusesAll() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(60))
        api(world, takes: "never")
        world.server.answers("/token", World.tokens(1))
        for _ in 0..<5 { #expect(try await get(session).status == 401) }
        #expect(world.server.asked().count == 1)
    }

    @Test(
        "a challenge that another token does not meet is the caller's",
        arguments: ["insufficient_user_authentication", "insufficient_scope"]
    )
    func stepUp(error: String) async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(60))
        api(world, takes: "never", challenge: "Bearer error=\"\(error)\"")
        #expect(try await get(session).status == 401)
        #expect(world.server.asked().isEmpty)
    }

    @Test("a token is not sent where others could read it")
    func insecure() async throws {
        let (world, session) = try await signedIn()
        let url = try #require(URL(string: "http://api.example.com/notes"))
        let error = await clientError { _ = try await session.data(from: url) }
        #expect(error?.code == .insecure)
        #expect(world.server.asked("http://api.example.com/notes").isEmpty)
    }

    // MARK: - Services

    @Test("a service asks for tokens when it needs one, once for all, and again before they end")
    func service() async throws {
        let world = try World()
        let client = world.client(.secret(Secret("s")))
        let session = OAuthSession.service(client, scope: ["read"])
        let first = World.tokens(0, ["refresh_token": "unused"])
        world.server.answers("/token", .lost, first, World.tokens(1))
        for _ in 0..<3 { #expect(try await session.accessToken() == Secret("access-0")) }
        world.clock.advance(by: .seconds(590))
        #expect(try await session.accessToken() == Secret("access-1"))
        #expect(
            world.server.asked().allSatisfy {
                $0.form["grant_type"] == "client_credentials" && $0.form["scope"] == "read"
            }
        )
    }

    // MARK: - Signing out

    @Test("signing out forgets the tokens and gives them back")
    func signOut() async throws {
        let (world, session) = try await signedIn()
        world.server.always("/revoke", .text(200, ""))
        guard case .everywhere = try await session.signOut() else {
            Issue.record("the server was not told")
            return
        }
        #expect(world.server.asked("/revoke").first?.form["token"] == "refresh-0")
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.code == .notSignedIn)
    }

    @Test("without a network one is signed out here")
    func signOutOffline() async throws {
        let (world, session) = try await signedIn()
        world.server.always("/revoke", .lost)
        guard case .here(let error) = try await session.signOut() else {
            Issue.record("the server was told")
            return
        }
        #expect(error.isTemporary)
        #expect(try await session.isSignedIn == false)
    }

    @Test("signing out waits for a renewal: its outcome does not sign in again")
    func signOutDuringRenewal() async throws {
        let (world, session) = try await signedIn()
        world.clock.advance(by: .seconds(600))
        let gate = Gate()
        world.server.answers("/token", .held(gate, World.tokens(1)))
        world.server.always("/revoke", .text(200, ""))
        let renewal = Task { try await session.accessToken() }
        await gate.visitor()
        let signOut = Task { try await session.signOut() }
        gate.open()
        _ = try await signOut.value
        _ = try? await renewal.value
        #expect(try await session.isSignedIn == false)
        #expect(world.server.asked("/revoke").first?.form["token"] == "refresh-1")
        let error = await clientError { _ = try await session.accessToken() }
        #expect(error?.code == .notSignedIn)
    }
}
