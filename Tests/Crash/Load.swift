import Foundation
import MartletTesting
import Synchronization

/// Apps that sign in and refresh as fast as they are answered, until they are told to stop or the
/// server is gone. Told to try later, they do, with the same token.
final class Load: Sendable {
    /// What the apps were told so far.
    struct Tally: Sendable {
        var answered = 0
        var unavailable = 0
        /// Those of them that were told before the server can have waited for its store.
        var unavailableEarly = 0
        /// Sessions that ended because a token was told 503, used up all the same, and used again.
        var usedUp = 0
        var complaints: Complaints = []
    }

    /// Between two tries of one app after a 503: shorter than the server asks for, so that the
    /// return of the disk is not slept through.
    private static let pause: Duration = .milliseconds(10)
    /// Half of the shortest time that a server waits for a store which does not answer.
    private static let early: Duration = .seconds(1)

    private let client: TokenClient
    private let afterRefusal: Inspection.LastRequest
    private let tally = Mutex(Tally())
    private let isOver = Mutex(false)

    /// - Parameter afterRefusal: what a request that was told 503 may have done unseen.
    init(on client: TokenClient, afterRefusal: Inspection.LastRequest = .notDone) {
        self.client = client
        self.afterRefusal = afterRefusal
    }

    var soFar: Tally { tally.withLock { $0 } }

    func stop() { isOver.withLock { $0 = true } }

    /// Runs until the end: all sessions go on, and beside them others begin, which make the store
    /// grow; the newest of these are returned too.
    func run(_ sessions: [Session], signingIn newcomers: Int = 2) async -> [Session] {
        await withTaskGroup(of: Session?.self) { group in
            for session in sessions { group.addTask { await self.refresh(session) } }
            for _ in 0..<newcomers { group.addTask { await self.signInAgainAndAgain() } }
            return await group.reduce(into: []) { if let session = $1 { $0.append(session) } }
        }
    }

    /// Waits until so much has been told; `false` if it never was.
    func reaches(
        within patience: Duration = .seconds(20),
        _ enough: (Tally) -> Bool
    ) async -> Bool {
        let end = ContinuousClock.now + patience
        while !enough(soFar) {
            guard ContinuousClock.now < end, (try? await Task.sleep(for: .milliseconds(2))) != nil
            else { return false }
        }
        return true
    }

    /// Waits until so many more requests were answered with tokens.
    func goesOn(by count: Int) async -> Bool {
        let start = soFar.answered
        return await reaches { $0.answered >= start + count }
    }

    /// Waits until so many more requests were put off.
    func isPutOff(_ count: Int) async -> Bool {
        let start = soFar.unavailable
        return await reaches { $0.unavailable >= start + count }
    }

    /// Waits until so many more requests were put off at once.
    func isPutOffEarly(_ count: Int) async -> Bool {
        let start = soFar.unavailableEarly
        return await reaches(within: .seconds(60)) { $0.unavailableEarly >= start + count }
    }

    // MARK: What an app does

    private func refresh(_ start: Session) async -> Session? {
        var session = start
        var isPutOff = false
        while !isOver.withLock({ $0 }), let newest = session.tokens.last {
            let asked = ContinuousClock.now
            let outcome = await use(newest, of: session)
            session.isUnsure = true
            switch outcome {
            case .tokens(let refresh, _):
                tally.withLock { $0.answered += 1 }
                session.tokens.append(refresh)
                session.isUnsure = false
                isPutOff = false
            case .unavailable:
                putOff(since: asked)
                isPutOff = true
                try? await Task.sleep(for: Self.pause)
            case .lost: return session
            case .refused
            where isPutOff && afterRefusal == .doneIfAnswered && !session.app.mayAskAgain:
                tally.withLock { $0.usedUp += 1 }
                return nil
            case .refused(let error, let sentence):
                complain("\(session.app): a token that counts was refused: \(error), \(sentence)")
                return session
            case .unexpected(let answer):
                complain("\(session.app): answered with \(answer)")
                return session
            }
        }
        return session
    }

    private func use(_ token: String, of session: Session) async -> TokenClient.Outcome {
        guard case .twiceAtOnce = session.habit else {
            return await client.refresh(token, of: session.app)
        }
        async let other = client.refresh(token, of: session.app)
        let outcomes = [await client.refresh(token, of: session.app), await other]
        let successors = Set(outcomes.compactMap(\.refreshToken))
        if successors.count > 1 {
            complain("\(session.app): one token has two successors: the session has branched")
        }
        let bad = outcomes.first {
            switch $0 {
            case .refused, .unexpected: true
            case .tokens, .unavailable, .lost: false
            }
        }
        return bad ?? outcomes.first { $0.refreshToken != nil } ?? outcomes[0]
    }

    private func signInAgainAndAgain() async -> Session? {
        var newest: Session?
        while !isOver.withLock({ $0 }) {
            let asked = ContinuousClock.now
            let outcome = await client.signIn(to: .strict)
            switch outcome {
            case .tokens(let refresh, _):
                tally.withLock { $0.answered += 1 }
                newest = Session(app: .strict, tokens: [refresh], habit: .oneAtATime)
            case .unavailable:
                putOff(since: asked)
                try? await Task.sleep(for: Self.pause)
            case .lost: return newest
            case .refused, .unexpected:
                complain("a sign-in was answered with \(outcome)")
                return newest
            }
        }
        return newest
    }

    private func putOff(since asked: ContinuousClock.Instant) {
        let isEarly = ContinuousClock.now - asked < Self.early
        tally.withLock { tally in
            tally.unavailable += 1
            if isEarly { tally.unavailableEarly += 1 }
        }
    }

    private func complain(_ sentence: String) {
        tally.withLock { $0.complaints.append(sentence) }
    }
}
