import MartletProtocol

@testable import MartletCore

/// What the seed settles about a life before it begins: the policy, who is there, what the network,
/// the clock and the store are like.
struct LifePlan: Sendable {
    /// How the app of the person uses its tokens.
    enum Manners: String, CaseIterable, Sendable {
        /// One request at a time; a lost answer is asked for again with the same token.
        case lone
        /// Several tabs over one stored token. They may present it at the same moment; none uses a
        /// successor while another still waits for the answer to its predecessor.
        case patientTabs
        /// Several tabs that know nothing of each other.
        case carelessTabs
    }

    enum ThiefKind: String, CaseIterable, Sendable {
        /// Uses what it stole at once, and goes on like a client.
        case early
        /// Keeps it until it is old.
        case late
        /// Follows the user within the overlap.
        case lockstep
        /// Keeps everything that it comes by, and tries any of it, in disguise too.
        case hoarder
    }

    /// What a person, an operator or the house-keeping does in the middle of a life.
    enum Deed: String, CaseIterable, Sendable {
        case clientRevokes, endSession, endAllOfAccount, endAllOfClient, disable, enable
        case newPassword, withdrawConsent, deleteAccount, deleteClient, otherPolicy, rotateSecret
        case loginElsewhere, tidy, rollBack
    }

    enum Start: String, CaseIterable, Sendable {
        case login, code, device
    }

    let seed: UInt64
    let policy: RotationPolicy
    let isConfidential: Bool
    let accessTokenLifetime: Duration
    let start: Start
    /// Whether the family begins a few generations before the last one.
    let isAged: Bool
    let manners: Manners
    let tabs: Int
    /// Whether lost answers are asked for again soon, well within an overlap.
    let isPrompt: Bool
    /// In a hundred.
    let lostAnswers: UInt64
    /// Whether tabs may lose patience with requests that are still on their way.
    let losesPatience: Bool
    let thief: ThiefKind?
    let thiefHasSecret: Bool
    let deeds: [Deed]
    let clockSteps: Bool
    /// In a hundred.
    let failedSteps: UInt64
    /// In a hundred.
    let judgedTwice: UInt64
    let readsWait: Bool
    let nodes: Int
    /// How many requests there may be, so that a life ends.
    let budget: Int
    let begins: Instant

    /// More turns than any life takes, so that even a broken one ends.
    static let maximumTurns = 2000
    static let idleLifetimes: [Duration] = [.seconds(20), .minutes(10), .days(1), .days(15)]
    static let absoluteLifetimes: [Duration] = [.minutes(1), .hours(2), .days(30), .days(30)]

    static func policy(
        _ random: inout SeededNumbers,
        staticInHundred: UInt64 = 20
    ) -> RotationPolicy {
        let rotation: RotationPolicy.Rotation =
            random.chance(staticInHundred) ? .static : .rotating
        let overlap = random.pick([
            RotationPolicy.Overlap.seconds(0), .seconds(0), .seconds(1), .seconds(10),
            .seconds(60), .untilUsed, .untilUsed,
        ])
        return RotationPolicy(
            rotation: rotation,
            overlap: overlap,
            idleLifetime: random.pick(idleLifetimes),
            absoluteLifetime: random.pick(absoluteLifetimes),
            maxSessions: random.pick([1, 2, 200])
        )
    }

    init(seed: UInt64, _ random: inout SeededNumbers) {
        self.seed = seed
        policy = Self.policy(&random)
        isConfidential =
            random.chance(policy.rotation == .static || policy.overlap == .untilUsed ? 85 : 40)
        accessTokenLifetime = random.pick([.seconds(15), .minutes(5), .minutes(10)])
        start = random.pick([.login, .login, .login, .login, .code, .device])
        isAged = random.chance(6)
        manners = random.pick([.lone, .lone, .patientTabs, .carelessTabs])
        tabs = manners == .lone ? 1 : 2 + Int(random.below(2))
        isPrompt = random.chance(70)
        lostAnswers = random.pick([0, 15, 40])
        losesPatience = random.chance(10)
        thief = random.chance(45) ? nil : random.pick(ThiefKind.allCases)
        thiefHasSecret = random.chance(80)
        let count = random.pick([0, 0, 0, 1, 1, 2])
        var deeds: [Deed] = []
        for _ in 0..<count { deeds.append(random.pick(Deed.allCases)) }
        if random.chance(15) { deeds.append(.otherPolicy) }
        if random.chance(5) { deeds += [.rollBack, .otherPolicy] }
        self.deeds = deeds
        clockSteps = random.chance(20)
        failedSteps = random.pick([0, 0, 0, 10])
        judgedTwice = random.pick([0, 0, 0, 20])
        readsWait = random.chance(10)
        nodes = random.chance(25) ? 2 : 1
        budget = (thief == .lockstep ? 12 : 4) + Int(random.below(8))
        // Anywhere within a year, so that families of two lives never have the same id.
        begins =
            SimulatedWorld.start
            + .microseconds(Int64(random.below(31_536_000_000_000)))
    }

    var summary: String {
        """
        \(policy.rotation) overlap \(policy.overlap) idle \(policy.idleLifetime) absolute \
        \(policy.absoluteLifetime) sessions \(policy.maxSessions) \
        \(isConfidential ? "confidential" : "public"), \(start)\(isAged ? " aged" : ""), \
        \(manners) \(tabs)\(isPrompt ? " prompt" : "")\(losesPatience ? " impatient" : ""), lost \
        \(lostAnswers) %, thief \(thief?.rawValue ?? "none"), deeds \(deeds), clock \
        \(clockSteps ? "steps" : "steady"), failed \(failedSteps) %, twice \(judgedTwice) %, \
        \(nodes) nodes
        """
    }
}

extension SeededNumbers {
    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }

    /// True so many times in a hundred.
    mutating func chance(_ percent: UInt64) -> Bool { below(100) < percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int(below(UInt64(elements.count)))]
    }

    /// A time of up to so long.
    mutating func duration(upTo most: Duration) -> Duration {
        .microseconds(Int64(below(UInt64(max(1, most.microseconds)))))
    }
}
