/// Writes that became durable together: what a store tells whoever measures it.
package struct CommittedBatch: Sendable, Equatable {
    package let writes: Int
    /// From the begin of the transaction to its end.
    package let duration: Duration
    /// Of it, making it durable: the commit, and so the fsync.
    package let commit: Duration

    package init(writes: Int, duration: Duration, commit: Duration) {
        self.writes = writes
        self.duration = duration
        self.commit = commit
    }
}
