import MartletProtocol

/// What ended and has tokens that did not expire yet: a bounded set of values, and the rule which
/// tokens they meet.
struct EndedMarks: Sendable {
    /// Everything that was issued until then, at least as long as it can live.
    private struct Mark {
        var issuedBy: Int64
        var keptUntil: Double
    }

    private struct PersonAtClient: Hashable {
        let subject: String
        let clientID: String
    }

    let capacity: Int
    private var sessions: [String: Double] = [:]
    private var tokens: [String: Double] = [:]
    private var people: [String: Mark] = [:]
    private var clients: [String: Mark] = [:]
    private var peopleAtClients: [PersonAtClient: Mark] = [:]
    private var everything: Mark?

    /// - Parameter capacity: How many marks are kept at most.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int {
        sessions.count + tokens.count + people.count + clients.count + peopleAtClients.count
            + (everything == nil ? 0 : 1)
    }

    /// Takes in what ended.
    ///
    /// - Parameters:
    ///   - subject: What.
    ///   - time: When, in seconds since 1970.
    ///   - keptUntil: When the last of its tokens has expired.
    ///   - now: The present time; makes room if there is none.
    /// - Returns: False if there is no room: then it is not known.
    mutating func note(
        _ subject: SessionRevokedClaims.Subject,
        endedAt time: Int64,
        keptUntil: Double,
        at now: Double
    ) -> Bool {
        guard keptUntil > now else { return true }
        if count >= capacity {
            forget(expiredAt: now)
            guard count < capacity else { return false }
        }
        let mark = Mark(issuedBy: time, keptUntil: keptUntil)
        switch subject {
        case .session(let id): sessions[id] = max(sessions[id] ?? 0, keptUntil)
        case .accessToken(let id): tokens[id] = max(tokens[id] ?? 0, keptUntil)
        case .person(let subject): people[subject] = Self.wider(people[subject], mark)
        case .client(let id): clients[id] = Self.wider(clients[id], mark)
        case .personAtClient(let subject, let clientID):
            let pair = PersonAtClient(subject: subject, clientID: clientID)
            peopleAtClients[pair] = Self.wider(peopleAtClients[pair], mark)
        case .everything: everything = Self.wider(everything, mark)
        }
        return true
    }

    private static func wider(_ known: Mark?, _ mark: Mark) -> Mark {
        guard let known else { return mark }
        return Mark(
            issuedBy: max(known.issuedBy, mark.issuedBy),
            keptUntil: max(known.keptUntil, mark.keptUntil)
        )
    }

    /// Whether a token has ended. The rule, each row by itself enough:
    ///
    /// | ended | tokens that ended with it |
    /// | --- | --- |
    /// | a session | those with its `sid`, whenever they were issued |
    /// | an access token | the one with this `jti` |
    /// | a person | those with this `sub` |
    /// | a person at a client | those with this `sub` and this `client_id` |
    /// | a client's sessions | those with this `client_id`, but for those in its own name, whose `sub` it is (RFC 9068 §2.2) |
    /// | everything | all |
    ///
    /// All but the first two mean what was issued until the end, and `iat` counts whole seconds: a
    /// token of the same second has ended too. If it was a new one, its client gets another.
    func include(_ claims: AccessTokenClaims) -> Bool {
        if let id = claims.sessionID, sessions[id] != nil { return true }
        if !tokens.isEmpty, tokens[claims.tokenID] != nil { return true }
        if Self.includes(everything, claims) { return true }
        if !people.isEmpty, Self.includes(people[claims.subject], claims) { return true }
        if !clients.isEmpty, claims.subject != claims.clientID,
            Self.includes(clients[claims.clientID], claims)
        {
            return true
        }
        guard !peopleAtClients.isEmpty else { return false }
        let pair = PersonAtClient(subject: claims.subject, clientID: claims.clientID)
        return Self.includes(peopleAtClients[pair], claims)
    }

    private static func includes(_ mark: Mark?, _ claims: AccessTokenClaims) -> Bool {
        guard let mark else { return false }
        return claims.issuedAt <= mark.issuedBy
    }

    /// Forgets what has no tokens any more.
    mutating func forget(expiredAt now: Double) {
        sessions = sessions.filter { $0.value > now }
        tokens = tokens.filter { $0.value > now }
        people = people.filter { $0.value.keptUntil > now }
        clients = clients.filter { $0.value.keptUntil > now }
        peopleAtClients = peopleAtClients.filter { $0.value.keptUntil > now }
        if let mark = everything, mark.keptUntil <= now { everything = nil }
    }
}
