import MartletProtocol

@testable import MartletCore

/// What was found broken in a life.
enum Broken: String, CaseIterable, Sendable {
    case table = "a step wrote something else than the row of the table that it falls under"
    case answer = "an answer is not the one that the committed step stands for"
    case branch = "a token brought two successors, or two tokens the same one"
    case twoLive = "a token was good that is neither the newest nor the one before it"
    case bothGoOn = "the token before the newest was good when the overlap was over"
    case deadStaysDead = "somebody succeeded after the end"
    case lifetime = "an answer promises more time than the family has"
    case events = "the history is not that of the family"
    case honestLoggedOut = "a client that kept to the policy was taken for a thief"
    case code = "a code was good twice, or its second use did not end what came of it"
}

/// A row of the table of `Rotation.swift`, told apart a little more finely.
enum Row: String, CaseIterable, Sendable {
    case unknownFamily, endedByReuse, ended, notInStanding, idle, expired
    case rotates, staysInPlace, exhausted, repeats, reusesPrevious, reusesOlder, ahead
}

/// What a policy comes to for one request: what the rows are reached under.
enum Holding: String, CaseIterable, Sendable {
    case overlap0, overlapSeconds, untilUsed, inPlace

    init(_ policy: RotationPolicy) {
        switch (policy.rotation, policy.overlap) {
        case (.static, _): self = .inPlace
        case (.rotating, .seconds(0)): self = .overlap0
        case (.rotating, .seconds): self = .overlapSeconds
        case (.rotating, .untilUsed): self = .untilUsed
        }
    }

    /// The rows that it has none of.
    var impossible: Set<Row> {
        switch self {
        case .overlap0: [.staysInPlace, .repeats]
        case .overlapSeconds: [.staysInPlace]
        case .untilUsed: [.staysInPlace, .reusesPrevious]
        case .inPlace: [.rotates, .exhausted]
        }
    }
}

/// What a life knows of its families, by what was committed: worked out here once more, in the
/// simplest words, and compared with what the server wrote and answered.
struct Ledger {
    /// One family, with each of its tokens as it was handed out.
    struct Family {
        let authorized: AuthorizedFamily
        /// The generation of the first token in `chain`.
        var base: UInt32 = 0
        /// The tokens in their order; `nil` for one whose answer is still to come.
        var chain: [String?]
        /// What the store must hold.
        var state: FamilyState
        var isGone = false
        /// Whether an older state was put in the place of a newer one.
        var wasRolledBack = false
        /// Whether somebody who stole a token had an answer for it.
        var isStolenFrom = false
        /// Every state that it had, for an operator who brings an old one back.
        var history: [FamilyState] = []
        /// How often its code was presented.
        var reuses = 0

        var current: Int { Int(state.generation.value - base) }
    }

    /// What a step is judged to come to.
    struct Judgement {
        let row: Row
        /// `nil` if nothing is to be written.
        let state: FamilyState?
        let events: [String]
        let answer: Expected
    }

    enum Expected: Equatable {
        /// A step is still to come.
        case step
        case refused(OAuthError)
        /// The token at this place of the family's chain.
        case granted(FamilyID, Int)
    }

    /// What a request is judged by, beside the family.
    struct Terms {
        let policy: RotationPolicy
        let arrived: Instant
        let hasBadScope: Bool
        let isElsewhere: Bool
    }

    var families: [FamilyID: Family] = [:]
    var tokens: [String: (family: FamilyID, place: Int)] = [:]
    /// What account, client and consent stand at; `nil` for one that is deleted.
    var epochs: [RecordKind: Epoch]
    /// The client's, as of now.
    var policy: RotationPolicy
    var isConfidential: Bool
    var usedCodes: [OneTimeKey: FamilyID] = [:]

    /// The policy that holds for a request of the client: worked out apart from `holding(for:)`.
    var held: RotationPolicy {
        let needsProof = policy.rotation == .static || policy.overlap == .untilUsed
        guard needsProof && !isConfidential else { return policy }
        return RotationPolicy(
            rotation: .rotating,
            overlap: .seconds(0),
            idleLifetime: policy.idleLifetime,
            absoluteLifetime: policy.absoluteLifetime,
            maxSessions: policy.maxSessions
        )
    }

    /// Whether what the family hangs on is not what it was.
    func lostStanding(_ family: AuthorizedFamily) -> Bool {
        epochs[.account]?.value != family.epochs.account
            || epochs[.client]?.value != family.epochs.client
            || epochs[.consent]?.value != family.epochs.consent
    }

    mutating func save(_ changes: [RecordChange]) {
        for change in changes {
            switch change {
            case .put(let record, _):
                if let epoch = record.epoch { epochs[record.kind] = epoch }
            case .delete(let kind, _, _): epochs[kind] = nil
            }
        }
    }

    /// When the family is over if nobody uses it.
    func end(of family: Family) -> Instant {
        min(family.state.lastRotation + policy.idleLifetime, family.authorized.absoluteEnd)
    }

    func isOver(_ family: Family, at now: Instant) -> Bool {
        family.isGone || family.state.ended != nil || lostStanding(family.authorized)
            || now >= end(of: family)
    }

    // MARK: - The table

    func row(of place: Int, in family: Family?, terms: Terms, at now: Instant) -> Row {
        guard let family, !family.isGone else { return .unknownFamily }
        if let ended = family.state.ended {
            return ended.reason == .reuse ? .endedByReuse : .ended
        }
        if lostStanding(family.authorized) { return .notInStanding }
        if now >= end(of: family) {
            let isIdle = end(of: family) < family.authorized.absoluteEnd
            return isIdle ? .idle : .expired
        }
        let behind = family.current - place
        if behind < 0 { return .ahead }
        if behind == 0 {
            if terms.policy.rotation == .static { return .staysInPlace }
            return family.state.generation == .last ? .exhausted : .rotates
        }
        guard behind == 1, !family.state.marks.usedInPlace else { return .reusesOlder }
        switch terms.policy.overlap {
        case .untilUsed: return .repeats
        case .seconds(0): return .reusesPrevious
        case .seconds(let seconds):
            let isOver = terms.arrived >= family.state.lastRotation + .seconds(seconds)
            return isOver ? .reusesPrevious : .repeats
        }
    }

    func judge(
        _ place: Int,
        of id: FamilyID,
        terms: Terms,
        at now: Instant
    ) -> Judgement {
        let family = families[id]
        let row = row(of: place, in: family, terms: terms, at: now)
        func refused(_ error: OAuthError) -> Judgement {
            Judgement(row: row, state: nil, events: [], answer: .refused(error))
        }
        guard var state = family?.state else { return refused(RefreshVerdict.invalid) }
        switch row {
        case .unknownFamily, .ahead: return refused(RefreshVerdict.invalid)
        case .endedByReuse: return refused(RefreshVerdict.usedTwice)
        case .ended, .notInStanding: return refused(RefreshVerdict.ended)
        case .idle, .expired: return refused(RefreshVerdict.expired)
        case .reusesPrevious, .reusesOlder:
            state.ended = Ended(reason: .reuse, at: now)
            return Judgement(
                row: row,
                state: state,
                events: ["reuse", "end"],
                answer: .refused(RefreshVerdict.usedTwice)
            )
        case .exhausted:
            state.ended = Ended(reason: .exhausted, at: now)
            state.lastRotation = max(now, state.lastRotation)
            return Judgement(
                row: row,
                state: state,
                events: ["end"],
                answer: .refused(RefreshVerdict.ended)
            )
        case .rotates, .staysInPlace, .repeats: break
        }
        guard !terms.hasBadScope else { return refused(Self.badScope) }
        var events: [String] = []
        move(&state, row, at: now)
        if terms.isElsewhere, !state.marks.addressNoted {
            state.marks.addressNoted = true
            events = ["address"]
        }
        let answered = row == .staysInPlace ? place : place + 1
        return Judgement(
            row: row,
            state: state == family?.state ? nil : state,
            events: events,
            answer: .granted(id, answered)
        )
    }

    private func move(_ state: inout FamilyState, _ row: Row, at now: Instant) {
        if row == .repeats {
            state.marks.repeated = true
            return
        }
        state.lastRotation = max(now, state.lastRotation)
        guard row == .rotates else {
            state.marks.usedInPlace = true
            return
        }
        state.generation = Generation(state.generation.value + 1)
        // Two holders in lockstep are counted: so many generations in a row were handed out twice.
        state.marks.consecutiveRepeats =
            state.marks.repeated ? state.marks.consecutiveRepeats + 1 : 0
        state.marks.repeated = false
        state.marks.usedInPlace = false
    }

    /// A word for each event that a step on a family may write.
    static func word(for event: AuditEvent) -> String {
        switch event {
        case .sessionMade: "made"
        case .newAddress: "address"
        case .reuseDetected: "reuse"
        case .sessionEnded: "end"
        default: "other"
        }
    }

    static let badScope = OAuthError(
        .invalidScope,
        "The scope is wider than what was granted."
    )
}
