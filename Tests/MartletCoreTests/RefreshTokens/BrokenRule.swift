import MartletCore

/// The rule with one mistake each, to see that the exploration would notice.
enum BrokenRule: String, CaseIterable {
    case repeatBranches, repeatRollsBack, repeatEnds, noRepeat, noRepeatOnceRepeated
    case overlapForever, overlapAtZero, overlapForOlder, overlapOutlivesUse
    case reuseKeepsTheFamily, reuseRefusesOnly, reuseEndsWithAnotherReason, reuseForgetsGenerations
    case endForgotten, endRotatesOnce
    case rotationStandsStill, rotationLeaps, rotationFollowsTheClock, anyGenerationRotates

    /// What the exploration must name, at least.
    var breaks: Set<RotationExplorer.Invariant> {
        switch self {
        case .repeatBranches: [.newestOrPrevious, .oneRotates, .oneSuccessor]
        case .repeatRollsBack: [.oneSuccessor, .stepByStep, .nobodyAhead]
        case .repeatEnds, .noRepeat, .noRepeatOnceRepeated: [.retryIsSafe]
        case .overlapForever, .overlapAtZero, .overlapOutlivesUse: [.newestOrPrevious]
        case .overlapForOlder: [.newestOrPrevious, .oneSuccessor]
        case .reuseKeepsTheFamily, .reuseRefusesOnly, .reuseEndsWithAnotherReason: [.reuseEnds]
        case .reuseForgetsGenerations: [.stepByStep, .nobodyAhead]
        case .endForgotten, .endRotatesOnce: [.endIsEnd]
        case .rotationStandsStill: [.oneSuccessor]
        case .rotationLeaps: [.oneSuccessor, .stepByStep]
        case .rotationFollowsTheClock: [.clockForward]
        case .anyGenerationRotates: [.oneRotates, .newestOrPrevious]
        }
    }

    var rule: RotationExplorer.Rule {
        { family, presented, terms, now in
            let outcome = RotationExplorer.realRule(
                changedBefore(family),
                presented,
                terms,
                now
            )
            return changedAfter(outcome, family, presented, terms, now)
        }
    }

    /// What a mistake makes of the family that the right rule is shown.
    private func changedBefore(_ family: TokenFamily) -> TokenFamily {
        var state = family.state
        switch self {
        case .overlapOutlivesUse: state.marks.usedInPlace = false
        case .endForgotten: state.ended = nil
        case .endRotatesOnce where state.marks.repeated: state.ended = nil
        default: break
        }
        return family.moved(to: state)
    }

    /// What a mistake makes of the right outcome.
    private func changedAfter(
        _ outcome: Rotation,
        _ family: TokenFamily,
        _ presented: Generation,
        _ terms: RotationTerms,
        _ now: Instant
    ) -> Rotation {
        switch (self, outcome) {
        case (.repeatBranches, .repeatLast(var state)):
            state.generation = state.generation.successor ?? .last
            return .rotate(to: state)
        case (.repeatRollsBack, .repeatLast(var state)):
            state.generation = presented
            return .repeatLast(state)
        case (.repeatEnds, .repeatLast(var state)):
            state.ended = Ended(reason: .reuse, at: now)
            return .repeatLast(state)
        case (.noRepeat, .repeatLast(var state)):
            state.ended = Ended(reason: .reuse, at: now)
            return .reuse(.parallelUse, ending: state)
        case (.noRepeatOnceRepeated, .repeatLast) where family.state.marks.repeated:
            return .refuse(.aheadOfState)
        case (.overlapForever, .reuse) where presented.successor == family.state.generation:
            return .repeatLast(family.state)
        case (.overlapAtZero, .reuse)
        where presented.successor == family.state.generation
            && terms.arrived <= family.state.lastRotation:
            return .repeatLast(family.state)
        case (.overlapForOlder, .reuse)
        where presented.successor?.successor == family.state.generation
            && terms.policy.overlap != .seconds(0):
            return .repeatLast(family.state)
        case (.reuseKeepsTheFamily, .reuse(let kind, _)):
            return .reuse(kind, ending: family.state)
        case (.reuseRefusesOnly, .reuse):
            return .refuse(.aheadOfState)
        case (.reuseEndsWithAnotherReason, .reuse(let kind, var state)):
            state.ended = Ended(reason: .replaced, at: now)
            return .reuse(kind, ending: state)
        case (.reuseForgetsGenerations, .reuse(let kind, var state)):
            state.generation = presented
            return .reuse(kind, ending: state)
        case (.rotationStandsStill, .rotate(var state)):
            state.generation = presented
            return .rotate(to: state)
        case (.rotationLeaps, .rotate(var state)):
            state.generation = state.generation.successor ?? .last
            return .rotate(to: state)
        case (.rotationFollowsTheClock, .rotate(var state)):
            state.lastRotation = now
            return .rotate(to: state)
        case (.anyGenerationRotates, .reuse):
            var state = family.state
            state.generation = state.generation.successor ?? .last
            return .rotate(to: state)
        default:
            return outcome
        }
    }
}
