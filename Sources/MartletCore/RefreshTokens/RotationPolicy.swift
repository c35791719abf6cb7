/// How a client's refresh tokens rotate and how long they live: `refresh_token_policy`.
package struct RotationPolicy: Sendable, Equatable {
    /// Whether each use brings a new token.
    package enum Rotation: String, Sendable, Codable {
        /// Each use brings a successor and retires the token that was used.
        case rotating
        /// The same token each time; lifetimes still slide. Only for requests that authenticated
        /// the client or proved the bound key (RFC 9700 §2.2.2).
        case `static`
    }

    /// How long the token before the current one still brings the same successor again.
    package enum Overlap: Sendable, Equatable {
        /// This long after the rotation; zero means that the first reuse ends the family.
        case seconds(Int64)
        /// Until the successor is first used, however long that takes. Only for requests that
        /// authenticated the client or proved the bound key.
        case untilUsed
    }

    package static let maximumOverlapSeconds: Int64 = 60
    /// Ten years: longer than any key or store stays unattended.
    package static let maximumLifetime: Duration = .days(3650)
    package static let minimumLifetime: Duration = .seconds(1)
    /// One login lists them all, so it must stay a handful of rows.
    package static let maximumSessions = 1000

    package let rotation: Rotation
    package let overlap: Overlap
    /// Slides: counts from the last use.
    package let idleLifetime: Duration
    /// Fixed at login.
    package let absoluteLifetime: Duration
    /// Live families per account and client; a login beyond it ends the least recently used.
    package let maxSessions: Int

    package init(
        rotation: Rotation,
        overlap: Overlap,
        idleLifetime: Duration,
        absoluteLifetime: Duration,
        maxSessions: Int
    ) {
        self.rotation = rotation
        self.overlap = overlap
        self.idleLifetime = idleLifetime
        self.absoluteLifetime = absoluteLifetime
        self.maxSessions = maxSessions
    }

    /// Rotating, no overlap, 15 days idle, 30 days absolute, 200 sessions.
    package static let standard = RotationPolicy(
        rotation: .rotating,
        overlap: .seconds(0),
        idleLifetime: .days(15),
        absoluteLifetime: .days(30),
        maxSessions: 200
    )

    /// The same with an idle lifetime of at most this.
    package func idle(atMost limit: Duration) -> RotationPolicy {
        RotationPolicy(
            rotation: rotation,
            overlap: overlap,
            idleLifetime: min(idleLifetime, limit),
            absoluteLifetime: absoluteLifetime,
            maxSessions: maxSessions
        )
    }

    /// How this request proved that it comes from the holder of the family, beyond the token.
    package enum Proof: Sendable, Equatable, CaseIterable {
        /// Not at all: the token is a bearer token of a public client.
        case none
        /// The client authenticated with its own credential.
        case clientAuthenticated
        /// The request proved the key that the family is bound to.
        case boundKey
    }

    /// The policy as it holds for a request with this proof: what is safe only for senders that
    /// prove themselves falls back to rotating with overlap 0.
    package func holding(for proof: Proof) -> RotationPolicy {
        switch proof {
        case .clientAuthenticated, .boundKey: return self
        case .none: break
        }
        guard rotation == .static || overlap == .untilUsed else { return self }
        return RotationPolicy(
            rotation: .rotating,
            overlap: .seconds(0),
            idleLifetime: idleLifetime,
            absoluteLifetime: absoluteLifetime,
            maxSessions: maxSessions
        )
    }
}
