import MartletProtocol
import Synchronization
import Testing

@testable import MartletResourceServer

@Suite("Access tokens of sessions that ended")
struct EndedSessionsTests {
    private final class Clock: Sendable {
        private let value = Mutex(Double(Forge.now))
        var now: Double { value.withLock { $0 } }
        func advance(by seconds: Double) { value.withLock { $0 += seconds } }
    }

    private let clock = Clock()

    private func ended(
        _ whenUnknown: EndedSessions.WhenUnknown = .refused,
        capacity: Int = EndedSessions.standardCapacity
    ) -> EndedSessions {
        EndedSessions(
            whenUnknown: whenUnknown,
            capacity: capacity,
            secondsSince1970: { [clock] in clock.now }
        )
    }

    private func claims(
        _ subject: SessionRevokedClaims.Subject,
        at time: Int64 = Forge.now,
        until expiry: Int64? = Forge.now + 600
    ) -> SessionRevokedClaims {
        SessionRevokedClaims(
            issuer: Forge.issuer,
            audience: [Forge.audience],
            issuedAt: time,
            tokenID: "1",
            subject: subject,
            endedAt: time,
            tokensExpireAt: expiry
        )
    }

    private func token(
        _ change: (inout AccessTokenClaims) -> Void = { _ in }
    ) -> AccessToken {
        var claims = Forge.claims
        change(&claims)
        return AccessToken(claims: claims, payload: JSONObject())
    }

    private func refusal(_ ended: EndedSessions, _ token: AccessToken) -> AccessTokenError.Code? {
        do {
            try ended.check(token)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "what ended refuses its tokens, and no others",
        arguments: [
            .session("session-1"), .person("account-1"), .client("web"), .everything,
            .personAtClient("account-1", clientID: "web"), .accessToken("token-1"),
        ] as [SessionRevokedClaims.Subject]
    )
    func refused(subject: SessionRevokedClaims.Subject) {
        let ended = ended()
        ended.heard()
        #expect(refusal(ended, token()) == nil)
        ended.note(claims(subject))
        #expect(refusal(ended, token()) == .invalidToken)
        let another = token { claims in
            claims.sessionID = "session-2"
            claims.subject = "account-2"
            claims.clientID = "phone"
            claims.tokenID = "token-2"
        }
        #expect(refusal(ended, another) == (subject == .everything ? .invalidToken : nil))
        let sameClient = token { claims in
            claims.sessionID = "session-2"
            claims.subject = "account-2"
            claims.tokenID = "token-2"
        }
        let meansClient = subject == .client("web") || subject == .everything
        #expect(refusal(ended, sameClient) == (meansClient ? .invalidToken : nil))
    }

    @Test("an end in time means what was issued until then, its second included")
    func issuedBefore() {
        for subject in [
            .person("account-1"), .client("web"), .everything,
            .personAtClient("account-1", clientID: "web"),
        ] as [SessionRevokedClaims.Subject] {
            let ended = ended()
            ended.heard()
            ended.note(claims(subject))
            #expect(refusal(ended, token { $0.issuedAt = Forge.now - 1 }) == .invalidToken)
            #expect(refusal(ended, token { $0.issuedAt = Forge.now }) == .invalidToken)
            #expect(refusal(ended, token { $0.issuedAt = Forge.now + 1 }) == nil)
            // A later end widens it; an earlier one does not narrow it.
            ended.note(claims(subject, at: Forge.now + 5))
            ended.note(claims(subject, at: Forge.now - 5))
            #expect(refusal(ended, token { $0.issuedAt = Forge.now + 5 }) == .invalidToken)
        }
        for subject in [.session("session-1"), .accessToken("token-1")]
            as [SessionRevokedClaims.Subject]
        {
            let ended = ended()
            ended.heard()
            ended.note(claims(subject))
            #expect(refusal(ended, token { $0.issuedAt = Forge.now + 5 }) == .invalidToken)
        }
    }

    @Test("the end of a client's sessions leaves what it has in its own name")
    func ownName() {
        let ended = ended()
        ended.heard()
        ended.note(claims(.client("web")))
        let own = token { claims in
            claims.subject = "web"
            claims.sessionID = nil
        }
        #expect(refusal(ended, own) == nil)
        ended.note(claims(.person("web")))
        #expect(refusal(ended, own) == .invalidToken)
    }

    @Test("an end is forgotten when the last of its tokens has expired, and not before")
    func forgotten() {
        let ended = ended()
        ended.note(claims(.session("session-1")))
        ended.note(claims(.person("account-2"), until: nil))
        clock.advance(by: 600 + AccessTokenVerifier.maximumLeeway - 1)
        ended.heard()
        #expect(refusal(ended, token()) == .invalidToken)
        #expect(ended.status.count == 2)
        clock.advance(by: 60)
        ended.heard()
        #expect(ended.status.count == 1)
        clock.advance(by: EndedSessions.standardTokenLifetime)
        ended.heard()
        #expect(ended.status.count == 0)
        ended.note(claims(.session("session-1")))
        #expect(ended.status.count == 0)
    }

    @Test("while nobody knows what ended, tokens are refused with 503, or go on if that is chosen")
    func unheard() {
        let strict = ended()
        let lenient = ended(.accepted)
        #expect(refusal(strict, token()) == .endedSessionsUnknown)
        #expect(AccessTokenError.Code.endedSessionsUnknown.status == 503)
        #expect(refusal(lenient, token()) == nil)
        for ended in [strict, lenient] { ended.heard() }
        clock.advance(by: EndedSessions.standardPatience)
        #expect(refusal(strict, token()) == nil)
        #expect(strict.status.isCurrent)
        clock.advance(by: 1)
        #expect(!strict.status.isCurrent)
        #expect(refusal(strict, token()) == .endedSessionsUnknown)
        #expect(refusal(lenient, token()) == nil)
        // What is known to have ended has ended, heard or not.
        for ended in [strict, lenient] {
            ended.note(claims(.session("session-1")))
            #expect(refusal(ended, token()) == .invalidToken)
        }
        strict.heard()
        #expect(refusal(strict, token { $0.sessionID = "session-2" }) == nil)
    }

    @Test("a clock that was set back does not make silence bearable for longer")
    func setBack() {
        let ended = ended()
        ended.heard()
        clock.advance(by: -1)
        #expect(refusal(ended, token()) == .endedSessionsUnknown)
        #expect(!ended.status.isCurrent)
        ended.heard()
        #expect(refusal(ended, token()) == nil)
    }

    @Test("what was issued before a loss is refused like an ended token, newer ones are not")
    func lost() {
        let strict = ended()
        let lenient = ended(.accepted)
        for ended in [strict, lenient] {
            ended.heard()
            ended.lost(before: Forge.now + 10)
            ended.lost(before: Forge.now + 1)
        }
        #expect(refusal(strict, token { $0.issuedAt = Forge.now + 9 }) == .invalidToken)
        #expect(refusal(strict, token { $0.issuedAt = Forge.now + 10 }) == nil)
        #expect(refusal(lenient, token { $0.issuedAt = Forge.now + 9 }) == nil)
        #expect(strict.status.unknownBefore == Forge.now + 10)
    }

    @Test("more ends than there is room for are not forgotten: what is over counts as not known")
    func full() {
        let ended = ended(capacity: 3)
        ended.heard()
        for number in 1...3 { ended.note(claims(.session("\(number)"))) }
        #expect(refusal(ended, token()) == nil)
        ended.note(claims(.session("4")))
        #expect(ended.status.count == 3)
        #expect(refusal(ended, token()) == .invalidToken)
        #expect(refusal(ended, token { $0.issuedAt = Forge.now + 1 }) == nil)
        #expect(refusal(ended, token { $0.sessionID = "1" }) == .invalidToken)
        clock.advance(by: 1000)
        ended.note(claims(.session("5"), at: Forge.now + 1000, until: Forge.now + 1600))
        #expect(ended.status.count == 1)
    }

    @Test("a remembered token is refused too, at the next request")
    func remembered() async throws {
        let forge = try Forge()
        let ended = ended()
        ended.heard()
        let tokens = AccessTokenGuard(forge.verifier(), checks: [ended])
        let header = ["Bearer \(try forge.token())"]
        for _ in 0..<2 {
            guard case .granted = await tokens.decide(authorization: header) else {
                Issue.record("a good token was refused")
                return
            }
        }
        ended.note(claims(.session("session-1")))
        guard case .refused(let error, _) = await tokens.decide(authorization: header) else {
            Issue.record("a token of an ended session was accepted")
            return
        }
        #expect(error.code == .invalidToken)
        #expect(error.description == "The access token's session has ended.")
    }
}
