@testable import MartletCore

/// A store or a rule with one mistake, to see that the simulation would notice.
///
/// The rule is the real one throughout: the store shows it another family than it has, or writes
/// something else than it said, so that what comes of it is what a broken rule would have said.
enum Mistake: String, CaseIterable, Sendable {
    case findThenUpdate, rotationNotWritten, failureAfterCommit, revisionStandsStill
    case overlapOneLonger, overlapForever, overlapAtZero, overlapForOlder
    case repeatAdvances, repeatRollsBack, repeatSlidesIdle, repeatNotCounted
    case reuseEndsNothing, reuseOnlyRefused, anyGenerationRotates
    case endForgotten, standingIgnored, idleForgotten, absoluteEndForgotten
    case rotationFollowsTheClock
    case eventTwice, endWithoutEvent
    case codeStaysGood, codeLookedUpBefore, sessionsWithoutNumber

    /// What the simulation must name, at least.
    var breaks: Set<Broken> {
        switch self {
        case .findThenUpdate: [.table]
        case .rotationNotWritten, .failureAfterCommit: [.table]
        case .revisionStandsStill: [.table, .branch]
        case .overlapOneLonger, .overlapForever, .overlapAtZero: [.table, .bothGoOn]
        case .overlapForOlder: [.table, .twoLive]
        case .repeatAdvances: [.table, .honestLoggedOut]
        case .repeatRollsBack: [.table, .bothGoOn]
        case .repeatSlidesIdle, .repeatNotCounted: [.table]
        case .reuseEndsNothing: [.table, .deadStaysDead]
        case .reuseOnlyRefused: [.answer]
        case .anyGenerationRotates: [.table, .twoLive, .bothGoOn]
        case .endForgotten: [.table, .deadStaysDead]
        case .standingIgnored, .idleForgotten: [.table, .answer]
        case .absoluteEndForgotten: [.table, .lifetime]
        case .rotationFollowsTheClock: [.table]
        case .eventTwice, .endWithoutEvent: [.table, .events]
        case .codeStaysGood, .codeLookedUpBefore: [.code]
        case .sessionsWithoutNumber: [.table]
        }
    }

    // MARK: What the rule is shown

    func shown(
        _ view: FamilyView,
        to presented: Stage.Presentation?,
        at now: Instant
    ) -> FamilyView {
        guard let family = view.family else { return view }
        let revision = self == .revisionStandsStill ? Revision(1) : view.revision
        var authorized = family.authorized
        var state = family.state
        var standing = view.standing
        switch self {
        case .endForgotten: state.ended = nil
        case .standingIgnored: standing = Standing(good: authorized.epochs)
        case .idleForgotten: state.lastRotation = max(now, state.lastRotation)
        case .absoluteEndForgotten: authorized = authorized.ending(now + .days(40))
        default: break
        }
        if let presented, presented.generation < state.generation {
            show(&state, to: presented)
        }
        return FamilyView(
            family: TokenFamily(authorized: authorized, state: state),
            standing: standing,
            revision: revision
        )
    }

    private func show(_ state: inout FamilyState, to presented: Stage.Presentation) {
        let isPrevious = presented.generation.successor == state.generation
        let isOneOlder = presented.generation.successor?.successor == state.generation
        switch self {
        case .overlapOneLonger where isPrevious:
            state.lastRotation = state.lastRotation + .microseconds(1)
        case .overlapForever where isPrevious:
            state.lastRotation = max(presented.arrived, state.lastRotation)
        case .overlapAtZero where isPrevious, .overlapForOlder where isOneOlder,
            .anyGenerationRotates:
            state.generation = presented.generation
        case .reuseOnlyRefused where presented.generation > .first:
            state.generation = Generation(presented.generation.value - 1)
        default: break
        }
    }

    // MARK: What is written

    func written(
        _ change: ErasedChange,
        over view: FamilyView,
        to presented: Stage.Presentation?,
        clock: Instant,
        at now: Instant
    ) -> ErasedChange {
        guard let family = view.family else { return change }
        let before = family.state
        guard var after = change.state else { return change }
        var events = change.events
        let isEarlier = presented.map { $0.generation < before.generation } ?? false
        let isRepeat = isEarlier && after.ended == nil
        var isWritten = true
        if isEarlier && self != .rotationFollowsTheClock {
            after.lastRotation = before.lastRotation
        }
        switch self {
        case .rotationNotWritten: isWritten = after.generation == before.generation
        case .overlapAtZero where isRepeat: after.generation = before.generation
        case .overlapForOlder where isRepeat: after.generation = before.generation
        case .anyGenerationRotates where isRepeat:
            after.generation = before.generation.successor ?? .last
            after.lastRotation = now
        case .repeatAdvances where isRepeat:
            after.generation = after.generation.successor ?? .last
        case .repeatRollsBack where isRepeat:
            after.generation = presented?.generation ?? after.generation
        case .repeatSlidesIdle where isRepeat: after.lastRotation = now
        case .repeatNotCounted where isRepeat: isWritten = false
        case .reuseEndsNothing: isWritten = after.ended?.reason != .reuse
        case .rotationFollowsTheClock where after.generation > before.generation:
            after.lastRotation = clock
        case .eventTwice: events += events
        case .endWithoutEvent: events = []
        default: break
        }
        return ErasedChange(
            state: isWritten ? after : nil,
            writes: change.writes,
            events: events
        )
    }

    /// What is written with a new family.
    func written(_ change: ErasedChange) -> ErasedChange {
        let writes = change.writes.filter { write in
            switch write {
            case .remember: self != .codeStaysGood
            case .end: true
            case .state: self != .sessionsWithoutNumber
            case .create: true
            }
        }
        return ErasedChange(state: change.state, writes: writes, events: change.events)
    }
}

extension Standing {
    /// The standing that these epochs are good in.
    init(good epochs: FamilyEpochs) {
        func epoch(_ value: Int64) -> Epoch {
            Epoch(value: value, changedAt: Instant(seconds: 0), reason: nil)
        }
        self.init(
            account: epoch(epochs.account),
            client: epoch(epochs.client),
            consent: epoch(epochs.consent)
        )
    }
}

extension AuthorizedFamily {
    /// The same record with another absolute end.
    fileprivate func ending(_ end: Instant) -> AuthorizedFamily {
        AuthorizedFamily(
            id: id,
            client: client,
            account: account,
            scope: scope,
            resources: resources,
            secretHash: secretHash,
            refreshKey: refreshKey,
            keyBinding: keyBinding,
            epochs: epochs,
            madeAt: madeAt,
            absoluteEnd: end,
            authentication: authentication,
            origin: origin,
            signIn: signIn,
            claims: claims
        )
    }
}
