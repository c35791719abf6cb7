/// What ended, in the order in which it was written, for those who follow it from where they were.
///
/// Entries are made by the steps that end something, in the same commit: for each event with
/// ``AuditEvent/endedTokens`` and each ``Write/end(_:)``. Rotations never write here.
package protocol EndLog: Sendable {
    /// The entries behind `position`, those from `instant` on, in order, at most `limit`.
    ///
    /// Positions rise in the order in which entries can be read: whoever has read up to one never
    /// finds a smaller one later, also if many processes write. A store in which transactions commit
    /// in another order than they number their entries has to number them under a lock that it
    /// holds until it has committed; ends are rare, so that costs nothing. Never waits behind the
    /// writer.
    func ends(
        after position: EndPosition,
        from instant: Instant,
        limit: Int
    ) async throws(StorageError) -> [EndLogEntry]

    /// Removes at most `limit` entries from before `instant`, and tells how many. The last entry
    /// stays however old it is: no position is ever given twice, and whoever has read everything
    /// can be told so.
    func purgeEnds(before instant: Instant, limit: Int) async throws(StorageError) -> Int
}

/// Where an entry stands in the ``EndLog``; counted from 1, without holes.
package struct EndPosition: Sendable, Hashable, Comparable {
    package let value: Int64

    package init(_ value: Int64) {
        self.value = value
    }

    /// Before the first.
    package static let start = EndPosition(0)

    package static func < (one: EndPosition, other: EndPosition) -> Bool { one.value < other.value }
}

/// An end, as the ``EndLog`` holds it.
package struct EndLogEntry: Sendable, Equatable {
    package let position: EndPosition
    package let at: Instant
    package let ended: EndedTokens

    package init(position: EndPosition, at: Instant, ended: EndedTokens) {
        self.position = position
        self.at = at
        self.ended = ended
    }
}
