import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What becomes of a request to sign out")
struct LogoutDecisionTests {
    private static let uri = "https://app.example.com/out"
    private static let redirect = LogoutRedirect(uri: uri, state: "s")
    private static let browser = LogoutDecision.Browser(subject: "ada", sessionID: "one")

    private static func client(managedBy: ManagedBy = .operator) throws -> Client {
        Client(
            id: ClientID(rawValue: "app"),
            metadata: try ClientMetadata(json: ["redirect_uris": [.string(uri)]]),
            secret: nil,
            createdAt: Instant(seconds: 0),
            managedBy: managedBy
        )
    }

    private static func request(
        hint: LogoutRequest.Hint? = nil,
        managedBy: ManagedBy = .operator,
        redirect: LogoutRedirect? = redirect
    ) throws -> LogoutRequest {
        LogoutRequest(client: try client(managedBy: managedBy), hint: hint, redirect: redirect)
    }

    private static let own = LogoutRequest.Hint(subject: "ada", sessionID: "one")
    private static let others = [
        nil, LogoutRequest.Hint(subject: "eve", sessionID: "one"),
        LogoutRequest.Hint(subject: "ada", sessionID: "two"),
        LogoutRequest.Hint(subject: "ada", sessionID: nil),
    ]

    @Test(
        "an ID token of this very sign-in signs out without a question",
        .covers("RP-Initiated Logout §2 asks"),
        arguments: [nil, .signOut, .stay] as [LogoutDecision.Answer?]
    )
    func own(answer: LogoutDecision.Answer?) throws {
        let decision = try Self.request(hint: Self.own)
            .decision(for: .somebody(Self.browser), answer: answer)
        #expect(decision == .signOut(.redirect(Self.redirect)))
    }

    @Test(
        "without one, or with one of another sign-in, the person is asked",
        .covers("RP-Initiated Logout §2 asks", "RP-Initiated Logout §6 csrf"),
        arguments: others
    )
    func asked(hint: LogoutRequest.Hint?) throws {
        let request = try Self.request(hint: hint)
        let presence = LogoutDecision.Presence.somebody(Self.browser)
        #expect(request.decision(for: presence, answer: nil) == .ask)
        #expect(request.decision(for: presence, answer: .stay) == .stay)
        #expect(
            request.decision(for: presence, answer: .signOut)
                == .signOut(.redirect(Self.redirect))
        )
    }

    @Test("without a client the person is asked, whatever the hint says")
    func unknownClient() {
        let request = LogoutRequest(client: nil, hint: Self.own, redirect: nil)
        #expect(request.decision(for: .somebody(nil), answer: nil) == .ask)
        #expect(
            request.decision(for: .somebody(nil), answer: .signOut)
                == .signOut(.page(back: nil))
        )
    }

    @Test(
        "where nobody is signed in it goes on as if it had just been done",
        .covers("RP-Initiated Logout §4 errors"),
        arguments: others + [own]
    )
    func nobody(hint: LogoutRequest.Hint?) throws {
        let request = try Self.request(hint: hint)
        #expect(
            request.decision(for: .nobody, answer: nil) == .goOn(.redirect(Self.redirect))
        )
        let nowhere = try Self.request(hint: hint, redirect: nil)
        #expect(nowhere.decision(for: .nobody, answer: nil) == .goOn(.page(back: nil)))
    }

    @Test("nobody is sent to a client that registered itself who did not sign out for it")
    func selfRegistered() throws {
        let request = try Self.request(managedBy: .registration)
        #expect(
            request.decision(for: .nobody, answer: nil) == .goOn(.page(back: Self.redirect))
        )
        #expect(
            request.decision(for: .nobody, answer: .signOut) == .goOn(.redirect(Self.redirect))
        )
        #expect(
            request.decision(for: .somebody(Self.browser), answer: .signOut)
                == .signOut(.redirect(Self.redirect))
        )
        let hinted = try Self.request(hint: Self.own, managedBy: .registration)
        #expect(
            hinted.decision(for: .somebody(Self.browser), answer: nil)
                == .signOut(.redirect(Self.redirect))
        )
    }
}
