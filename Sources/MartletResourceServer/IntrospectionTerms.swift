extension TokenIntrospector {
    /// How long answers are believed, and how much is asked and kept. Times are in seconds.
    public struct Terms: Sendable, Hashable {
        /// How long the answer that a token is active is believed, from when it was asked for; never
        /// beyond its `exp`. So long a revoked token may still pass: 0 asks each time.
        public var activeFor: Double = 30

        /// How long the answer that a token is not active is believed. A token that is not active does
        /// not become so; the bound is for mistakes.
        public var inactiveFor: Double = 60

        /// After a call that failed nothing is asked for so long, and requests are answered with 503:
        /// a server that is down is not asked by every request.
        public var failureInterval: Double = 1

        /// How many active tokens are remembered; some kilobyte each.
        public var rememberedActive = 4096

        /// How many tokens that are not active are remembered, apart from the active ones: whoever
        /// sends nonsense pushes out nonsense only.
        public var rememberedInactive = 4096

        /// How many calls may be on their way at a time; a request that would make one more is
        /// answered with 503.
        public var callsAtOnce = 64

        /// Half a minute, a minute, a second; 4096 of each kind; 64 calls.
        public init() {}
    }
}
