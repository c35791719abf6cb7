public import MartletProtocol
public import MartletTransport
import Synchronization

/// Follows an issuer's feed of ended sessions, so that a revoked session's access token is refused
/// within a second, without a call per request (RFC 8936).
///
/// One question is on its way all the time; the issuer answers when something ended. Nothing is lost
/// when an answer is: the next question asks from the same position. Run it beside the API, in a task
/// of its own or as a service.
public final class EndedSessionsFollower: Sendable {
    /// How the following goes, for a log or a readiness check.
    public struct Status: Sendable, Hashable {
        /// What is known of ended sessions.
        public let known: EndedSessions.Status
        /// Why the last question was not answered; nil if it was.
        public let failure: String?
        /// How many in a row were not.
        public let failures: Int
    }

    /// The shortest time between two questions that brought nothing, in seconds: an issuer that does
    /// not let its callers wait is not to be asked all the time.
    static let pace: Double = 0.5
    /// The longest pause after questions that were not answered, in seconds; the first is half a
    /// second.
    static let longestPause: Double = 15

    /// Where what ended goes.
    public let ended: EndedSessions

    private struct State {
        var question = EndedSessionsCall.Question()
        /// Whether the last answer was all that ended so far. Only then is more waited for: whoever
        /// knows nothing is told at once, or it would refuse tokens for as long as it waits.
        var isUpToDate = false
        var failure: String?
        var failures = 0
    }

    private let call: EndedSessionsCall
    private let check: SecurityEventCheck
    private let secondsSince1970: @Sendable () -> Double
    private let pause: @Sendable (Duration) async throws -> Void
    private let chance: @Sendable () -> Double
    private let state = Mutex(State())

    /// A follower for one issuer and one API. Nothing is asked before ``run()``.
    ///
    /// - Parameters:
    ///   - issuer: The issuer's URL, exactly as its metadata has it.
    ///   - audience: The API's identifier, exactly as the authorization server knows it.
    ///   - clientID: The name that the API authenticates with at the issuer; with Martlet, the
    ///     `client_id` that `martlet resource create` prints.
    ///   - secret: Its secret.
    ///   - ended: Where what ended goes.
    ///   - endpoint: Where to ask; by default the metadata's `ended_sessions_endpoint`.
    ///   - keys: Where the issuer's keys come from: by default ``IssuerKeys``, over HTTP, which look
    ///     at once for a key that is missing. A verifier's own do not, since anybody can make them.
    ///   - algorithms: The algorithms that the issuer signs with.
    ///   - transport: What sends requests; by default the platform's own. It has to be patient for
    ///     longer than the issuer lets a question wait: 25 seconds, with Martlet.
    ///   - secondsSince1970: The clock; by default the system's.
    public convenience init(
        issuer: String,
        audience: String,
        clientID: String,
        secret: Secret,
        into ended: EndedSessions,
        endpoint: String? = nil,
        keys: (any KeySource)? = nil,
        algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        transport: (any HTTPTransport)? = nil,
        secondsSince1970: @escaping @Sendable () -> Double = AccessTokenVerifier.systemClock
    ) {
        let transport = transport ?? StandardTransport.make()
        self.init(
            call: EndedSessionsCall(
                credentials: BasicCredentials(clientID: clientID, secret: secret),
                endpoint: endpoint,
                document: IssuerDocument(
                    issuer: issuer,
                    transport: transport,
                    secondsSince1970: secondsSince1970
                ),
                transport: transport
            ),
            check: SecurityEventCheck(
                issuer: issuer,
                audience: audience,
                algorithms: algorithms,
                keys: keys
                    ?? IssuerKeys(
                        issuer: issuer,
                        terms: Self.keyTerms,
                        transport: transport,
                        secondsSince1970: secondsSince1970
                    )
            ),
            ended: ended,
            secondsSince1970: secondsSince1970
        )
    }

    init(
        call: EndedSessionsCall,
        check: SecurityEventCheck,
        ended: EndedSessions,
        secondsSince1970: @escaping @Sendable () -> Double,
        pause: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        },
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.call = call
        self.check = check
        self.ended = ended
        self.secondsSince1970 = secondsSince1970
        self.pause = pause
        self.chance = chance
    }

    /// Only the issuer hands out what names these keys, so nobody else brings about a look.
    private static var keyTerms: FetchedKeySet.Terms {
        var terms = FetchedKeySet.Terms()
        terms.missingInterval = 0
        return terms
    }

    /// How the following goes.
    public var status: Status {
        let (failure, failures) = state.withLock { ($0.failure, $0.failures) }
        return Status(known: ended.status, failure: failure, failures: failures)
    }

    /// Follows until the task is cancelled. Whatever goes wrong is tried again.
    public func run() async {
        while !Task.isCancelled {
            let rest = await round()
            guard rest > .zero else { continue }
            guard (try? await pause(rest)) != nil else { return }
        }
    }

    /// Reads until everything is known that ended so far, without waiting for more: for a start that
    /// is to be ready before the first request.
    ///
    /// - Throws: Why it could not be read.
    public func catchUp() async throws {
        while try await step(waits: false) == .more {}
    }

    // MARK: - One round

    /// One question, and how long to rest after it.
    func round() async -> Duration {
        let began = secondsSince1970()
        do {
            switch try await step(waits: true) {
            case .more: return .zero
            case .upToDate(let isEmpty):
                guard isEmpty else { return .zero }
                let took = secondsSince1970() - began
                return took < Self.pace ? .milliseconds(Int64(Self.pace * 1000)) : .zero
            }
        } catch {
            let failures = state.withLock { state in
                state.failures += 1
                state.failure = "\(error)"
                return state.failures
            }
            return Self.rest(afterFailures: failures, chance: chance())
        }
    }

    /// Longer after each failure, and spread, so that all instances of an API do not come back at the
    /// same moment.
    static func rest(afterFailures failures: Int, chance: Double) -> Duration {
        let longest = min(longestPause, 0.5 * Double(1 << min(max(failures - 1, 0), 10)))
        return .milliseconds(Int64(longest * (0.5 + chance / 2) * 1000))
    }

    private enum Step: Equatable {
        case more
        case upToDate(isEmpty: Bool)
    }

    private func step(waits: Bool) async throws -> Step {
        let question = state.withLock { state in
            defer { state.isUpToDate = false }
            var question = state.question
            question.waits = waits && state.isUpToDate
            return question
        }
        let answer = try await call.answer(to: question)
        let claims = try await read(answer)
        for claims in claims { ended.note(claims) }
        if let unknownBefore = answer.unknownBefore { ended.lost(before: unknownBefore) }
        if !answer.hasMore { ended.heard() }
        state.withLock { state in
            state.question.position = answer.position ?? state.question.position
            state.question.acknowledged = answer.tokens.map(\.id)
            state.question.refused = []
            state.isUpToDate = !answer.hasMore
            state.failure = nil
            state.failures = 0
        }
        return answer.hasMore ? .more : .upToDate(isEmpty: answer.tokens.isEmpty)
    }

    /// Believes all of an answer or none of it: what cannot be read may be the end of any session.
    private func read(_ answer: EndedSessionsCall.Answer) async throws -> [SessionRevokedClaims] {
        var claims: [SessionRevokedClaims] = []
        for (id, token) in answer.tokens {
            do {
                if let read = try await check.read(token, named: id) { claims.append(read) }
            } catch let refusal as SecurityEventCheck.Refusal {
                state.withLock { state in
                    state.question.acknowledged = []
                    state.question.refused = [(id, refusal.code, refusal.description)]
                }
                throw EndpointCall.Failure(
                    description: "A token of the feed is refused: \(refusal.description)"
                )
            }
        }
        return claims
    }
}
