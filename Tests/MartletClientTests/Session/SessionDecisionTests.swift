import Foundation
import MartletProtocol
import Testing

@testable import MartletClient

@Suite("What a session does next")
struct SessionDecisionTests {
    static let now = SleepyClock.start

    /// How an access token stands to the clock. A life is ten minutes, the margin one.
    enum Age: CaseIterable {
        case good, inMargin, lastMoment, expired, withoutEnd

        var receivedAt: Date {
            switch self {
            case .good, .withoutEnd: now + .seconds(-300)
            case .inMargin: now + .seconds(-540)
            case .lastMoment: now + .milliseconds(-599_999)
            case .expired: now + .seconds(-600)
            }
        }
        var end: Date? { self == .withoutEnd ? nil : receivedAt + .seconds(600) }
    }

    enum Rejected: CaseIterable {
        case none, another, this
    }

    static func tokens(_ age: Age, refresh: Bool) -> TokenSet {
        TokenSet(
            accessToken: Secret("a"),
            accessTokenExpiresAt: age.end,
            refreshToken: refresh ? Secret("r") : nil,
            sessionExpiresAt: nil,
            scope: nil,
            idToken: nil,
            receivedAt: age.receivedAt
        )
    }

    static let renewals: [SessionDecision.Renewal] = [
        .refreshToken, .clientCredentials(scope: [], resource: nil),
    ]

    private func step(
        _ content: StoredSession.Content?,
        _ rejected: Rejected = .none,
        _ renewal: SessionDecision.Renewal = .refreshToken
    ) -> SessionDecision.Step {
        let secret: Secret? =
            switch rejected {
            case .none: nil
            case .another: Secret("b")
            case .this: Secret("a")
            }
        return SessionDecision.step(
            keeping: content,
            .init(now: Self.now, margin: .seconds(60), rejected: secret, renewal: renewal)
        )
    }

    @Test(
        "a person's session: every age, with and without a refresh token, rejected or not",
        arguments: Age.allCases
    )
    func person(age: Age) {
        for rejected in Rejected.allCases {
            let whole = Self.tokens(age, refresh: true)
            let last = Self.tokens(age, refresh: false)
            let steps = (step(.tokens(whole), rejected), step(.tokens(last), rejected))
            switch (age, rejected) {
            case (.good, .none), (.good, .another), (.withoutEnd, .none), (.withoutEnd, .another):
                #expect(steps == (.use(whole), .use(last)))
            case (.inMargin, .none), (.inMargin, .another), (.lastMoment, .none),
                (.lastMoment, .another):
                #expect(steps == (.renew(after: whole, meanwhile: whole), .use(last)))
            case (.expired, _), (_, .this):
                #expect(steps == (.renew(after: whole, meanwhile: nil), .signIn(.expired)))
            }
        }
    }

    @Test(
        "without tokens the person has to sign in, and is told why",
        arguments: SignInReason.allCases
    )
    func over(reason: SignInReason) {
        for rejected in Rejected.allCases {
            #expect(step(nil, rejected) == .signIn(.notSignedIn))
            #expect(step(.over(reason), rejected) == .signIn(reason))
        }
    }

    @Test("a service asks anew whatever is kept", arguments: Age.allCases)
    func service(age: Age) {
        let renewal = Self.renewals[1]
        for rejected in Rejected.allCases {
            #expect(step(nil, rejected, renewal) == .renew(after: nil, meanwhile: nil))
            #expect(step(.over(.ended), rejected, renewal) == .renew(after: nil, meanwhile: nil))
            for refresh in [true, false] {
                let tokens = Self.tokens(age, refresh: refresh)
                let step = step(.tokens(tokens), rejected, renewal)
                switch (age, rejected) {
                case (.good, .none), (.good, .another), (.withoutEnd, .none),
                    (.withoutEnd, .another):
                    #expect(step == .use(tokens))
                case (.inMargin, .none), (.inMargin, .another), (.lastMoment, .none),
                    (.lastMoment, .another):
                    #expect(step == .renew(after: tokens, meanwhile: tokens))
                case (.expired, _), (_, .this):
                    #expect(step == .renew(after: tokens, meanwhile: nil))
                }
            }
        }
    }

    @Test("a token of a moment ago is not renewed because an API refuses it")
    func settling() {
        for (seconds, isYoung) in [(0, true), (4, true), (5, false), (6, false)] {
            let tokens = TokenSet(
                accessToken: Secret("a"),
                accessTokenExpiresAt: nil,
                refreshToken: Secret("r"),
                sessionExpiresAt: nil,
                scope: nil,
                idToken: nil,
                receivedAt: Self.now + .seconds(-seconds)
            )
            let step = step(.tokens(tokens), .this)
            #expect(step == (isYoung ? .use(tokens) : .renew(after: tokens, meanwhile: nil)))
        }
    }

    @Test("a short life is renewed in its last quarter, and a token from the future is good")
    func margins() {
        for (elapsed, isGood) in [(0, true), (14, true), (15, false), (-3600, true)] {
            let receivedAt = Self.now + .seconds(-elapsed)
            let tokens = TokenSet(
                accessToken: Secret("a"),
                accessTokenExpiresAt: receivedAt + .seconds(20),
                refreshToken: Secret("r"),
                sessionExpiresAt: nil,
                scope: nil,
                idToken: nil,
                receivedAt: receivedAt
            )
            let step = step(.tokens(tokens))
            #expect(step == (isGood ? .use(tokens) : .renew(after: tokens, meanwhile: tokens)))
        }
    }
}

@Suite("What a session makes of an answer")
struct SessionVerdictTests {
    static let now = SleepyClock.start
    static let policy = RetryPolicy(
        first: .seconds(1),
        longest: .seconds(5),
        patience: .seconds(20)
    )

    private func verdict(
        _ answer: TokenAnswer,
        presented: TokenSet? = SessionDecisionTests.tokens(.expired, refresh: true),
        begun: Duration = .zero,
        lost: Int = 1
    ) -> SessionDecision.Verdict {
        SessionDecision.verdict(
            on: answer,
            to: .init(
                presented: presented,
                askedAt: Self.now,
                scope: ["read"],
                begunAt: Self.now + (.zero - begun),
                lost: lost,
                now: Self.now,
                chance: 1
            ),
            under: Self.policy
        )
    }

    private func response(_ members: [String: JSONValue] = [:]) throws -> TokenResponse {
        var json = JSONObject()
        json["access_token"] = "next"
        json["token_type"] = "Bearer"
        for (name, value) in members { json[name] = value }
        return try #require(TokenResponse(json: .object(json)))
    }

    @Test("tokens are kept; what they leave out stays")
    func keep() throws {
        guard case .keep(let kept) = verdict(.tokens(try response())) else {
            Issue.record("not kept")
            return
        }
        #expect(kept.accessToken == Secret("next"))
        #expect(kept.refreshToken == Secret("r"))
        #expect(kept.accessTokenExpiresAt == nil)
        guard
            case .keep(let next) = verdict(
                .tokens(try response(["refresh_token": "r2", "expires_in": 60]))
            )
        else {
            Issue.record("not kept")
            return
        }
        #expect(next.refreshToken == Secret("r2"))
        #expect(next.accessTokenExpiresAt == Self.now + .seconds(60))
        guard case .keep(let own) = verdict(.tokens(try response()), presented: nil) else {
            Issue.record("not kept")
            return
        }
        #expect(own.scope == ["read"])
    }

    @Test(
        "only a refusal of the token itself ends the session, with the server's reason",
        arguments: OAuthError.Code.allCases
    )
    func refused(code: OAuthError.Code) {
        for sentence in RefreshRefusal.allCases.map(\.rawValue) + [nil, "Stale token"] {
            let refusal = ServerRefusal(error: code.rawValue, explanation: sentence)
            switch (verdict(.refused(refusal)), code) {
            case (.over(let reason), .invalidGrant):
                switch sentence.flatMap(RefreshRefusal.init(rawValue:)) {
                case .expired: #expect(reason == .expired)
                case .usedTwice: #expect(reason == .usedTwice)
                case .ended, .invalid, nil: #expect(reason == .ended)
                }
            case (.giveUp(let error, _), _):
                #expect(code != .invalidGrant)
                #expect(!error.isTemporary)
            case (.keep, _), (.again, _), (.over, _):
                Issue.record("\(code) ended the session")
            }
            guard case .giveUp = verdict(.refused(refusal), presented: nil) else {
                Issue.record("a service has no session to lose")
                return
            }
        }
    }

    @Test("a lost answer is asked for again, at growing distances, until patience ends")
    func lost() {
        let answer = TokenAnswer.lost(.init(description: "cut"))
        for (count, seconds) in [(1, 1), (2, 2), (3, 4), (4, 5), (60, 5)] {
            guard case .again(let wait) = verdict(answer, lost: count) else {
                Issue.record("given up after \(count)")
                return
            }
            #expect(wait == .seconds(seconds))
        }
        guard case .again = verdict(answer, begun: .seconds(15), lost: 9),
            case .giveUp(let error, let until) = verdict(answer, begun: .seconds(16), lost: 9)
        else {
            Issue.record("patience ends after 20 seconds")
            return
        }
        #expect(error.isTemporary && !error.needsSignIn)
        #expect(until == Self.now + .seconds(5))
        #expect(error.retryAt == until)
    }

    @Test("the server's own wait is heard; beyond patience it is a pause")
    func retryAfter() {
        guard
            case .again(let wait) = verdict(.lost(.init(description: "", retryAfter: .seconds(7)))),
            case .giveUp(_, let until) = verdict(
                .lost(.init(description: "", retryAfter: .seconds(90)))
            )
        else {
            Issue.record("Retry-After is not heard")
            return
        }
        #expect(wait == .seconds(7))
        #expect(until == Self.now + .seconds(90))
    }

    @Test("half of a wait is certain, the other half is chance")
    func chance() {
        #expect(Self.policy.wait(after: 1, chance: 0) == .milliseconds(500))
        #expect(Self.policy.wait(after: 1, chance: 1) == .seconds(1))
    }
}
