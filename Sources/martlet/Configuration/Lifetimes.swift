/// How long what this server hands out stays good, refresh tokens aside (see `RotationPolicy`).
struct Lifetimes: Sendable, Equatable {
    let authorizationCode: Duration
    let accessToken: Duration
    let pushedRequest: Duration
    let deviceCode: Duration
    /// How long a device waits between two polls.
    let deviceInterval: Duration
    let sessionIdle: Duration
    let sessionAbsolute: Duration

    /// In seconds; RFC 6749 §4.1.2 recommends ten minutes at most.
    static let authorizationCodeBounds: ClosedRange<Int64> = 1...600
    /// APIs check it without asking, so for a day at most they don't hear of a revocation.
    static let accessTokenBounds: ClosedRange<Int64> = 1...86_400
    /// RFC 9126 §2.2 has 5 to 600 seconds in mind.
    static let pushedRequestBounds: ClosedRange<Int64> = 5...600
    /// Long enough to find another device and to type a code, short enough that a code on a
    /// screen is not guessed (RFC 8628 §5.1).
    static let deviceCodeBounds: ClosedRange<Int64> = 30...3600
    /// RFC 8628 §3.5 polls every 5 seconds and slows down from there.
    static let deviceIntervalBounds: ClosedRange<Int64> = 1...60
    /// A minute, so that nobody is signed out while typing; at most as long as any lifetime.
    static let sessionBounds: ClosedRange<Int64> = 60...315_360_000
}
