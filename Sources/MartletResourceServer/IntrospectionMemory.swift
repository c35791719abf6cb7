import MartletProtocol

/// What an introspector remembers, and what it is asking about.
///
/// | the token | | |
/// | --- | --- | --- |
/// | was answered, and the answer is still believed | | that answer |
/// | is being asked about | | the same call |
/// | else | a call failed a moment ago | nothing: busy |
/// | else | as many calls as may be are on their way | nothing: busy |
/// | else | | a new call |
struct IntrospectionMemory: Sendable {
    enum Next {
        case believe(IntrospectionAnswer)
        case await(SharedWork<Answered>)
        case busy(String)
    }

    /// An answer, and when it was asked for: from then on it may be out of date, however long it
    /// was under way.
    struct Answered: Sendable {
        let answer: IntrospectionAnswer
        let asked: Double

        /// Whether it is as good for somebody who came then as a remembered one, or was asked for
        /// since.
        func counts(at arrival: Double, for terms: TokenIntrospector.Terms) -> Bool {
            arrival <= asked || isBelieved(at: arrival, by: terms)
        }

        func isBelieved(at now: Double, by terms: TokenIntrospector.Terms) -> Bool {
            // A clock that was set back would make an answer good for long.
            guard asked <= now else { return false }
            return switch answer {
            case .active(let token):
                now < min(asked + terms.activeFor, Double(token.claims.expiresAt))
            case .inactive: now < asked + terms.inactiveFor
            }
        }
    }

    private let terms: TokenIntrospector.Terms
    private var active: RecentEntries<[UInt8], Answered>
    private var inactive: RecentEntries<[UInt8], Answered>
    private var calls: [[UInt8]: SharedWork<Answered>] = [:]
    private var failedAt: Double?

    init(terms: TokenIntrospector.Terms) {
        self.terms = terms
        active = RecentEntries(capacity: terms.rememberedActive)
        inactive = RecentEntries(capacity: terms.rememberedInactive)
    }

    mutating func next(for key: [UInt8], at now: Double) -> Next {
        if let known = answered(key, at: now) { return .believe(known.answer) }
        if let call = calls[key] { return .await(call) }
        if let failedAt, (0..<terms.failureInterval).contains(now - failedAt) {
            return .busy("The introspection endpoint did not answer a moment ago.")
        }
        guard calls.count < terms.callsAtOnce else {
            return .busy("Too many tokens are being asked about.")
        }
        let call = SharedWork<Answered>()
        calls[key] = call
        return .await(call)
    }

    /// What is known and still believed.
    mutating func answered(_ key: [UInt8], at now: Double) -> Answered? {
        guard let known = active.value(for: key) ?? inactive.value(for: key),
            known.isBelieved(at: now, by: terms)
        else { return nil }
        return known
    }

    mutating func learn(_ answer: Answered, about key: [UInt8]) {
        calls[key] = nil
        failedAt = nil
        switch answer.answer {
        case .active:
            inactive.forget(key)
            active.keep(answer, for: key)
        case .inactive:
            active.forget(key)
            inactive.keep(answer, for: key)
        }
    }

    /// - Parameter concernsToken: Whether others may still be asked about.
    mutating func fail(_ key: [UInt8], at now: Double, concernsToken: Bool) {
        calls[key] = nil
        if !concernsToken { failedAt = now }
    }
}
