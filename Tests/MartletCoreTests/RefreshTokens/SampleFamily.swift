import MartletCore
import MartletProtocol

/// The family that the tests of this folder look at, and the world that it stands in.
enum Sample {
    /// When the family was made.
    static let login = Instant(seconds: 1_800_000_000)
    /// When it last rotated, in most tests.
    static let lastRotation = login + .days(1)

    static let surroundings = Surroundings(
        now: { login },
        randomBytes: { count in [UInt8](repeating: 7, count: count) }
    )

    static let epochs = FamilyEpochs(account: 11, client: 22, consent: 33)

    /// A secret that no other byte in these tests resembles.
    static let secret = Secret([UInt8](repeating: 0xA5, count: 16))

    static let goodStanding = Standing(
        account: Epoch(value: epochs.account, changedAt: login, reason: nil),
        client: Epoch(value: epochs.client, changedAt: login, reason: nil),
        consent: Epoch(value: epochs.consent, changedAt: login, reason: nil)
    )

    static let id = FamilyID(madeAt: login, in: surroundings)

    static func authorized(
        id: FamilyID = id,
        secretHash: [UInt8]? = nil,
        refreshKey: RefreshKeyID = RefreshKeyID(1),
        absoluteEnd: Instant = login + .days(30)
    ) -> AuthorizedFamily {
        AuthorizedFamily(
            id: id,
            client: ClientID(rawValue: "web"),
            account: AccountID(rawValue: "a1"),
            scope: .none,
            resources: [],
            secretHash: secretHash,
            refreshKey: refreshKey,
            keyBinding: nil,
            epochs: epochs,
            madeAt: login,
            absoluteEnd: absoluteEnd,
            authentication: Authentication(time: login, contextClass: nil, methods: ["pwd"]),
            origin: Origin(address: "192.0.2.1", userAgent: "test")
        )
    }

    static func family(
        generation: UInt32 = 5,
        lastRotation: Instant = lastRotation,
        ended: Ended? = nil,
        marks: FamilyState.Marks = FamilyState.Marks()
    ) -> TokenFamily {
        TokenFamily(
            authorized: authorized(),
            state: FamilyState(
                generation: Generation(generation),
                lastRotation: lastRotation,
                ended: ended,
                marks: marks
            )
        )
    }

    static func policy(
        _ rotation: RotationPolicy.Rotation = .rotating,
        overlap: RotationPolicy.Overlap = .seconds(0),
        idle: Duration = .days(15)
    ) -> RotationPolicy {
        RotationPolicy(
            rotation: rotation,
            overlap: overlap,
            idleLifetime: idle,
            absoluteLifetime: .days(30),
            maxSessions: 200
        )
    }
}

extension TokenFamily {
    /// The rule in good standing, for a request that is decided the moment it arrives.
    func rotation(
        presenting generation: UInt32,
        under policy: RotationPolicy,
        standing: Standing = Sample.goodStanding,
        at now: Instant
    ) -> Rotation {
        rotation(
            presenting: Generation(generation),
            terms: RotationTerms(policy: policy, arrived: now),
            standing: standing,
            at: now
        )
    }

    /// This family after its state became another one.
    func moved(to state: FamilyState) -> TokenFamily {
        TokenFamily(authorized: authorized, state: state)
    }
}

/// Numbers that look random and are the same at every run.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
