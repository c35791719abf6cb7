import MartletCore
import Testing

@Suite("Rotation policies")
struct RotationPolicyTests {
    @Test("the standard is rotating, no overlap, 15 days idle, 30 days absolute, 200 sessions")
    func standard() {
        let policy = RotationPolicy.standard
        #expect(policy.rotation == .rotating)
        #expect(policy.overlap == .seconds(0))
        #expect(policy.idleLifetime == .seconds(1_296_000))
        #expect(policy.absoluteLifetime == .seconds(2_592_000))
        #expect(policy.maxSessions == 200)
    }

    @Test("a request with a proof gets the policy as it is", arguments: PolicyCase.all)
    func proved(_ policy: PolicyCase) {
        guard policy.proof != .none else { return }
        #expect(policy.policy == Sample.policy(policy.rotation, overlap: policy.overlap))
    }

    @Test("a bearer's static and until_used become rotating with overlap 0")
    func fallback() {
        let strict = Sample.policy(.rotating, overlap: .seconds(0))
        for overlap in [RotationPolicy.Overlap.seconds(0), .seconds(10), .untilUsed] {
            #expect(Sample.policy(.static, overlap: overlap).holding(for: .none) == strict)
        }
        #expect(Sample.policy(overlap: .untilUsed).holding(for: .none) == strict)
    }

    @Test("a bearer keeps an overlap of seconds", arguments: [0, 1, 10, 60])
    func keepsSeconds(_ seconds: Int64) {
        let policy = Sample.policy(overlap: .seconds(seconds))
        #expect(policy.holding(for: .none) == policy)
    }

    @Test("the fallback keeps lifetimes and sessions")
    func keepsTheRest() {
        let policy = RotationPolicy(
            rotation: .static,
            overlap: .untilUsed,
            idleLifetime: .seconds(1),
            absoluteLifetime: .seconds(2),
            maxSessions: 3
        )
        let held = policy.holding(for: .none)
        #expect(held.idleLifetime == .seconds(1))
        #expect(held.absoluteLifetime == .seconds(2))
        #expect(held.maxSessions == 3)
        #expect(held.holding(for: .none) == held)
    }

    @Test("the bounds that every policy is checked against")
    func bounds() {
        #expect(RotationPolicy.maximumOverlapSeconds == 60)
        #expect(RotationPolicy.minimumLifetime == .seconds(1))
        #expect(RotationPolicy.maximumLifetime == .seconds(315_360_000))
        #expect(RotationPolicy.maximumSessions == 1000)
    }

    @Test("the names of the rotations never change")
    func names() {
        #expect(RotationPolicy.Rotation.rotating.rawValue == "rotating")
        #expect(RotationPolicy.Rotation.static.rawValue == "static")
    }
}

@Suite("Revocation")
struct RevocationTests {
    @Test("a revocation ends the family whatever its state, and changes nothing else")
    func ends() {
        let now = Sample.lastRotation + .days(99)
        var marks = FamilyState.Marks()
        marks.repeated = true
        marks.consecutiveRepeats = 4
        for generation in [UInt32(0), 5, .max] {
            for marks in [FamilyState.Marks(), marks] {
                for reason in EndReason.allCases {
                    let family = Sample.family(generation: generation, marks: marks)
                    var expected = family.state
                    expected.ended = Ended(reason: reason, at: now)
                    #expect(family.revocation(reason, at: now) == .end(expected))
                }
            }
        }
    }

    @Test("a second revocation changes nothing", arguments: EndReason.allCases)
    func second(_ reason: EndReason) {
        let family = Sample.family(ended: Ended(reason: reason, at: Sample.lastRotation))
        #expect(family.revocation(.revokedByOperator, at: Sample.lastRotation) == .alreadyOver)
    }

    @Test("after a revocation nobody succeeds")
    func afterwards() {
        let now = Sample.lastRotation
        let family = Sample.family(generation: 5)
        guard case .end(let dead) = family.revocation(.revokedByClient, at: now) else {
            Issue.record("not ended")
            return
        }
        for presented in UInt32(0)...7 {
            let outcome = family.moved(to: dead)
                .rotation(presenting: presented, under: .standard, at: now)
            #expect(outcome == .refuse(.over(Ended(reason: .revokedByClient, at: now))))
        }
    }
}
