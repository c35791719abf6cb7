/// What becomes of a family that is told to end (RFC 7009 §2.1, the operator's `session revoke`,
/// a newer session taking its place).
///
/// Revoking is never *reuse*: any generation will do, and a second revocation changes nothing.
package enum Revocation: Sendable, Equatable {
    /// The family ends with this state.
    case end(FamilyState)
    /// It was over already; nothing is written.
    case alreadyOver
}

extension TokenFamily {
    /// The family's end for this reason, unless it is over already.
    package func revocation(_ reason: EndReason, at now: Instant) -> Revocation {
        guard state.ended == nil else { return .alreadyOver }
        var next = state
        next.ended = Ended(reason: reason, at: now)
        return .end(next)
    }
}
