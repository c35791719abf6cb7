/// How often and how long a session asks again when an answer was lost.
///
/// It asks with the same token: the server may have rotated it and its answer got lost, and then,
/// within the server's overlap, the same token brings the same successor. So the first retries are
/// quick.
public struct RetryPolicy: Sendable, Hashable {
    /// The first wait; each is twice the one before.
    public var first: Duration
    /// The longest wait between two questions, and how long the session leaves the server alone after
    /// it has given up.
    public var longest: Duration
    /// How long it asks before it gives up.
    public var patience: Duration

    /// A policy.
    ///
    /// - Parameters:
    ///   - first: The first wait; each is twice the one before.
    ///   - longest: The longest wait.
    ///   - patience: How long to ask before giving up.
    public init(first: Duration, longest: Duration, patience: Duration) {
        self.first = first
        self.longest = longest
        self.patience = patience
    }

    /// A tenth of a second, five seconds, and twenty in all.
    public static let standard = RetryPolicy(
        first: .milliseconds(100),
        longest: .seconds(5),
        patience: .seconds(20)
    )

    /// The wait after a number of lost answers: at least half of it is certain, the rest is chance,
    /// so that many clients do not come back at the same moment.
    ///
    /// - Parameters:
    ///   - lost: How many answers were lost, 1 at least.
    ///   - chance: From 0 to 1.
    func wait(after lost: Int, chance: Double) -> Duration {
        // Beyond 2^20 times the first wait every sensible longest one is reached.
        let full = min(first * (1 << min(lost - 1, 20)), longest)
        return full * (0.5 + 0.5 * chance)
    }
}
