import MartletProtocol
import Testing

@testable import MartletCore

/// What the tests of the rule put together.
private enum LogoutSample {
    static let uri: String = "https://app.example.com/out"
    static let redirect: LogoutRedirect = LogoutRedirect(uri: uri, state: "s")
    static let browser: LogoutDecision.Browser = .init(subject: "ada", sessionID: "one")
    static let own: LogoutRequest.Hint = .init(subject: "ada", sessionID: "one")
    static let others: [LogoutRequest.Hint?] = [
        nil, .init(subject: "eve", sessionID: "one"), .init(subject: "ada", sessionID: "two"),
        .init(subject: "ada", sessionID: nil),
    ]

    static func request(
        hint: LogoutRequest.Hint? = nil,
        managedBy: ManagedBy = .operator,
        redirect: LogoutRedirect? = LogoutSample.redirect
    ) throws -> LogoutRequest {
        let client = Client(
            id: ClientID(rawValue: "app"),
            metadata: try ClientMetadata(json: ["redirect_uris": [.string(uri)]]),
            secret: nil,
            createdAt: Instant(seconds: 0),
            managedBy: managedBy
        )
        return LogoutRequest(client: client, hint: hint, redirect: redirect)
    }
}

@Suite("What becomes of a request to sign out")
struct LogoutDecisionTests {
    @Test(
        "an ID token of this very sign-in signs out without a question",
        .covers("RP-Initiated Logout §2 asks"),
        arguments: [nil, .signOut, .stay] as [LogoutDecision.Answer?]
    )
    func ownToken(answer: LogoutDecision.Answer?) throws {
        let decision = try LogoutSample.request(hint: LogoutSample.own)
            .decision(for: .somebody(LogoutSample.browser), answer: answer)
        #expect(decision == .signOut(.redirect(LogoutSample.redirect)))
    }

    @Test(
        "without one, or with one of another sign-in, the person is asked",
        .covers("RP-Initiated Logout §2 asks", "RP-Initiated Logout §6 csrf"),
        arguments: LogoutSample.others
    )
    func asked(hint: LogoutRequest.Hint?) throws {
        let request = try LogoutSample.request(hint: hint)
        let presence = LogoutDecision.Presence.somebody(LogoutSample.browser)
        #expect(request.decision(for: presence, answer: nil) == .ask)
        #expect(request.decision(for: presence, answer: .stay) == .stay)
        #expect(
            request.decision(for: presence, answer: .signOut)
                == .signOut(.redirect(LogoutSample.redirect))
        )
    }

    @Test("without a client the person is asked, whatever the hint says")
    func unknownClient() {
        let request = LogoutRequest(client: nil, hint: LogoutSample.own, redirect: nil)
        #expect(request.decision(for: .somebody(nil), answer: nil) == .ask)
        #expect(
            request.decision(for: .somebody(nil), answer: .signOut)
                == .signOut(.page(back: nil))
        )
    }

    @Test(
        "where nobody is signed in it goes on as if it had just been done",
        .covers("RP-Initiated Logout §4 errors"),
        arguments: LogoutSample.others + [LogoutSample.own]
    )
    func nobody(hint: LogoutRequest.Hint?) throws {
        let request = try LogoutSample.request(hint: hint)
        #expect(
            request.decision(for: .nobody, answer: nil) == .goOn(.redirect(LogoutSample.redirect))
        )
        let nowhere = try LogoutSample.request(hint: hint, redirect: nil)
        #expect(nowhere.decision(for: .nobody, answer: nil) == .goOn(.page(back: nil)))
    }

    @Test("nobody is sent to a client that registered itself who did not sign out for it")
    func selfRegistered() throws {
        let request = try LogoutSample.request(managedBy: .registration)
        #expect(
            request.decision(for: .nobody, answer: nil) == .goOn(.page(back: LogoutSample.redirect))
        )
        #expect(
            request.decision(for: .nobody, answer: .signOut) == .goOn(.redirect(LogoutSample.redirect))
        )
        #expect(
            request.decision(for: .somebody(LogoutSample.browser), answer: .signOut)
                == .signOut(.redirect(LogoutSample.redirect))
        )
        let hinted = try LogoutSample.request(hint: LogoutSample.own, managedBy: .registration)
        #expect(
            hinted.decision(for: .somebody(LogoutSample.browser), answer: nil)
                == .signOut(.redirect(LogoutSample.redirect))
        )
    }
}
