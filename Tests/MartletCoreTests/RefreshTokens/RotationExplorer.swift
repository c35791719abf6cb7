import MartletCore

/// Walks through every history of a token family that a few holders of its tokens can make, and
/// checks the rule at each step.
///
/// A holder may present its token and get the answer, present it and lose the answer, copy the
/// token of another holder, or revoke the family; each takes one of its steps. Between any two
/// steps time may pass beyond the overlap, or the clock may step back behind the last rotation.
/// What was seen once (same state, same holders) is not walked through again, and holders are
/// interchangeable, so the search is exhaustive and ends.
struct RotationExplorer {
    typealias Rule =
        @Sendable (TokenFamily, Generation, RotationTerms, Instant) -> Rotation

    /// What must be true of every step.
    enum Invariant: String, CaseIterable {
        case oneRotates = "at most one generation rotates"
        case newestOrPrevious = "only the newest and the one before it within the overlap succeed"
        case oneSuccessor = "a token brings the same successor each time"
        case reuseEnds = "an earlier token past the overlap, or any older one, ends the family"
        case endIsEnd = "after the end nobody succeeds and nothing changes"
        case retryIsSafe = "a retry within the overlap is answered"
        case stepByStep = "the generation never decreases, and advances by one"
        case clockForward = "the last rotation never moves back"
        case nobodyAhead = "no holder is ahead of the state"
    }

    struct Report {
        var states = 0
        var edges = 0
        var rotations = 0
        var repeats = 0
        var reuses = 0
        var refusals = 0
        var ended = 0
        var highestGeneration: UInt32 = 0
        var broken: [Invariant: Int] = [:]
    }

    /// What the holders do beside presenting their tokens.
    enum Behaviour {
        /// Each may steal, revoke, and present a token however old it is.
        case anything
        /// One client that retries a lost answer before it waits, and never revokes.
        case honest
    }

    /// Each request holds one of these policies: one for a plain exploration, several for a client
    /// that proves itself sometimes or whose policy the operator changes.
    let policies: [RotationPolicy]
    let rule: Rule
    let behaviour: Behaviour
    private(set) var report = Report()

    private var seen = Set<World.Key>()
    private var examined = Set<World.Core>()
    private var waiting: [World] = []

    init(
        policies: [RotationPolicy],
        behaviour: Behaviour = .anything,
        rule: @escaping Rule = RotationExplorer.realRule
    ) {
        self.policies = policies
        self.behaviour = behaviour
        self.rule = rule
    }

    static let realRule: Rule = { family, presented, terms, now in
        family.rotation(
            presenting: presented,
            terms: terms,
            standing: Sample.goodStanding,
            at: now
        )
    }

    /// Explores from the login on: the first holder has the first token, and each of the others
    /// has the same, or none until it steals one.
    mutating func explore(holders: Int, steps: Int) {
        precondition(holders <= 4 && steps < 16, "a holder's rank would not fit its key")
        let state = FamilyState(generation: .first, lastRotation: Sample.lastRotation)
        for copies in 1...holders {
            let all = (0..<holders).map { index in
                Holder(token: index < copies ? 0 : nil, steps: steps)
            }
            visit(World(state: state, holders: all))
        }
        while let world = waiting.popLast() {
            moves(from: world)
        }
    }

    // MARK: - Moves

    private mutating func visit(_ reached: World) {
        report.edges += 1
        var world = reached
        world.holders.sort()
        guard seen.insert(world.key).inserted else { return }
        report.states += 1
        report.highestGeneration = max(
            report.highestGeneration,
            world.state.generation.value
        )
        examine(world)
        if world.state.ended == nil {
            waiting.append(world)
        } else {
            report.ended += 1
        }
    }

    private mutating func moves(from world: World) {
        for (index, holder) in world.holders.enumerated() where holder.steps > 0 {
            // Holders are sorted: the twin of the one before it makes the same moves.
            guard index == 0 || world.holders[index - 1] != holder else { continue }
            if let token = holder.token {
                for policy in policies { present(token, by: index, under: policy, in: world) }
                if behaviour == .anything { revoke(by: index, in: world) }
            }
            steal(by: index, in: world)
        }
        pass(longWait, in: world)
        pass(.hours(-1), in: world)
    }

    private mutating func present(
        _ token: UInt32,
        by index: Int,
        under policy: RotationPolicy,
        in world: World
    ) {
        let outcome = outcome(of: token, under: policy, in: world)
        check(outcome, of: token, under: policy, in: world)
        var next = world
        next.holders[index].steps -= 1
        switch outcome {
        case .rotate(let state):
            report.rotations += 1
            next.usedInPlace = policy.rotation == .static
            answer(state, to: index, in: next)
        case .repeatLast(let state):
            report.repeats += 1
            answer(state, to: index, in: next)
        case .reuse(_, let state), .exhausted(let state):
            report.reuses += 1
            next.move(to: state)
            visit(next)
        case .refuse:
            report.refusals += 1
            visit(next)
        }
    }

    /// The answer reaches its holder, or it is lost on the way.
    private mutating func answer(_ state: FamilyState, to index: Int, in world: World) {
        var lost = world
        lost.move(to: state)
        var received = lost
        lost.holders[index].missesAnswer = behaviour == .honest
        visit(lost)
        received.holders[index].token = state.generation.value
        received.holders[index].missesAnswer = false
        visit(received)
    }

    private mutating func revoke(by index: Int, in world: World) {
        let family = Sample.family().moved(to: world.state)
        guard case .end(let state) = family.revocation(.revokedByClient, at: world.now) else {
            breaks(.endIsEnd)
            return
        }
        var next = world
        next.holders[index].steps -= 1
        next.move(to: state)
        visit(next)
    }

    private mutating func steal(by thief: Int, in world: World) {
        let tokens = Set(world.holders.compactMap(\.token))
        for token in tokens where token != world.holders[thief].token {
            var next = world
            next.holders[thief].steps -= 1
            next.holders[thief].token = token
            visit(next)
        }
    }

    /// The clock now shows this much more than the last rotation.
    private mutating func pass(_ elapsed: Duration, in world: World) {
        let mustRetryFirst = policies.contains { $0.overlap != .untilUsed }
        if elapsed > .zero && mustRetryFirst && world.holders.contains(where: \.missesAnswer) {
            return
        }
        var next = world
        next.elapsed = elapsed
        visit(next)
    }

    /// Long enough for the longest overlap to be over, to the microsecond; days if it has no end.
    private var longWait: Duration {
        let overlaps = policies.map { policy -> Duration in
            switch policy.overlap {
            case .seconds(let seconds): .seconds(max(1, seconds))
            case .untilUsed: .days(14)
            }
        }
        return overlaps.max() ?? .zero
    }
}

// MARK: - Checks

extension RotationExplorer {
    private func outcome(
        of token: UInt32,
        under policy: RotationPolicy,
        in world: World
    ) -> Rotation {
        rule(
            Sample.family().moved(to: world.state),
            Generation(token),
            RotationTerms(policy: policy, arrived: world.now),
            world.now
        )
    }

    private mutating func breaks(_ invariant: Invariant) {
        report.broken[invariant, default: 0] += 1
    }

    /// Tries every generation there is, and the one that is not yet, at this moment.
    private mutating func examine(_ world: World) {
        guard examined.insert(world.core).inserted else { return }
        for policy in policies {
            var rotating = 0
            for token in 0...(world.state.generation.value + 1) {
                let outcome = outcome(of: token, under: policy, in: world)
                check(outcome, of: token, under: policy, in: world)
                if case .rotate = outcome { rotating += 1 }
            }
            if rotating > 1 { breaks(.oneRotates) }
        }
        let generation = world.state.generation.value
        if world.holders.contains(where: { ($0.token ?? 0) > generation }) { breaks(.nobodyAhead) }
    }

    private mutating func check(
        _ outcome: Rotation,
        of token: UInt32,
        under policy: RotationPolicy,
        in world: World
    ) {
        let current = world.state.generation.value
        let isGood = token == current || world.isGoodPrevious(token, under: policy)
        if let next = outcome.stateAfter {
            checkStep(from: world.state, to: next)
            if world.state.ended != nil { breaks(.endIsEnd) }
        }
        switch outcome {
        case .rotate(let next):
            if token != current { breaks(.newestOrPrevious) }
            let successor = policy.rotation == .static ? token : token + 1
            if next.generation.value != successor { breaks(.oneSuccessor) }
            if next.ended != nil { breaks(.retryIsSafe) }
        case .repeatLast(let next):
            if token == current || !isGood { breaks(.newestOrPrevious) }
            if next.generation.value != token + 1 { breaks(.oneSuccessor) }
            if next.ended != nil { breaks(.retryIsSafe) }
        case .reuse(_, let ending):
            if isGood { breaks(.retryIsSafe) }
            if ending.ended?.reason != .reuse { breaks(.reuseEnds) }
        case .exhausted:
            breaks(.retryIsSafe)
        case .refuse:
            guard world.state.ended == nil else { return }
            if isGood { breaks(.retryIsSafe) }
            if token < current && !isGood { breaks(.reuseEnds) }
        }
    }

    private mutating func checkStep(from state: FamilyState, to next: FamilyState) {
        let advance = Int64(next.generation.value) - Int64(state.generation.value)
        if !(0...1).contains(advance) { breaks(.stepByStep) }
        if next.lastRotation < state.lastRotation { breaks(.clockForward) }
    }
}

extension Rotation {
    fileprivate var stateAfter: FamilyState? {
        switch self {
        case .rotate(let state), .repeatLast(let state), .exhausted(let state): state
        case .reuse(_, let state): state
        case .refuse: nil
        }
    }
}

// MARK: - What is explored

extension RotationExplorer {
    struct Holder: Hashable, Comparable {
        var token: UInt32?
        var steps: Int
        var missesAnswer = false

        /// All of it in less than 16 bits, as explorations are small.
        var rank: UInt64 {
            UInt64(token.map { $0 + 1 } ?? 0) << 8 | UInt64(steps) << 1 | (missesAnswer ? 1 : 0)
        }

        static func < (one: Holder, other: Holder) -> Bool { one.rank < other.rank }
    }

    /// The family and everybody who holds a token of it. The last rotation is always at the same
    /// instant: the rule looks at differences of time only, which `RotationClockTests` holds.
    struct World {
        var state: FamilyState
        /// What the clock shows, counted from the last rotation.
        var elapsed: Duration = .zero
        /// Whether the newest token was used without bringing a successor; kept here, so that it
        /// is not taken from the rule under test.
        var usedInPlace = false
        var holders: [Holder]

        init(state: FamilyState, holders: [Holder]) {
            self.state = state
            self.holders = holders
        }

        var now: Instant { Sample.lastRotation + elapsed }

        mutating func move(to next: FamilyState) {
            if next.generation != state.generation { usedInPlace = false }
            elapsed = now - next.lastRotation
            state = next
            state.lastRotation = Sample.lastRotation
            state.ended = next.ended.map { Ended(reason: $0.reason, at: nil) }
        }

        func isGoodPrevious(_ token: UInt32, under policy: RotationPolicy) -> Bool {
            guard token + 1 == state.generation.value, !usedInPlace else { return false }
            switch policy.overlap {
            case .seconds(0): return false
            case .seconds(let seconds): return elapsed < .seconds(seconds)
            case .untilUsed: return true
            }
        }

        struct Core: Hashable {
            let generation: UInt32
            let marks: Int64
            let reason: EndReason?
            let elapsed: Int64
            let usedInPlace: Bool
        }

        struct Key: Hashable {
            let core: Core
            let holders: UInt64
        }

        var core: Core {
            Core(
                generation: state.generation.value,
                marks: state.marks.packed,
                reason: state.ended?.reason,
                elapsed: elapsed.microseconds,
                usedInPlace: usedInPlace
            )
        }

        /// Who holds what counts only while the family lives.
        var key: Key {
            let ranks = state.ended == nil ? holders.reduce(0) { $0 << 16 | $1.rank } : 0
            return Key(core: core, holders: ranks)
        }
    }
}
