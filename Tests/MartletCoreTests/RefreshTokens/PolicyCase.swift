import MartletCore
import Testing

/// One policy as a client has it and one proof that a request brings: what each row of the table is
/// tried with. What it expects is worked out here, independently of `holding(for:)`.
struct PolicyCase: Sendable, CustomTestStringConvertible {
    let rotation: RotationPolicy.Rotation
    let overlap: RotationPolicy.Overlap
    let proof: RotationPolicy.Proof

    static let all: [PolicyCase] = [RotationPolicy.Rotation.rotating, .static].flatMap { rotation in
        [RotationPolicy.Overlap.seconds(0), .seconds(10), .seconds(60), .untilUsed]
            .flatMap { overlap in
                RotationPolicy.Proof.allCases.map { proof in
                    PolicyCase(rotation: rotation, overlap: overlap, proof: proof)
                }
            }
    }

    /// The policy as it holds for the request.
    var policy: RotationPolicy { Sample.policy(rotation, overlap: overlap).holding(for: proof) }

    var isStatic: Bool { rotation == .static && proof != .none }

    /// How long after a rotation the previous token is still good.
    enum Window: Equatable {
        case seconds(Int64)
        case unlimited
    }

    var window: Window {
        switch (proof, rotation, overlap) {
        case (.none, .static, _), (.none, .rotating, .untilUsed): .seconds(0)
        case (.none, .rotating, .seconds(let seconds)): .seconds(seconds)
        case (.clientAuthenticated, _, .seconds(let seconds)): .seconds(seconds)
        case (.boundKey, _, .seconds(let seconds)): .seconds(seconds)
        case (.clientAuthenticated, _, .untilUsed), (.boundKey, _, .untilUsed): .unlimited
        }
    }

    var testDescription: String { "\(rotation), overlap \(overlap), proof \(proof)" }
}

/// A way for a family to be over, and what is told of it.
struct Death: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let family: TokenFamily
    let standing: Standing
    let now: Instant
    let expected: Ended

    private static let soon = Sample.lastRotation + .seconds(1)

    private static func standing(
        account: Epoch? = Sample.goodStanding.account,
        client: Epoch? = Sample.goodStanding.client,
        consent: Epoch? = Sample.goodStanding.consent
    ) -> Standing {
        Standing(account: account, client: client, consent: consent)
    }

    private static func standing(_ name: String, _ standing: Standing, _ ended: Ended) -> Death {
        Death(
            testDescription: name,
            family: Sample.family(),
            standing: standing,
            now: soon,
            expected: ended
        )
    }

    private static func changed(_ reason: EndReason?) -> Epoch {
        Epoch(value: 99, changedAt: soon, reason: reason)
    }

    static let all: [Death] = ended + lifetimes + standings

    private static let ended: [Death] = EndReason.allCases.map { reason in
        let ended = Ended(reason: reason, at: soon)
        return Death(
            testDescription: "ended: \(reason)",
            family: Sample.family(ended: ended),
            standing: Sample.goodStanding,
            now: soon + .seconds(1),
            expected: ended
        )
    }

    private static let lifetimes: [Death] = {
        let idleEnd = Sample.lastRotation + .days(15)
        let used = Sample.login + .days(29)
        let absoluteEnd = Sample.login + .days(30)
        func over(_ name: String, _ lastUse: Instant, _ now: Instant, _ ended: Ended) -> Death {
            Death(
                testDescription: name,
                family: Sample.family(lastRotation: lastUse),
                standing: Sample.goodStanding,
                now: now,
                expected: ended
            )
        }
        let idle = Ended(reason: .idle, at: idleEnd)
        let expired = Ended(reason: .expired, at: absoluteEnd)
        return [
            over("idle, to the microsecond", Sample.lastRotation, idleEnd, idle),
            over("idle for long", Sample.lastRotation, absoluteEnd + .days(9), idle),
            over("absolute end, to the microsecond", used, absoluteEnd, expired),
            over("absolute end long past", used, absoluteEnd + .days(99), expired),
            over("both at the same instant", Sample.login + .days(15), absoluteEnd, expired),
        ]
    }()

    private static let standings: [Death] = [
        standing(
            "account changed",
            standing(account: changed(.passwordChanged)),
            Ended(reason: .passwordChanged, at: soon)
        ),
        standing(
            "account changed without a reason",
            standing(account: changed(nil)),
            Ended(reason: .accountDeleted, at: soon)
        ),
        standing(
            "account missing",
            standing(account: nil),
            Ended(reason: .accountDeleted, at: nil)
        ),
        standing(
            "client changed",
            standing(client: changed(.clientRevoked)),
            Ended(reason: .clientRevoked, at: soon)
        ),
        standing("client missing", standing(client: nil), Ended(reason: .clientDeleted, at: nil)),
        standing(
            "consent changed",
            standing(consent: changed(.consentWithdrawn)),
            Ended(reason: .consentWithdrawn, at: soon)
        ),
        standing(
            "consent missing",
            standing(consent: nil),
            Ended(reason: .consentWithdrawn, at: nil)
        ),
        standing("all missing", .nothing, Ended(reason: .accountDeleted, at: nil)),
    ]
}
