import MartletCore
import Testing

@Suite("Standing, ends and records")
struct StandingTests {
    private let good = Sample.goodStanding
    private let later = Sample.login + .days(3)

    private func epoch(_ value: Int64, _ reason: EndReason? = nil) -> Epoch {
        Epoch(value: value, changedAt: later, reason: reason)
    }

    @Test("equal epochs are in good standing, whatever changed before them")
    func goodStanding() {
        #expect(good.end(of: Sample.epochs) == nil)
        let standing = Standing(
            account: epoch(11, .passwordChanged),
            client: epoch(22, .clientRevoked),
            consent: epoch(33, .consentWithdrawn)
        )
        #expect(standing.end(of: Sample.epochs) == nil)
    }

    @Test("epochs are compared for equality, never counted", arguments: [Int64(0), 10, 12, .max])
    func equality(_ value: Int64) {
        let standing = Standing(
            account: epoch(value, .accountDisabled),
            client: good.client,
            consent: good.consent
        )
        #expect(
            standing.end(of: Sample.epochs) == Ended(reason: .accountDisabled, at: later)
        )
    }

    @Test("of several changes the account's is told first, then the client's")
    func order() {
        let account = epoch(1, .passwordChanged)
        let client = epoch(2, .clientRevoked)
        let consent = epoch(3, .consentWithdrawn)
        let all = Standing(account: account, client: client, consent: consent)
        #expect(all.end(of: Sample.epochs)?.reason == .passwordChanged)
        let two = Standing(account: good.account, client: client, consent: consent)
        #expect(two.end(of: Sample.epochs)?.reason == .clientRevoked)
        let one = Standing(account: good.account, client: good.client, consent: consent)
        #expect(one.end(of: Sample.epochs)?.reason == .consentWithdrawn)
    }

    @Test("what is missing was deleted, at a time that nobody knows")
    func missing() {
        let table: [(Standing, EndReason)] = [
            (Standing(account: nil, client: nil, consent: nil), .accountDeleted),
            (Standing(account: good.account, client: nil, consent: nil), .clientDeleted),
            (
                Standing(account: good.account, client: good.client, consent: nil),
                .consentWithdrawn
            ),
        ]
        for (standing, reason) in table {
            #expect(standing.end(of: Sample.epochs) == Ended(reason: reason, at: nil))
            #expect(standing.epochs == nil)
        }
        #expect(Standing.nothing == table[0].0)
    }

    @Test("the epochs for a family that is made now are those of its standing")
    func epochs() {
        #expect(good.epochs == Sample.epochs)
    }

    @Test("the names of the reasons never change")
    func reasons() {
        let names: [EndReason: String] = [
            .reuse: "reuse",
            .revokedByClient: "revoked_by_client",
            .revokedByOperator: "revoked_by_operator",
            .revokedByUser: "revoked_by_user",
            .replaced: "replaced",
            .exhausted: "exhausted",
            .idle: "idle",
            .expired: "expired",
            .accountDisabled: "account_disabled",
            .accountDeleted: "account_deleted",
            .passwordChanged: "password_changed",
            .signedOutEverywhere: "signed_out_everywhere",
            .signedOut: "signed_out",
            .clientRevoked: "client_revoked",
            .clientDeleted: "client_deleted",
            .consentWithdrawn: "consent_withdrawn",
            .codeReuse: "code_reuse",
            .keyCompromised: "key_compromised",
            .restored: "restored",
        ]
        #expect(names.count == EndReason.allCases.count)
        for reason in EndReason.allCases {
            #expect(reason.rawValue == names[reason])
            #expect(EndReason(rawValue: reason.rawValue) == reason)
        }
    }

    @Test("each reason has an explanation of its own")
    func explanations() {
        let explanations = EndReason.allCases.map(\.explanation)
        #expect(Set(explanations).count == EndReason.allCases.count)
        #expect(explanations.allSatisfy { !$0.isEmpty && !$0.hasSuffix(".") })
    }

    @Test("the least recently used family goes first, of two the older one")
    func leastRecentlyUsed() throws {
        func family(_ id: Int64, _ lastRotation: Instant) throws -> TokenFamily {
            TokenFamily(
                authorized: Sample.authorized(id: try #require(FamilyID(id))),
                state: FamilyState(generation: .first, lastRotation: lastRotation)
            )
        }
        let old = try family(9, Sample.login)
        let used = try family(1, later)
        let twin = try family(2, later)
        #expect(old.leastRecentlyUsed(before: used))
        #expect(!used.leastRecentlyUsed(before: old))
        #expect(used.leastRecentlyUsed(before: twin))
        #expect(!twin.leastRecentlyUsed(before: used))
        #expect(!used.leastRecentlyUsed(before: used))
    }

    @Test("a user agent is cut to its bound in bytes, at the border of a character")
    func userAgent() {
        func kept(_ text: String) -> String { Origin(address: "", userAgent: text).userAgent }
        let longest = String(repeating: "a", count: Origin.maximumUserAgent)
        #expect(kept("curl/8") == "curl/8")
        #expect(kept(longest) == longest)
        #expect(kept(longest + "b") == longest)
        #expect(kept("a" + String(repeating: "é", count: 200)).utf8.count == 255)
        #expect(!kept("a" + String(repeating: "é", count: 200)).contains("\u{FFFD}"))
        let stacked = "a" + String(repeating: "\u{301}", count: 10_000)
        #expect(kept(stacked).utf8.count <= Origin.maximumUserAgent)
    }
}
