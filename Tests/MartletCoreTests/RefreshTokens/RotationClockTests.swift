import MartletCore
import Testing

/// What the rule does with the two times that it is given, and with clocks that disagree.
@Suite("The clocks of a rotation")
struct RotationClockTests {
    private let family = Sample.family(generation: 5)
    private let last = Sample.lastRotation

    private func rotation(
        presenting presented: UInt32,
        overlap: RotationPolicy.Overlap,
        arrived: Instant,
        now: Instant
    ) -> Rotation {
        family.rotation(
            presenting: Generation(presented),
            terms: RotationTerms(policy: Sample.policy(overlap: overlap), arrived: arrived),
            standing: Sample.goodStanding,
            at: now
        )
    }

    @Test(
        "the last rotation never moves back",
        arguments: [RotationPolicy.Rotation.rotating, .static],
        [Duration.microseconds(1), .seconds(1), .hours(1), .days(1000)]
    )
    func neverBack(_ rotation: RotationPolicy.Rotation, _ step: Duration) {
        let outcome = family.rotation(
            presenting: 5,
            under: Sample.policy(rotation),
            at: last - step
        )
        guard case .rotate(let next) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(next.lastRotation == last)
    }

    @Test(
        "with overlap 0 there is no repeat, whatever the clocks say",
        arguments: [-86_400, -1, 0, 1, 86_400],
        [-86_400, -1, 0, 1, 86_400]
    )
    func noRepeat(_ arrived: Int64, _ now: Int64) {
        let outcome = rotation(
            presenting: 4,
            overlap: .seconds(0),
            arrived: last + .seconds(arrived),
            now: last + .seconds(now)
        )
        guard case .reuse(_, let ending) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(ending.ended == Ended(reason: .reuse, at: last + .seconds(now)))
        #expect(ending.lastRotation == last)
    }

    @Test("a clock behind the last rotation is within any overlap", arguments: [1, 10, 60])
    func behind(_ overlap: Int64) {
        let before = last - .hours(1)
        let outcome = rotation(
            presenting: 4,
            overlap: .seconds(overlap),
            arrived: before,
            now: before
        )
        guard case .repeatLast(let next) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(next.lastRotation == last)
    }

    @Test("the overlap is judged by arrival, so a queue takes it from nobody")
    func overlapByArrival() {
        let within = last + .seconds(10) - .microseconds(1)
        let late = last + .seconds(40)
        let queued = rotation(presenting: 4, overlap: .seconds(10), arrived: within, now: late)
        guard case .repeatLast = queued else {
            Issue.record("\(queued)")
            return
        }
        let tooLate = rotation(
            presenting: 4,
            overlap: .seconds(10),
            arrived: last + .seconds(10),
            now: within
        )
        guard case .reuse(.olderGeneration, _) = tooLate else {
            Issue.record("\(tooLate)")
            return
        }
    }

    @Test("a request that arrived before the rotation that overtook it counts as just after")
    func overtaken() {
        let outcome = rotation(
            presenting: 4,
            overlap: .seconds(1),
            arrived: last - .seconds(5),
            now: last
        )
        guard case .repeatLast = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test("expiry is judged by when it is decided, whenever the request arrived")
    func expiryByNow() {
        let idleEnd = last + .days(15)
        for presented in [UInt32(3), 4, 5, 6] {
            let outcome = rotation(
                presenting: presented,
                overlap: .untilUsed,
                arrived: last,
                now: idleEnd
            )
            #expect(outcome == .refuse(.over(Ended(reason: .idle, at: idleEnd))))
        }
        let decidedBefore = rotation(
            presenting: 5,
            overlap: .untilUsed,
            arrived: idleEnd,
            now: idleEnd - .microseconds(1)
        )
        guard case .rotate = decidedBefore else {
            Issue.record("\(decidedBefore)")
            return
        }
    }

    @Test("only differences of time count, not the time itself", arguments: [0, 1, 1000])
    func translation(_ years: Int64) {
        let shift = Duration.days(365 * years)
        let authorized = Sample.authorized(absoluteEnd: Sample.login + shift + .days(30))
        let family = TokenFamily(
            authorized: authorized,
            state: FamilyState(generation: Generation(5), lastRotation: last + shift)
        )
        let policy = Sample.policy(overlap: .seconds(10))
        let within = family.rotation(
            presenting: 4,
            under: policy,
            at: last + shift + .microseconds(9_999_999)
        )
        let after = family.rotation(
            presenting: 4,
            under: policy,
            at: last + shift + .seconds(10)
        )
        guard case .repeatLast = within, case .reuse = after else {
            Issue.record("\(within), \(after)")
            return
        }
    }
}
