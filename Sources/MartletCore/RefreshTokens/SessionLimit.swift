/// Makes room for a new family: an account has at most `max_sessions` live ones on a client, and a
/// login beyond that ends the least recently used.
package enum SessionLimit {
    /// The families to end so that the new one fits.
    ///
    /// - Parameter siblings: the account's families on the client, the least recently used first,
    ///   as the store lists them; those that are over by policy or standing count for nothing.
    package static func families(
        toEndAmong siblings: [TokenFamily],
        policy: RotationPolicy,
        standing: Standing,
        at now: Instant
    ) -> [TokenFamily] {
        let live = siblings.filter { $0.end(under: policy, standing: standing, at: now) == nil }
        return Array(live.prefix(max(0, live.count - policy.maxSessions + 1)))
    }
}
