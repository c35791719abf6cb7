/// What holds for the families of a store that was recovered from a copy without ending them all.
///
/// The copy does not know what happened after it was made: which tokens were rotated since, and
/// which families were ended. So a family that it holds is *unconfirmed* until one of its tokens was
/// accepted once; see the second table in `Rotation.swift`.
package struct Restoration: Sendable, Equatable {
    /// Whose tokens may confirm a family.
    package enum Holders: String, Sendable, Codable, CaseIterable {
        /// Only of requests that authenticate the client or prove the bound key: a stolen token
        /// alone does nothing, however long it was dead.
        case proven
        /// Bearers too. Whoever holds any token that is not older than the copy, dead or not, may
        /// be the first to present one.
        case everybody
    }

    /// The longest time in which families can be confirmed.
    package static let maximumDuration: Duration = .days(7)

    /// When the store was recovered, and not before the copy was made. What was last rotated by
    /// then is unconfirmed.
    package let since: Instant
    /// From here on unconfirmed families are over.
    package let until: Instant
    package let holders: Holders

    package init(since: Instant, until: Instant, holders: Holders) {
        self.since = since
        self.until = until
        self.holders = holders
    }

    /// Whether nothing has happened to the family since the store was recovered.
    func isUnconfirmed(_ state: FamilyState) -> Bool { state.lastRotation <= since }

    /// Whether the family is older than the recovery, confirmed or not.
    func concerns(_ family: AuthorizedFamily) -> Bool { family.madeAt <= since }

    func accepts(_ proof: RotationPolicy.Proof) -> Bool {
        switch (holders, proof) {
        case (.everybody, _), (.proven, .clientAuthenticated), (.proven, .boundKey): true
        case (.proven, .none): false
        }
    }
}
