/// The names of what travels when security event tokens are polled for (RFC 8936), written once.
public enum PollName {
    /// The identifiers of tokens that arrived (§2.2).
    public static let acknowledged = "ack"
    /// What was wrong with others, by identifier (§2.2).
    public static let errors = "setErrs"
    /// What was wrong with one (§2.6).
    public static let error = "err"
    /// The same in words (§2.6).
    public static let description = "description"
    /// How many tokens may be in the answer at most (§2.2).
    public static let maximum = "maxEvents"
    /// Whether to answer at once if there is nothing (§2.2).
    public static let returnImmediately = "returnImmediately"
    /// The tokens, by identifier (§2.3).
    public static let tokens = "sets"
    /// Whether there are more (§2.3).
    public static let moreAvailable = "moreAvailable"
    /// Up to where the caller knows everything, in question and answer; Martlet's own.
    public static let position = "position"
    /// Of what ended before this time nothing is known, in seconds since 1970; Martlet's own.
    public static let unknownBefore = "unknownBefore"
}
