import MartletCore
import MartletProtocol
import Testing

/// The second table in `Rotation.swift`: each row, for each policy, each proof, each generation,
/// and each who-may-confirm.
@Suite("The rule in a store that was recovered from a copy")
struct RestorationTests {
    /// One way to present a token to a restored family, and what must come of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let policy: PolicyCase
        let holders: Restoration.Holders

        static let all = PolicyCase.all.flatMap { policy in
            Restoration.Holders.allCases.map { Case(policy: policy, holders: $0) }
        }

        var mayConfirm: Bool { holders == .everybody || policy.proof != .none }

        var testDescription: String { "\(policy.testDescription), \(holders)" }
    }

    /// The copy was made, and recovered, an hour after the family last rotated.
    private static let since = Sample.lastRotation + .hours(1)
    private static let until = since + .hours(2)
    private static let moments = [
        since, since + .microseconds(1), until - .microseconds(1),
    ]
    private let family = Sample.family(generation: 5)

    private func standing(_ holders: Restoration.Holders) -> Standing {
        Standing(
            account: Sample.goodStanding.account,
            client: Sample.goodStanding.client,
            consent: Sample.goodStanding.consent,
            restoration: Restoration(since: Self.since, until: Self.until, holders: holders)
        )
    }

    private func present(
        _ generation: UInt32,
        to family: TokenFamily,
        _ restored: Case,
        at now: Instant
    ) -> Rotation {
        family.rotation(
            presenting: Generation(generation),
            terms: RotationTerms(
                policy: restored.policy.policy,
                proof: restored.policy.proof,
                arrived: now
            ),
            standing: standing(restored.holders),
            at: now
        )
    }

    /// The family after the token of this generation confirmed it; `nil` if it did not.
    private func confirmed(
        by generation: UInt32,
        _ restored: Case,
        at now: Instant = since
    ) -> TokenFamily? {
        guard case .rotate(let state) = present(generation, to: family, restored, at: now) else {
            return nil
        }
        return family.moved(to: state)
    }

    @Test("a current token and one ahead confirm the family, once", arguments: Case.all)
    func confirms(_ restored: Case) {
        for now in Self.moments {
            for presented: UInt32 in [5, 6, 7, 1000, .max - 1] {
                let rotation = present(presented, to: family, restored, at: now)
                guard restored.mayConfirm else {
                    let over = Ended(reason: .restored, at: Self.since)
                    #expect(rotation == .refuse(.over(over)), "\(presented)")
                    continue
                }
                guard case .rotate(let next) = rotation else {
                    Issue.record("\(presented): \(rotation)")
                    continue
                }
                let successor = restored.policy.isStatic ? presented : presented + 1
                #expect(next.generation == Generation(successor))
                #expect(next.lastRotation > Self.since)
                #expect(next.lastRotation >= now)
                #expect(next.ended == nil)
            }
        }
    }

    @Test("the last generation of all ends the family, or stays if static", arguments: Case.all)
    func last(_ restored: Case) {
        guard restored.mayConfirm else { return }
        let rotation = present(.max, to: family, restored, at: Self.since)
        switch rotation {
        case .exhausted(let state):
            #expect(!restored.policy.isStatic)
            #expect(state.ended?.reason == .exhausted)
        case .rotate(let state):
            #expect(restored.policy.isStatic)
            #expect(state.generation == .last)
        case .repeatLast, .reuse, .refuse: Issue.record("\(rotation)")
        }
    }

    @Test("what was superseded before the copy ends the family as ever", arguments: Case.all)
    func superseded(_ restored: Case) {
        for presented in [UInt32(0), 3] {
            let rotation = present(presented, to: family, restored, at: Self.since)
            guard case .reuse(.olderGeneration, let ending) = rotation else {
                Issue.record("\(rotation)")
                continue
            }
            #expect(ending.ended == Ended(reason: .reuse, at: Self.since))
        }
    }

    @Test("the previous token within its overlap confirms nothing", arguments: Case.all)
    func previous(_ restored: Case) {
        let rotation = present(4, to: family, restored, at: Self.since)
        switch restored.policy.window {
        case .seconds:
            guard case .reuse(_, let ending) = rotation else {
                Issue.record("\(rotation)")
                return
            }
            #expect(ending.ended?.reason == .reuse)
        case .unlimited:
            guard case .repeatLast(let state) = rotation else {
                Issue.record("\(rotation)")
                return
            }
            #expect(state.lastRotation == family.state.lastRotation)
        }
    }

    @Test(
        "a copy that was recovered within the overlap repeats for those who may confirm",
        arguments: Case.all
    )
    func previousAtOnce(_ restored: Case) {
        guard case .seconds(let seconds) = restored.policy.window, seconds > 0 else { return }
        let family = Sample.family(generation: 5, lastRotation: Self.since - .seconds(1))
        let rotation = present(4, to: family, restored, at: Self.since)
        guard restored.mayConfirm else {
            #expect(
                rotation == .refuse(.over(Ended(reason: .restored, at: Self.since)))
            )
            return
        }
        guard case .repeatLast = rotation else {
            Issue.record("\(rotation)")
            return
        }
    }

    @Test(
        "unconfirmed when the time is over it is over, whatever is presented",
        arguments: Case.all
    )
    func unconfirmed(_ restored: Case) {
        let over = Ended(reason: .restored, at: Self.until)
        for now in [Self.until, Self.until + .days(3)] {
            for presented in [UInt32(0), 4, 5, 6, .max] {
                #expect(
                    present(presented, to: family, restored, at: now) == .refuse(.over(over))
                )
            }
            let end = family.end(
                under: restored.policy.policy,
                standing: standing(restored.holders),
                at: now
            )
            #expect(end == over)
        }
    }

    @Test("a confirmed family goes on as any other, in the time and after it", arguments: Case.all)
    func goesOn(_ restored: Case) {
        guard var family = confirmed(by: 9, restored) else { return }
        for now in [Self.since + .hours(1), Self.until, Self.until + .days(1)] {
            let current = family.state.generation.value
            guard case .rotate(let next) = present(current, to: family, restored, at: now) else {
                Issue.record("not rotated at \(now)")
                return
            }
            family = family.moved(to: next)
        }
        let rotation = present(3, to: family, restored, at: Self.until + .days(1))
        guard case .reuse = rotation else {
            Issue.record("\(rotation)")
            return
        }
    }

    @Test(
        "an owner who comes after a thief's older token ends the family for both",
        arguments: Case.all
    )
    func ownerAfterThief(_ restored: Case) {
        guard let taken = confirmed(by: 6, restored) else { return }
        for now in [Self.since + .seconds(1), Self.until + .days(2)] {
            let rotation = present(12, to: taken, restored, at: now)
            guard case .reuse(.afterRestoration, let ending) = rotation else {
                Issue.record("\(rotation)")
                return
            }
            #expect(ending.ended == Ended(reason: .reuse, at: now))
            let thief = present(
                taken.state.generation.value,
                to: family.moved(to: ending),
                restored,
                at: now
            )
            #expect(thief == .refuse(.over(Ended(reason: .reuse, at: now))))
        }
    }

    @Test("a thief's older token that comes after the owner ends the family", arguments: Case.all)
    func thiefAfterOwner(_ restored: Case) {
        guard let owned = confirmed(by: 12, restored) else { return }
        for presented in [UInt32(5), 6, 10] {
            let rotation = present(presented, to: owned, restored, at: Self.since + .seconds(1))
            guard case .reuse = rotation else {
                Issue.record("\(presented): \(rotation)")
                continue
            }
        }
    }

    @Test("a family that was made after the recovery knows nothing of it", arguments: Case.all)
    func madeLater(_ restored: Case) {
        let now = Self.since + .hours(1)
        let made = AuthorizedFamily(
            id: Sample.id,
            client: ClientID(rawValue: "web"),
            account: AccountID(rawValue: "a1"),
            scope: .none,
            resources: [],
            secretHash: nil,
            refreshKey: RefreshKeyID(1),
            keyBinding: nil,
            epochs: Sample.epochs,
            madeAt: now,
            absoluteEnd: now + .days(30),
            authentication: Authentication(time: now, contextClass: nil, methods: []),
            origin: Origin(address: "", userAgent: "")
        )
        let family = TokenFamily(
            authorized: made,
            state: FamilyState(generation: Generation(5), lastRotation: now)
        )
        #expect(present(6, to: family, restored, at: now) == .refuse(.aheadOfState))
        guard case .rotate = present(5, to: family, restored, at: now) else {
            Issue.record("not rotated")
            return
        }
    }

    @Test("an end that the copy knows of stays, and standing counts", arguments: Case.all)
    func ended(_ restored: Case) {
        let dead = Ended(reason: .revokedByUser, at: Sample.lastRotation)
        let family = Sample.family(ended: dead)
        for presented in [UInt32(4), 5, 6, .max] {
            #expect(
                present(presented, to: family, restored, at: Self.since) == .refuse(.over(dead))
            )
        }
    }

    @Test("a clock that steps back does not let a family be confirmed twice", arguments: Case.all)
    func clockSteps(_ restored: Case) {
        let before = Self.since - .minutes(30)
        guard let taken = confirmed(by: 6, restored, at: before) else { return }
        let rotation = present(12, to: taken, restored, at: before)
        guard case .reuse(.afterRestoration, _) = rotation else {
            Issue.record("\(rotation)")
            return
        }
    }
}
