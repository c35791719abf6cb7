import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Using a refresh token twice")
struct OverlapTests {
    @Test(
        "after the end a superseded token is told to the operator as reuse, within the overlap not"
    )
    func afterTheEnd() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let first = try await world.newSession(client)
        let second = try await world.successor(of: first, as: client)
        let third = try await world.successor(of: second, as: client)
        let id = try await world.family(of: third).authorized.id
        try await world.revoke(third, as: client)
        func notices(of tokens: [String]) async -> [AuthorizationServer.Notice] {
            _ = world.notices.take()
            for token in tokens {
                await #expect(throws: RefreshVerdict.ended) {
                    try await world.refresh(token, as: client)
                }
            }
            return world.notices.take()
        }
        let over = AuthorizationServer.Notice.refused(id, .revokedByClient)
        let reuse = AuthorizationServer.Notice.reuseAfterEnd(id, .revokedByClient)
        #expect(await notices(of: [third, second, first]) == [over, over, reuse])
        world.wait(.seconds(10))
        #expect(await notices(of: [third, second, first]) == [over, reuse, reuse])
    }

    @Test(
        "with overlap 0 the second use ends the family, at the same instant too",
        .covers("RFC 6749 §10.4 replay")
    )
    func overlapZero() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let newest = try await world.successor(of: token, as: client)
        for presented in [token, newest, token] {
            await #expect(throws: RefreshVerdict.usedTwice) {
                try await world.refresh(presented, as: client)
            }
        }
    }

    @Test("within the overlap a lost answer is made good: same refresh token, new access token")
    func overlapSeconds() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let token = try await world.newSession(client)
        let lost = try await world.refresh(token, as: client)
        world.wait(.milliseconds(9999))
        let retried = try await world.refresh(token, as: client)
        #expect(retried.refresh?.token == lost.refresh?.token)
        #expect(retried.accessToken != lost.accessToken)
        let lostClaims = try await world.claims(lost.accessToken)
        let claims = try await world.claims(retried.accessToken)
        #expect(claims.tokenID != lostClaims.tokenID)
        #expect(claims.sessionID == lostClaims.sessionID)
    }

    @Test("from the end of the overlap on, the second use ends the family")
    func overlapOver() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let token = try await world.newSession(client)
        let newest = try await world.successor(of: token, as: client)
        world.wait(.seconds(10))
        for presented in [token, newest] {
            await #expect(throws: RefreshVerdict.usedTwice) {
                try await world.refresh(presented, as: client)
            }
        }
    }

    @Test("within the overlap the one before the last is reuse all the same")
    func overlapIsOneDeep() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let token = try await world.newSession(client)
        let second = try await world.successor(of: token, as: client)
        let third = try await world.successor(of: second, as: client)
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(token, as: client)
        }
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(third, as: client)
        }
    }

    @Test(
        "until_used keeps the previous token good for days, and no longer than its successor's use"
    )
    func untilUsed() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": "until_used"])
        try await world.account()
        let token = try await world.newSession(client)
        let second = try await world.successor(of: token, as: client)
        world.wait(.days(9))
        #expect(try await world.successor(of: token, as: client) == second)
        let third = try await world.successor(of: second, as: client)
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(token, as: client)
        }
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(third, as: client)
        }
    }

    @Test("a static refresh token is the same at every use")
    func staticToken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["rotation": "static"])
        try await world.account()
        let token = try await world.newSession(client)
        for _ in 0..<3 {
            world.wait(.days(9))
            let answer = try await world.refresh(token, as: client)
            #expect(answer.refresh?.token == token)
        }
        #expect(try await world.family(of: token).state.generation == .first)
    }

    @Test(
        "what is safe for clients that authenticate alone is rotating with overlap 0 for others",
        arguments: [
            ["rotation": "static"] as JSONValue, ["overlap": "until_used"],
        ]
    )
    func publicFallback(policy: JSONValue) async throws {
        let standard = try PolicyOverrides(json: policy).applied(to: .standard)
        let world = try await TestAuthorizationServer(policy: standard)
        let client = try await world.client(method: .none)
        try await world.account()
        let token = try await world.newSession(client)
        let second = try await world.successor(of: token, as: client)
        #expect(second != token)
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(token, as: client)
        }
    }

    @Test("of 20 parallel uses with overlap 0 at most one succeeds, and the family is dead")
    func parallelWithoutOverlap() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let answers = await world.inParallel(token, as: client)
        let successes = answers.compactMap { try? $0.get().refresh?.token }
        #expect(successes.count <= 1)
        for newest in successes + [token] {
            await #expect(throws: RefreshVerdict.usedTwice) {
                try await world.refresh(newest, as: client)
            }
        }
    }

    @Test("20 parallel uses with overlap 10 all receive the same refresh token")
    func parallelWithOverlap() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(policy: ["overlap": 10])
        try await world.account()
        let token = try await world.newSession(client)
        let answers = try await world.inParallel(token, as: client).map { try $0.get() }
        #expect(Set(answers.map(\.refresh?.token)).count == 1)
        #expect(Set(answers.map(\.accessToken)).count == 20)
        #expect(try await world.family(of: token).state.generation == Generation(1))
    }

    @Test("a flood of reuse on a dead family costs one step each, and writes nothing")
    func flood() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        _ = try await world.refresh(token, as: client)
        _ = try? await world.refresh(token, as: client)
        let events = try await world.events
        _ = world.storage.takeCalls()
        for _ in 0..<50 {
            await #expect(throws: RefreshVerdict.usedTwice) {
                try await world.refresh(token, as: client)
            }
        }
        #expect(
            world.storage.takeCalls()
                == Array(repeating: .change(wrote: false), count: 50)
        )
        #expect(try await world.events == events)
    }

    @Test("a reuse is told to the operator once: what it was, and that the session ended")
    func events() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let account = try await world.account()
        let token = try await world.newSession(client)
        let second = try await world.successor(of: token, as: client)
        _ = try await world.refresh(second, as: client)
        world.wait(.hours(1))
        let before = try await world.events.count
        _ = try? await world.refresh(token, as: client, from: "203.0.113.9")
        let id = try await world.family(of: token).authorized.id
        let reuse = AuditEvent.reuseDetected(
            id,
            account: account.id,
            client: client.id,
            kind: .olderGeneration,
            presented: .first,
            current: Generation(2),
            origin: Origin(address: "203.0.113.9", userAgent: "test")
        )
        let ended = AuditEvent.sessionEnded(
            id,
            account: account.id,
            client: client.id,
            reason: .reuse
        )
        #expect(try await Array(world.events.dropFirst(before)) == [reuse, ended])
        #expect(world.notices.take().contains(.reuse(id, .olderGeneration)))
    }
}

extension TestAuthorizationServer {
    /// Twenty uses of one token at once.
    func inParallel(
        _ token: String,
        as client: TestClient
    ) async -> [Result<TokenResponse, any Error>] {
        await withTaskGroup(of: Result<TokenResponse, any Error>.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        return .success(try await refresh(token, as: client))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            var answers: [Result<TokenResponse, any Error>] = []
            for await answer in group { answers.append(answer) }
            return answers
        }
    }
}
