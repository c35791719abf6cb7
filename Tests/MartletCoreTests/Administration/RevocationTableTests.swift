import Foundation
import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What ends what")
struct RevocationTableTests {
    @Test(
        "what docs/revocation.md says of an event is what happens",
        arguments: RevocationEvent.allCases
    )
    func row(event: RevocationEvent) async throws {
        let written = try #require(
            try RevocationPage.rows().first { $0.first == event.rawValue }
        )
        var scene = try await RevocationScene(event)
        let observed = try await scene.observed()
        #expect(observed == written)
    }

    @Test(
        "what docs/revocation.md says of codes and browsers is what happens",
        arguments: RevocationEvent.acts
    )
    func inFlight(event: RevocationEvent) async throws {
        let written = try #require(
            try RevocationPage.inFlight().first { $0.first == event.rawValue }
        )
        var scene = try await RevocationScene(event)
        let observed = try await scene.observedInFlight()
        #expect(observed == written)
    }

    @Test("docs/revocation.md has a row for each event, and no other")
    func rows() throws {
        #expect(
            try RevocationPage.rows().compactMap(\.first)
                == RevocationEvent.allCases.map(\.rawValue)
        )
        #expect(
            try RevocationPage.inFlight().compactMap(\.first)
                == RevocationEvent.acts.map(\.rawValue)
        )
    }

    @Test("the words for what the client is told stand for what it is told")
    func words() throws {
        let written = try RevocationPage.table(under: "| told |")
        let known = Told.allCases.map { told in
            [
                told.rawValue, told.error.map { "`\($0.code.rawValue)`" } ?? "none",
                told.error?.sentence ?? "",
            ]
        }
        #expect(Set(written) == Set(known))
    }
}

/// The answers that a refresh can get, by the words of the page.
enum Told: String, CaseIterable {
    case newTokens = "new tokens"
    case expired
    case ended
    case usedTwice = "used twice"
    case invalid
    case unknownClient = "unknown client"

    var error: OAuthError? {
        switch self {
        case .newTokens: nil
        case .expired: RefreshVerdict.expired
        case .ended: RefreshVerdict.ended
        case .usedTwice: RefreshVerdict.usedTwice
        case .invalid: RefreshVerdict.invalid
        case .unknownClient: AuthorizationServer.authenticationFailed
        }
    }
}

extension RevocationScene {
    /// The row of the table, as the server behaves.
    mutating func observed() async throws -> [String] {
        #expect(try await world.isActive(accessToken, as: api))
        heardUpTo = try await feed(behind: .start).mark
        // An event may take the keys away that verify the token.
        let claims = try await world.claims(accessToken)
        try await happen()
        // Asking about the access token first: a refresh could change what it is worth.
        let isActive = try await world.isActive(accessToken, as: api)
        let heard = try await heard(of: claims)
        let (told, newest) = try await present(session)
        let siblings = try await present(sibling).told
        let neighbours = try await present(neighbour).told
        let undone: String
        if told == .newTokens {
            undone = "–"
        } else {
            try await undo()
            let again = try await present(newest).told
            undone = again == .newTokens ? "by a longer one" : "no"
        }
        return [
            event.rawValue, Self.life(told), isActive ? "active" : "inactive",
            heard, Self.life(siblings), Self.life(neighbours), undone, told.rawValue,
        ]
    }

    func feed(behind mark: EndMark) async throws -> EndedSessionsPage {
        try await world.server.ended(
            EndedSessionsPoll(start: .from(mark)),
            for: ResourceID(rawValue: Self.api)
        )
    }

    /// What the API hears that follows the feed of ended sessions, in the words of the page.
    private func heard(
        of claims: AccessTokenClaims
    ) async throws -> String {
        switch try await world.claims(feed(behind: heardUpTo)).map(\.subject) {
        case []: return "nothing"
        case [.session(claims.sessionID ?? "")]: return "the session"
        case [.accessToken(claims.tokenID)]: return "the token"
        case [.person(claims.subject)]: return "the user"
        case [.personAtClient(claims.subject, clientID: claims.clientID)]:
            return "the user at the client"
        case [.client(claims.clientID)]: return "the client's sessions"
        case [.client(claims.clientID), .person(claims.clientID)]: return "the client"
        case [.everything]: return "everything"
        case let others: return "\(others)"
        }
    }

    /// The row of the second table: what becomes of that which is no session yet.
    mutating func observedInFlight() async throws -> [String] {
        let code = try await world.code(client, in: browser, scope: event.scope)
        let device = try await world.beginDevice(client, scope: event.scope)
        let person = try #require(
            try await world.server.signedIn(by: browser.cookie, at: world.now)
        )
        try #require(try await world.answer(device, in: person).isDone(.allow))
        try await happen()
        let redeemed: String
        do {
            _ = try await world.exchange(code, as: client)
            redeemed = "good"
        } catch is OAuthError {
            redeemed = "dead"
        }
        let polled: String
        do {
            _ = try await world.poll(device, as: client)
            polled = "good"
        } catch is OAuthError {
            polled = "dead"
        }
        let here: String
        if try await world.isSignedIn(browser.cookie) {
            here = "goes on"
        } else if let renewedCookie, try await world.isSignedIn(renewedCookie) {
            here = "begins anew"
        } else {
            here = "ends"
        }
        let there = try await world.isSignedIn(otherBrowser.cookie) ? "goes on" : "ends"
        return [event.rawValue, redeemed, polled, here, there]
    }

    private static func life(_ told: Told) -> String {
        told == .newTokens ? "go on" : "end"
    }

    /// What a refresh is told, and the token to try next time.
    private func present(_ token: String) async throws -> (told: Told, newest: String) {
        do {
            let answer = try await world.refresh(token, as: client)
            return (.newTokens, try #require(answer.refresh).token)
        } catch let error as OAuthError {
            return (try #require(Told.allCases.first { $0.error == error }), token)
        }
    }
}

/// `docs/revocation.md`, as it lies in the clone.
enum RevocationPage {
    /// The cells of each row of the first table.
    static func rows() throws -> [[String]] {
        try table(under: "| event | its refresh")
    }

    /// The cells of each row of the table about what is on its way.
    static func inFlight() throws -> [[String]] {
        try table(under: "| event | codes")
    }

    static func table(under heading: String) throws -> [[String]] {
        let page = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/revocation.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        return
            lines
            .drop { !$0.hasPrefix(heading) }
            .prefix { $0.hasPrefix("|") }
            .dropFirst(2)
            .map { line in
                line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }
}
