import MartletProtocol
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension OAuthSession {
    /// How long a renewal waits for somebody else's before it tells the caller to try later: longer
    /// than any patience with a server, so somebody who has the right for longer hangs.
    static let longestTurn: Duration = .seconds(60)

    /// How often it looks whether the other one is done.
    static let turnInterval: Duration = .milliseconds(25)

    /// How often somebody may write in between, against the lock. More is a store that does not keep
    /// its promises, and each costs the server a rotation.
    static let mostMisses = 2

    /// The story of a renewal. There is one at a time in this session, and the store's lock makes it
    /// one among all processes. It reads what is kept, asks the server, keeps what came, and looks
    /// again: what is used is always what was read from the store.
    func renew(insteadOf rejected: Secret?) async throws -> TokenSet {
        let lock: TokenStoreLock
        switch try await turn(insteadOf: rejected) {
        case .mine(let right): lock = right
        case .settled(let tokens): return tokens
        }
        defer {
            state.withLock { $0.isAskingAgain = false }
            lock.giveBack()
        }
        try await keepWhatIsUnkept()
        let begunAt = surroundings.now()
        var (lost, misses) = (0, 0)
        while true {
            let kept = try await read()
            let presented: TokenSet?
            let meanwhile: TokenSet?
            switch SessionDecision.step(keeping: kept?.content, terms(insteadOf: rejected)) {
            case .use(let tokens):
                remember(tokens)
                return tokens
            case .signIn(let reason):
                remember(nil)
                throw reason.error
            case .renew(let tokens, let stillGood):
                (presented, meanwhile) = (tokens, stillGood)
            }
            if lost == 0, let error = pauseError() {
                guard let meanwhile else { throw error }
                return meanwhile
            }
            var question = question(begunAt: begunAt, presented)
            let answer = await client.askForTokens(form(presented))
            if case .lost = answer { lost += 1 }
            (question.now, question.lost) = (surroundings.now(), lost)
            switch SessionDecision.verdict(on: answer, to: question, under: policy) {
            case .keep(let tokens):
                try await keep(.tokens(tokens), replacing: kept?.version, &misses)
            case .over(let reason):
                try await keep(.over(reason), replacing: kept?.version, &misses)
            case .again(let wait):
                state.withLock { $0.isAskingAgain = true }
                try await surroundings.sleep(wait)
            case .giveUp(let error, let until):
                pause(until: until, error)
                guard let meanwhile else { throw error }
                return meanwhile
            }
        }
    }

    // MARK: - Whose turn it is

    private enum Turn {
        case mine(TokenStoreLock)
        /// Somebody else has renewed, or is at it while the old token is still good.
        case settled(TokenSet)
    }

    /// Waits for the right to renew, or for what its holder brings.
    private func turn(insteadOf rejected: Secret?) async throws -> Turn {
        let begunAt = surroundings.now()
        while true {
            if let lock = try await kept({ try await store.tryLock() }) { return .mine(lock) }
            let content = try await read()?.content
            switch SessionDecision.step(keeping: content, terms(insteadOf: rejected)) {
            case .use(let tokens):
                remember(tokens)
                return .settled(tokens)
            case .renew(_, let meanwhile?):
                return .settled(meanwhile)
            case .renew(_, nil), .signIn:
                break
            }
            guard surroundings.now() < begunAt + Self.longestTurn else {
                throw ClientError(
                    .offline,
                    "Another process has been renewing the tokens for long."
                )
            }
            try await surroundings.sleep(Self.turnInterval)
        }
    }

    // MARK: - The question

    private func form(_ presented: TokenSet?) -> [(name: String, value: String)] {
        switch renewal {
        case .clientCredentials(let scope, let resource):
            return OAuthClient.clientCredentialsForm(scope: scope, resource: resource)
        case .refreshToken:
            guard let token = presented?.refreshToken else {
                preconditionFailure("the step says to renew where there is a refresh token only")
            }
            return OAuthClient.refreshForm(token)
        }
    }

    private func question(begunAt: Date, _ presented: TokenSet?) -> SessionDecision.Question {
        var question = SessionDecision.Question(
            presented: presented,
            askedAt: surroundings.now(),
            begunAt: begunAt,
            lost: 0,
            now: begunAt,
            chance: Double(surroundings.randomBytes(1)[0]) / 255
        )
        if case .clientCredentials(let scope, _) = renewal {
            (question.presented, question.scope) = (nil, scope)
        }
        return question
    }

    // MARK: - The store

    func read() async throws -> StoredSession? {
        try await kept { try await store.read() }
    }

    /// Keeps a session in place of the one that was read. If that is not there any more, somebody
    /// knows better, and nothing is written: the next look at the store tells what they know.
    ///
    /// Tokens that cannot be kept are not used, and not forgotten either: the server has given its
    /// last word on the old ones.
    private func keep(
        _ content: StoredSession.Content,
        replacing version: StoredSession.Version?,
        _ misses: inout Int
    ) async throws {
        let session = StoredSession(version: makeVersion(), content: content)
        do {
            let isKept = try await kept { try await store.write(session, replacing: version) }
            if !isKept { misses += 1 }
        } catch {
            state.withLock { $0.unkept = (session, version) }
            throw error
        }
        guard misses <= Self.mostMisses else {
            throw ClientError(.store, "What is kept changes each time the tokens are renewed.")
        }
    }

    /// What an earlier renewal could not keep. Nobody has used it.
    private func keepWhatIsUnkept() async throws {
        guard let unkept = state.withLock({ $0.unkept }) else { return }
        _ = try await kept {
            try await store.write(unkept.session, replacing: unkept.replacing)
        }
        state.withLock { $0.unkept = nil }
    }

    func makeVersion() -> StoredSession.Version {
        StoredSession.Version(Base64URL.encode(surroundings.randomBytes(16)))
    }

    /// Whatever a store throws is told as one thing: the tokens could not be read or kept.
    func kept<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as ClientError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ClientError(
                .store,
                "The tokens could not be read or kept.",
                underlying: error
            )
        }
    }

    func remember(_ tokens: TokenSet?) {
        state.withLock { state in
            state.tokens = tokens
            state.pause = nil
        }
    }

    private func pause(until: Date, _ error: ClientError) {
        state.withLock { $0.pause = (until, error) }
    }

    /// Why the server is left alone for a moment, if it is. A pause that would last for longer than
    /// any is from before the clock was set back.
    private func pauseError() -> ClientError? {
        guard let pause = state.withLock({ $0.pause }) else { return nil }
        let now = surroundings.now()
        let longest = max(policy.longest, TokenAnswer.longestWait)
        return now < pause.until && pause.until <= now + longest ? pause.error : nil
    }
}
