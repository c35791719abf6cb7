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
        case await(SharedWork<IntrospectionAnswer>)
        case busy(String)
    }

    private struct Entry: Sendable {
        let answer: IntrospectionAnswer
        let from: Double
        let until: Double
    }

    private let terms: TokenIntrospector.Terms
    private var active: RecentEntries<[UInt8], Entry>
    private var inactive: RecentEntries<[UInt8], Entry>
    private var calls: [[UInt8]: SharedWork<IntrospectionAnswer>] = [:]
    private var failedAt: Double?

    init(terms: TokenIntrospector.Terms) {
        self.terms = terms
        active = RecentEntries(capacity: terms.rememberedActive)
        inactive = RecentEntries(capacity: terms.rememberedInactive)
    }

    mutating func next(for key: [UInt8], at now: Double) -> Next {
        if let answer = believed(key, at: now) { return .believe(answer) }
        if let call = calls[key] { return .await(call) }
        if let failedAt, (0..<terms.failureInterval).contains(now - failedAt) {
            return .busy("The introspection endpoint did not answer a moment ago.")
        }
        guard calls.count < terms.callsAtOnce else {
            return .busy("Too many tokens are being asked about.")
        }
        let call = SharedWork<IntrospectionAnswer>()
        calls[key] = call
        return .await(call)
    }

    mutating func believed(_ key: [UInt8], at now: Double) -> IntrospectionAnswer? {
        guard let entry = active.value(for: key) ?? inactive.value(for: key),
            // A clock that was set back would make an answer good for long.
            entry.from <= now, now < entry.until
        else { return nil }
        return entry.answer
    }

    mutating func learn(_ answer: IntrospectionAnswer, about key: [UInt8], at now: Double) {
        calls[key] = nil
        failedAt = nil
        switch answer {
        case .active(let token):
            let until = min(now + terms.activeFor, Double(token.claims.expiresAt))
            inactive.forget(key)
            active.keep(Entry(answer: answer, from: now, until: until), for: key)
        case .inactive:
            active.forget(key)
            let until = now + terms.inactiveFor
            inactive.keep(Entry(answer: answer, from: now, until: until), for: key)
        }
    }

    /// - Parameter concernsToken: Whether others may still be asked about.
    mutating func fail(_ key: [UInt8], at now: Double, concernsToken: Bool) {
        calls[key] = nil
        if !concernsToken { failedAt = now }
    }
}
