import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

@Suite("One person's ends do not fill the feed")
struct EndedSessionsBoundsTests {
    private typealias Scene = EndedSessionsFeedTests.Scene
    private static let api = EndedSessionsFeedTests.api

    private func app(
        _ scene: Scene,
        at host: String = "app.example.com",
        _ members: KeyValuePairs<String, JSONValue> = [:]
    ) async throws -> TestClient {
        try await scene.world.client(
            grants: [.password, .refreshToken, .authorizationCode],
            scope: "read write offline_access",
            resources: [Self.api.rawValue],
            redirectURIs: ["https://\(host)/callback"],
            members: members
        )
    }

    private func sid(_ scene: Scene, _ token: String) async throws -> String {
        try await scene.world.family(of: token).authorized.id.description
    }

    private func signOut(_ scene: Scene, _ browser: TestBrowser) async throws {
        let signIn = try await scene.world.ownAccount(browser).person.signIn
        #expect(try await scene.world.server.signOut(signIn))
    }

    @Test(
        "signing out of a browser tells the sessions that ended with it, not those that were over"
    )
    func overBefore() async throws {
        let scene = try await Scene()
        let app = try await app(scene)
        let browser = try await scene.world.browser()
        let over = try await scene.world.newSession(app, in: browser)
        let live = try await scene.world.newSession(app, in: browser)
        let offline = try await scene.world.newSession(
            app,
            in: browser,
            scope: "read offline_access"
        )
        let first = try await scene.world.family(of: over).authorized.id
        _ = try await scene.world.server.endSession(first)
        scene.world.wait(.seconds(1))
        try await signOut(scene, browser)
        #expect(
            try await scene.subjects() == [
                .session(first.description), .session(try await sid(scene, live)),
            ]
        )
        // The one that went on is told when it ends.
        _ = try await scene.world.server.endSession(
            try await scene.world.family(of: offline).authorized.id
        )
        #expect(try await scene.subjects().count == 3)
    }

    @Test("of a browser with many sessions the person is told, and the others get new tokens")
    func many() async throws {
        let scene = try await Scene()
        let app = try await app(scene)
        let browser = try await scene.world.browser()
        for _ in 0..<AuthorizationServer.maximumSessionsOfSignIn {
            _ = try await scene.world.newSession(app, in: browser)
        }
        let other = try await scene.world.newSession(app, in: scene.world.browser())
        let subject = try await scene.world.family(of: other).authorized.account.rawValue
        _ = try await scene.world.newSession(app, in: browser)
        try await signOut(scene, browser)
        let page = try await scene.page()
        #expect(try await scene.claims(page).map(\.subject) == [.person(subject)])
        #expect(try await scene.page(of: EndedSessionsFeedTests.other).tokens.isEmpty)
        scene.world.wait(.seconds(1))
        let fresh = try await scene.world.refresh(other, as: app)
        let claims = try await scene.world.claims(fresh.accessToken)
        let ended = try #require(try await scene.claims(page).first?.endedAt)
        #expect(claims.issuedAt > ended)
    }

    @Test(
        "an end of many names goes on in the next answer, which never has more than was asked for"
    )
    func pagesWithin() async throws {
        let scene = try await Scene()
        var names: Set<SessionRevokedClaims.Subject> = []
        for number in 0..<5 {
            let app = try await app(
                scene,
                at: "\(number).example.com",
                ["subject_type": "pairwise"]
            )
            let token = try await scene.world.signIn(app).accessToken
            names.insert(.person(try await scene.world.claims(token).subject))
        }
        try await scene.world.server.disableAccount("ada")
        #expect(names.count == 5)
        var position = ""
        var heard: [SessionRevokedClaims.Subject] = []
        for expected in [2, 2, 1] {
            let page = try await scene.page(
                of: Self.api,
                ["position": .string(position), "maxEvents": 2]
            )
            #expect(page.tokens.count == expected)
            #expect(page.hasMore == (expected == 2))
            heard += try await scene.claims(page).map(\.subject)
            position = page.mark.description
        }
        #expect(Set(heard) == names)
        #expect(heard.count == 5)
        var acknowledged: [JSONValue] = []
        var told: [SessionRevokedClaims.Subject] = []
        for expected in [2, 2, 1, 0] {
            let page = try await scene.page(
                of: Self.api,
                ["ack": .array(acknowledged), "maxEvents": 2]
            )
            #expect(page.tokens.count == expected)
            told += try await scene.claims(page).map(\.subject)
            acknowledged = page.tokens.map { .string($0.id) }
        }
        #expect(told == heard)
    }
}
