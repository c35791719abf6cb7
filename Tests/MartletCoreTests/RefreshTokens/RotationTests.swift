import MartletCore
import Testing

/// Each row of the table in `Rotation.swift`, for each policy and each proof.
@Suite("The rule of rotation and reuse")
struct RotationTests {
    private let family = Sample.family(generation: 5)
    private let last = Sample.lastRotation

    private func ending(_ reason: EndReason = .reuse, at now: Instant) -> FamilyState {
        var state = family.state
        state.ended = Ended(reason: reason, at: now)
        return state
    }

    private var repeated: FamilyState {
        var state = family.state
        state.marks.repeated = true
        return state
    }

    // MARK: - The current generation

    @Test("the current generation rotates, or stays if static", arguments: PolicyCase.all)
    func current(_ policy: PolicyCase) {
        let now = last + .hours(5)
        guard case .rotate(let next) = family.rotation(presenting: 5, under: policy.policy, at: now)
        else {
            Issue.record("not rotated")
            return
        }
        #expect(next.generation == Generation(policy.isStatic ? 5 : 6))
        #expect(next.lastRotation == now)
        #expect(next.ended == nil)
    }

    @Test("the last generation ends the family, or stays if static", arguments: PolicyCase.all)
    func lastGeneration(_ policy: PolicyCase) {
        let family = Sample.family(generation: .max)
        let now = last + .hours(5)
        let rotation = family.rotation(presenting: .max, under: policy.policy, at: now)
        if policy.isStatic {
            guard case .rotate(let next) = rotation else {
                Issue.record("\(rotation)")
                return
            }
            #expect(next.generation == .last)
        } else {
            guard case .exhausted(let next) = rotation else {
                Issue.record("\(rotation)")
                return
            }
            #expect(next.ended == Ended(reason: .exhausted, at: now))
            #expect(next.generation == .last)
            let after = family.moved(to: next)
                .rotation(presenting: .max, under: policy.policy, at: now)
            #expect(after == .refuse(.over(Ended(reason: .exhausted, at: now))))
        }
    }

    @Test("the generation before the last one still brings the last one")
    func lastButOne() {
        let rotation = Sample.family(generation: .max - 1)
            .rotation(presenting: .max - 1, under: .standard, at: last)
        guard case .rotate(let next) = rotation else {
            Issue.record("\(rotation)")
            return
        }
        #expect(next.generation == .last)
        #expect(next.ended == nil)
    }

    @Test("a use slides the idle lifetime, also if static", arguments: PolicyCase.all)
    func slides(_ policy: PolicyCase) {
        let beforeIdle = last + .days(15) - .microseconds(1)
        guard
            case .rotate(let next) = family.rotation(
                presenting: 5,
                under: policy.policy,
                at: beforeIdle
            )
        else {
            Issue.record("not rotated")
            return
        }
        let after = family.moved(to: next).rotation(
            presenting: next.generation.value,
            under: Sample.policy(),
            at: beforeIdle + .days(13)
        )
        guard case .rotate = after else {
            Issue.record("\(after)")
            return
        }
    }

    // MARK: - The one before the current

    @Test(
        "the previous token brings the same successor within the overlap",
        arguments: PolicyCase.all
    )
    func previousWithin(_ policy: PolicyCase) {
        let moments: [Duration] =
            switch policy.window {
            case .seconds(0): []
            case .seconds(let seconds): [.zero, .seconds(seconds) - .microseconds(1)]
            case .unlimited: [.zero, .seconds(60), .days(1), .days(15) - .microseconds(1)]
            }
        for elapsed in moments {
            let rotation = family.rotation(
                presenting: 4,
                under: policy.policy,
                at: last + elapsed
            )
            #expect(rotation == .repeatLast(repeated), "after \(elapsed)")
        }
    }

    @Test("a token presented after the overlap ends its family", arguments: PolicyCase.all)
    func previousAfter(_ policy: PolicyCase) {
        let moments: [Duration] =
            switch policy.window {
            case .seconds(let seconds):
                [.seconds(seconds), .seconds(seconds) + .microseconds(1), .days(10)]
            case .unlimited: []
            }
        for elapsed in moments {
            let now = last + elapsed
            let kind: Rotation.Reuse =
                elapsed < Rotation.parallelWindow ? .parallelUse : .olderGeneration
            let rotation = family.rotation(presenting: 4, under: policy.policy, at: now)
            #expect(rotation == .reuse(kind, ending: ending(at: now)), "after \(elapsed)")
        }
    }

    @Test("a repeat advances nothing, however often", arguments: PolicyCase.all)
    func repeats(_ policy: PolicyCase) {
        guard policy.window != .seconds(0) else { return }
        var state = family.state
        for _ in 0..<5 {
            let rotation = family.moved(to: state)
                .rotation(presenting: 4, under: policy.policy, at: last + .seconds(1))
            guard case .repeatLast(let next) = rotation else {
                Issue.record("\(rotation)")
                return
            }
            #expect(next == repeated)
            state = next
        }
    }

    @Test("a token is previous no longer once its successor was used in place")
    func previousOfStatic() throws {
        let now = last + .seconds(1)
        for policy in PolicyCase.all where policy.isStatic {
            guard
                case .rotate(let used) = family.rotation(
                    presenting: 5,
                    under: policy.policy,
                    at: now
                )
            else {
                Issue.record("not rotated")
                return
            }
            for other in PolicyCase.all {
                let rotation = family.moved(to: used)
                    .rotation(presenting: 4, under: other.policy, at: now)
                guard case .reuse(_, let ending) = rotation else {
                    Issue.record("\(policy.testDescription), \(other.testDescription): \(rotation)")
                    continue
                }
                #expect(ending.ended?.reason == .reuse)
            }
        }
    }

    @Test("a token gets its overlap again after the family was static for a while")
    func rotatingAfterStatic() throws {
        var family = family
        for (presented, policy) in [
            (5, Sample.policy(.static)), (5, Sample.policy(overlap: .seconds(10))),
        ] {
            guard
                case .rotate(let next) = family.rotation(
                    presenting: UInt32(presented),
                    under: policy,
                    at: last
                )
            else {
                Issue.record("not rotated")
                return
            }
            family = family.moved(to: next)
        }
        guard
            case .repeatLast = family.rotation(
                presenting: 5,
                under: Sample.policy(overlap: .seconds(10)),
                at: last
            )
        else {
            Issue.record("not repeated")
            return
        }
    }

    // MARK: - An earlier one, one ahead

    @Test(
        "an earlier generation ends the family, overlap or not",
        .covers("RFC 6749 §10.4 replay"),
        arguments: PolicyCase.all
    )
    func earlier(_ policy: PolicyCase) {
        for presented in [UInt32(0), 1, 2, 3] {
            for elapsed in [Duration.zero, .seconds(9), .seconds(10), .days(14)] {
                let now = last + elapsed
                let rotation = family.rotation(
                    presenting: presented,
                    under: policy.policy,
                    at: now
                )
                #expect(rotation == .reuse(.olderGeneration, ending: ending(at: now)))
            }
        }
    }

    @Test("after reuse nobody succeeds, the newest token included", arguments: PolicyCase.all)
    func afterReuse(_ policy: PolicyCase) {
        guard
            case .reuse(_, let dead) = family.rotation(
                presenting: 3,
                under: policy.policy,
                at: last
            )
        else {
            Issue.record("no reuse")
            return
        }
        for presented in UInt32(0)...7 {
            let rotation = family.moved(to: dead)
                .rotation(presenting: presented, under: policy.policy, at: last)
            #expect(rotation == .refuse(.over(Ended(reason: .reuse, at: last))))
        }
    }

    @Test("a generation ahead of the state is refused", arguments: PolicyCase.all)
    func ahead(_ policy: PolicyCase) {
        for presented in [UInt32(6), 7, .max] {
            let rotation = family.rotation(presenting: presented, under: policy.policy, at: last)
            #expect(rotation == .refuse(.aheadOfState))
        }
    }

    @Test("a family without any rotation has no previous token", arguments: PolicyCase.all)
    func first(_ policy: PolicyCase) {
        let family = Sample.family(generation: 0)
        #expect(
            family.rotation(presenting: .max, under: policy.policy, at: last)
                == .refuse(.aheadOfState)
        )
        guard case .rotate = family.rotation(presenting: 0, under: policy.policy, at: last) else {
            Issue.record("not rotated")
            return
        }
    }

    // MARK: - Dead comes first

    @Test(
        "a dead family refuses every generation and writes nothing",
        arguments: PolicyCase.all,
        Death.all
    )
    func dead(_ policy: PolicyCase, _ death: Death) {
        for presented in [UInt32(0), 3, 4, 5, 6, .max] {
            let rotation = death.family.rotation(
                presenting: presented,
                under: policy.policy,
                standing: death.standing,
                at: death.now
            )
            #expect(rotation == .refuse(.over(death.expected)), "generation \(presented)")
        }
    }

    @Test("a dead family at its last generation is refused, not exhausted", arguments: Death.all)
    func deadAtLast(_ death: Death) {
        var state = death.family.state
        state.generation = .last
        let rotation = death.family.moved(to: state).rotation(
            presenting: .max,
            under: .standard,
            standing: death.standing,
            at: death.now
        )
        #expect(rotation == .refuse(.over(death.expected)))
    }

    @Test(
        "a microsecond before idle or absolute end everything still works",
        arguments: PolicyCase.all
    )
    func justBefore(_ policy: PolicyCase) {
        let lateUse = Sample.family(lastRotation: Sample.login + .days(29))
        for (family, end) in [
            (family, last + .days(15)), (lateUse, Sample.login + .days(30)),
        ] {
            let rotation = family.rotation(
                presenting: 5,
                under: policy.policy,
                at: end - .microseconds(1)
            )
            guard case .rotate = rotation else {
                Issue.record("\(rotation)")
                return
            }
        }
    }

    @Test("a stored end is told before a standing, a standing before a lifetime")
    func orderOfEnds() {
        let stored = Ended(reason: .replaced, at: last)
        let late = Sample.login + .days(99)
        let both = Sample.family(ended: stored)
        #expect(both.end(under: .standard, standing: .nothing, at: late) == stored)
        #expect(
            family.end(under: .standard, standing: .nothing, at: late)?.reason == .accountDeleted
        )
        #expect(
            family.end(under: .standard, standing: Sample.goodStanding, at: late)?.reason == .idle
        )
        #expect(family.end(under: .standard, standing: Sample.goodStanding, at: last) == nil)
    }
}
