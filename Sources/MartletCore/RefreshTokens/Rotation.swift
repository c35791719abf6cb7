/// What becomes of a family when one of its refresh tokens is presented: the whole rule of
/// rotation and reuse (RFC 9700 §4.14.2).
///
/// Read from the top, the first row that fits:
///
/// | presented | outcome |
/// | --- | --- |
/// | no such family | ``refuse(_:)`` |
/// | family ended, idle or absolute lifetime over, not in good standing | ``refuse(_:)``: one read, no write, however often |
/// | the current generation | ``rotate(to:)``; with a static policy the generation stays; at the last generation ``exhausted(_:)``: the family ends |
/// | the one before the current, within the overlap | ``repeatLast(_:)``: the same successor again; nothing advances, a family never branches |
/// | an earlier one | ``reuse(_:ending:)``: the family ends now, newest token included |
/// | ahead of the state | ``refuse(_:)``, and alarm: the store was rolled back or the key is stolen |
///
/// In a store that was recovered from a copy with its sessions going on (``Restoration``), what came
/// after the copy was made is not known: the newest token of a family may be ahead of the state, and
/// the one that seems current may be long dead. There these rows come before the last four, and a
/// family is *unconfirmed* until it was rotated once since:
///
/// | presented, in a recovered store | outcome |
/// | --- | --- |
/// | unconfirmed when the time for it is over | ``refuse(_:)``: the family is over |
/// | unconfirmed; current, ahead or within the overlap; from a holder who may not confirm it | ``refuse(_:)``: nothing is written, a holder who may still can |
/// | unconfirmed; current or ahead | ``rotate(to:)`` from the presented generation: the family is confirmed |
/// | confirmed and older than the recovery; ahead | ``reuse(_:ending:)``: somebody else confirmed it with an older token |
///
/// With overlap 0 there is no repeat, whatever the clocks say. A successor that was used ends the
/// overlap too, even where its use made no new one (a policy that is static now, but was not).
package enum Rotation: Sendable, Equatable {
    /// The family moves to this state; the successor of the presented token is handed out, or the
    /// same token again if the generation stays.
    case rotate(to: FamilyState)
    /// The successor that was handed out already is handed out again. The state is to be written
    /// only if it differs: it marks the first repeat.
    case repeatLast(FamilyState)
    /// Used twice: the family ends with this state and both holders are refused.
    case reuse(Reuse, ending: FamilyState)
    /// The last generation was used: the family ends with this state.
    case exhausted(FamilyState)
    /// Nothing is written.
    case refuse(Refusal)

    /// Why a token is refused without any change.
    package enum Refusal: Sendable, Equatable {
        case unknownFamily
        case over(Ended)
        case aheadOfState
    }

    /// What kind of reuse it looks like, for those who watch (never for the client).
    package enum Reuse: String, Sendable, Codable, CaseIterable {
        /// The token before the current one, moments after the rotation: two tabs or a retry of an
        /// honest client, most likely.
        case parallelUse = "parallel_use"
        /// The family's tokens had been handed out twice before: somebody keeps a copy.
        case afterRepeat = "after_repeat"
        /// A token that was superseded long ago.
        case olderGeneration = "older_generation"
        /// A token that is newer than the one by which the family was confirmed in a recovered
        /// store: one of the two holders keeps a copy.
        case afterRestoration = "after_restoration"
    }

    /// Reuse of the previous token within this time after its rotation counts as parallel use.
    package static let parallelWindow: Duration = .seconds(10)
}

/// What a rotation is judged by, beside the family itself.
package struct RotationTerms: Sendable {
    /// The client's policy as it holds for this request: ``RotationPolicy/holding(for:)``.
    package let policy: RotationPolicy
    /// When the request reached the server: the overlap is judged by it, so that a retry does not
    /// lose its chance in a queue.
    package let arrived: Instant
    /// What the request proved beyond the token.
    package let proof: RotationPolicy.Proof

    package init(
        policy: RotationPolicy,
        proof: RotationPolicy.Proof = .none,
        arrived: Instant
    ) {
        self.policy = policy
        self.proof = proof
        self.arrived = arrived
    }
}

extension TokenFamily {
    /// Why the family is over at this instant, or `nil` while it lives: by its own state, by the
    /// standing of what it hangs on, or by its lifetimes. Expiry is exact.
    package func end(under policy: RotationPolicy, standing: Standing, at now: Instant) -> Ended? {
        if let ended = state.ended { return ended }
        if let ended = standing.end(of: authorized.epochs) { return ended }
        if let restoration = standing.restoration, restoration.isUnconfirmed(state),
            now >= restoration.until
        {
            return Ended(reason: .restored, at: restoration.until)
        }
        let idleEnd = state.lastRotation + policy.idleLifetime
        if now >= min(idleEnd, authorized.absoluteEnd) {
            return idleEnd < authorized.absoluteEnd
                ? Ended(reason: .idle, at: idleEnd)
                : Ended(reason: .expired, at: authorized.absoluteEnd)
        }
        return nil
    }

    /// The rule: what becomes of the family when the token of this generation is presented.
    ///
    /// Pure and total; it runs inside the storage step that writes what it decides.
    package func rotation(
        presenting presented: Generation,
        terms: RotationTerms,
        standing: Standing,
        at now: Instant
    ) -> Rotation {
        let policy = terms.policy
        if let ended = end(under: policy, standing: standing, at: now) {
            return .refuse(.over(ended))
        }
        if isReuse(of: presented, terms: terms) {
            return reuse(kindOfReuse(of: presented, terms: terms), at: now)
        }
        if let restoration = standing.restoration, restoration.isUnconfirmed(state) {
            guard restoration.accepts(terms.proof) else {
                return .refuse(.over(Ended(reason: .restored, at: restoration.since)))
            }
            if presented >= state.generation {
                return confirm(presented, since: restoration.since, under: policy, at: now)
            }
        }
        if presented > state.generation {
            guard let restoration = standing.restoration, restoration.concerns(authorized) else {
                return .refuse(.aheadOfState)
            }
            return reuse(.afterRestoration, at: now)
        }
        if presented == state.generation {
            return advance(under: policy, at: now)
        }
        var next = state
        next.marks.repeated = true
        return .repeatLast(next)
    }

    private func reuse(_ kind: Rotation.Reuse, at now: Instant) -> Rotation {
        var ending = state
        ending.ended = Ended(reason: .reuse, at: now)
        return .reuse(kind, ending: ending)
    }

    /// Takes up the family at the generation of a token that the copy may not know of.
    private func confirm(
        _ presented: Generation,
        since: Instant,
        under policy: RotationPolicy,
        at now: Instant
    ) -> Rotation {
        var known = state
        if presented > state.generation {
            known.generation = presented
            // What they tell is of another token.
            known.marks.repeated = false
            known.marks.usedInPlace = false
        }
        // Later than the recovery, whatever the clock says: this happens once.
        return TokenFamily(authorized: authorized, state: known)
            .advance(under: policy, at: max(now, since + .microseconds(1)))
    }

    /// Whether the token of this generation was superseded and its overlap is over: what ends a
    /// family that lives, and is only counted when it is over already.
    func isReuse(of presented: Generation, terms: RotationTerms) -> Bool {
        guard presented < state.generation else { return false }
        return !isPrevious(presented) || state.marks.usedInPlace
            || !terms.policy.overlap.covers(elapsed(terms))
    }

    private func isPrevious(_ presented: Generation) -> Bool {
        presented.successor == state.generation
    }

    private func elapsed(_ terms: RotationTerms) -> Duration {
        max(.zero, terms.arrived - state.lastRotation)
    }

    private func advance(under policy: RotationPolicy, at now: Instant) -> Rotation {
        var next = state
        next.lastRotation = max(now, state.lastRotation)
        if policy.rotation == .static {
            next.marks.usedInPlace = true
            return .rotate(to: next)
        }
        guard let successor = state.generation.successor else {
            next.ended = Ended(reason: .exhausted, at: now)
            return .exhausted(next)
        }
        next.generation = successor
        let repeats = state.marks.consecutiveRepeats
        next.marks.consecutiveRepeats =
            state.marks.repeated ? max(repeats, repeats &+ 1) : 0
        next.marks.repeated = false
        next.marks.usedInPlace = false
        return .rotate(to: next)
    }

    private func kindOfReuse(of presented: Generation, terms: RotationTerms) -> Rotation.Reuse {
        if isPrevious(presented), elapsed(terms) < Rotation.parallelWindow { return .parallelUse }
        if state.marks.repeated || state.marks.consecutiveRepeats > 0 { return .afterRepeat }
        return .olderGeneration
    }
}

extension RotationPolicy.Overlap {
    /// Whether the previous token is still good this long after its rotation.
    func covers(_ elapsed: Duration) -> Bool {
        switch self {
        case .seconds(let seconds): elapsed < .seconds(seconds)
        case .untilUsed: true
        }
    }
}
