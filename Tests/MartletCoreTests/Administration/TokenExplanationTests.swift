import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Explaining a token")
struct TokenExplanationTests {
    private func status(
        _ text: String,
        in world: TestAuthorizationServer
    ) async throws -> TokenExplanation.RefreshTokenFinding.Status? {
        guard case .refreshToken(let finding) = try await world.server.explain(text).finding
        else { return nil }
        return finding.status
    }

    private func accessToken(
        _ text: String,
        in world: TestAuthorizationServer
    ) async throws -> TokenExplanation.AccessTokenFinding? {
        guard case .accessToken(let finding) = try await world.server.explain(text).finding
        else { return nil }
        return finding
    }

    @Test("a live refresh token is the current one of its session")
    func live() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let newest = try await world.successor(of: token, as: client)
        let explanation = try await world.server.explain(newest)
        guard case .refreshToken(let finding) = explanation.finding else {
            Issue.record("it is a refresh token")
            return
        }
        #expect(finding.status == .current)
        #expect(finding.generation == Generation(1))
        #expect(finding.session.username == "ada")
        #expect(finding.session.ended == nil)
        #expect(explanation.history.count == 1)
    }

    @Test("a superseded one tells when at the latest, and what presenting it again would do")
    func superseded() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.hours(1))
        _ = try await world.refresh(token, as: client)
        let rotated = world.now
        #expect(
            try await status(token, in: world)
                == .superseded(atOrBefore: rotated, presentingItAgain: .repeatsTheSuccessor)
        )
        world.wait(.seconds(10))
        #expect(
            try await status(token, in: world)
                == .superseded(atOrBefore: rotated, presentingItAgain: .endsTheFamily)
        )
    }

    @Test("after a reuse every token of the family tells of it, and the history who did it")
    func reused() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let newest = try await world.successor(of: token, as: client)
        world.wait(.seconds(30))
        _ = try? await world.refresh(token, as: client, from: "203.0.113.9")
        let ended = Ended(reason: .reuse, at: world.now)
        for text in [token, newest] {
            #expect(try await status(text, in: world) == .over(ended))
        }
        let history = try await world.server.explain(newest).history
        #expect(
            history.map(\.event.stored.name) == ["session_made", "reuse_detected", "session_ended"]
        )
        #expect(history[1].event.stored.particulars["address"] == "203.0.113.9")
    }

    @Test("an expired one tells since when")
    func expired() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let end = world.now + .days(15)
        world.wait(.days(16))
        #expect(try await status(token, in: world) == .over(Ended(reason: .idle, at: end)))
    }

    @Test(
        "an ended one tells why and when",
        arguments: [
            EndReason.revokedByOperator, .accountDisabled, .clientDeleted, .passwordChanged,
        ]
    )
    func ended(reason: EndReason) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.minutes(5))
        switch reason {
        case .revokedByOperator:
            _ = try await world.server.endSession(try await world.family(of: token).authorized.id)
        case .accountDisabled: try await world.server.disableAccount("ada")
        case .passwordChanged:
            try await world.server.setPassword(of: "ada", to: Secret("another"))
        default: try await world.server.deleteClient(client.id)
        }
        guard case .over(let ended) = try await status(token, in: world) else {
            Issue.record("the session is over")
            return
        }
        #expect(ended.reason == reason)
        // Of a record that is gone, nobody knows when it went.
        #expect(ended.at == (reason == .clientDeleted ? nil : world.now))
    }

    @Test("a made-up one is told from one of a dropped key, and from no token at all")
    func foreign() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let key = try await world.family(of: token).authorized.refreshKey
        for text in [token + "A", String(token.dropLast()) + "!", "mrt_", "mrt_made-up"] {
            guard case .badTag = try await world.server.explain(text).finding else {
                Issue.record("\(text) has no valid tag")
                return
            }
        }
        for text in ["", "?", "a.b.c", "mcs_secret"] {
            guard case .notOurs = try await world.server.explain(text).finding else {
                Issue.record("\(text) is no token")
                return
            }
        }
        try await world.server.keyAdministration.rotateCompromised()
        guard case .unknownKey(key) = try await world.server.explain(token).finding else {
            Issue.record("its key was dropped")
            return
        }
    }

    @Test("a genuine one whose session was purged says so")
    func purged() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let id = try await world.family(of: token).authorized.id
        world.wait(.days(32))
        _ = try await Housekeeping(storage: world.storage).tidy(at: world.now)
        guard case .noFamily(id, .first) = try await world.server.explain(token).finding else {
            Issue.record("its session is gone")
            return
        }
    }

    @Test(
        "an access token tells its claims, its session, whether it expired and whether it was revoked"
    )
    func accessTokens() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let text = try await world.signIn(client).accessToken
        let live = try #require(try await accessToken(text, in: world))
        #expect(!live.hasExpired && !live.isDenied)
        #expect(live.session?.username == "ada")
        #expect(live.session?.ended == nil)
        try await world.revoke(text, as: client)
        #expect(try #require(try await accessToken(text, in: world)).isDenied)
        world.wait(.minutes(10))
        #expect(try #require(try await accessToken(text, in: world)).hasExpired)
    }

    @Test("another issuer's access token is not ours, whoever signed it")
    func otherIssuer() async throws {
        let world = try await TestAuthorizationServer()
        let signer = try #require(try await world.keys.signer(for: .es256, at: world.now))
        let claims = AccessTokenClaims(
            issuer: "https://elsewhere.example.com",
            subject: "ada",
            audience: ["x"],
            clientID: "x",
            issuedAt: world.now.seconds,
            expiresAt: world.now.seconds + 60,
            tokenID: "1",
            scope: ""
        )
        guard
            case .notOurs = try await world.server.explain(try signer.sign(claims.encoded()))
                .finding
        else {
            Issue.record("it is another issuer's")
            return
        }
    }

    @Test("explaining changes nothing, whatever is asked about")
    func changesNothing() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let old = try #require(answer.refresh).token
        let newest = try await world.successor(of: old, as: client)
        let family = try await world.family(of: newest)
        let events = try await world.events
        _ = world.storage.takeCalls()
        for text in [old, newest, answer.accessToken, "mrt_made-up"] {
            for _ in 0..<3 { _ = try await world.server.explain(text) }
        }
        let calls = world.storage.takeCalls()
        #expect(calls.allSatisfy { [.revision, .find, .list, .events, .oneTime].contains($0) })
        #expect(try await world.family(of: newest) == family)
        #expect(try await world.events == events)
        _ = try await world.refresh(newest, as: client)
    }
}
