import MartletCore
import MartletProtocol
import Synchronization

/// What the server notices of its sessions, for the demo's page to draw as it happens.
///
/// Rotations are never rows, so there is nothing to look up: whoever wants to see them has to be told
/// at the moment. Kept is what a page needs that comes late, in memory and bounded. A page asks for
/// what came after the last event it knows and waits for it; it is answered at the next event, or with
/// nothing after ``patience``. Nothing here names a token or a person.
final class DemoFeed: Sendable {
    /// Two hours of one page that refreshes every fifteen seconds.
    static let kept = 512
    /// Of which the generation is counted; the oldest are forgotten. Far more than one person opens.
    static let mostSessions = 256
    /// One for each page that somebody looks at; what comes beyond is answered at once.
    static let mostWaiting = 32
    /// Shorter than the time after which a silent connection is closed.
    static let patience: Duration = .seconds(25)

    /// What became of a session.
    enum Happening: Sendable, Equatable {
        case made
        case rotated
        case repeated
        case reuse(Rotation.Reuse)
        case refused(EndReason)
        case ended(EndReason)
    }

    /// One of them, and when.
    struct Event: Sendable, Equatable {
        /// Counts from 1.
        let number: Int
        let at: Instant
        let session: FamilyID
        /// Of the newest token, after the event.
        let generation: Int
        let happening: Happening
    }

    fileprivate struct State {
        var last = 0
        var events: [Event] = []
        var generations: [FamilyID: Int] = [:]
        var waiting: [Int: Waiting] = [:]
        var tickets = 0
        var isOver = false
    }

    fileprivate struct Waiting {
        let continuation: CheckedContinuation<Void, Never>
        let timer: Task<Void, Never>

        func end() {
            timer.cancel()
            continuation.resume()
        }
    }

    /// Of this server's life: a page that still knows an earlier one starts anew.
    let run: String
    private let now: @Sendable () -> Instant
    private let state = Mutex(State())

    init(_ surroundings: Surroundings) {
        run = Base64URL.encode(surroundings.randomBytes(9))
        now = surroundings.now
    }

    /// Takes note of what a page shows, and leaves the rest.
    func take(_ notice: AuthorizationServer.Notice) {
        switch notice {
        case .sessionMade(let id): append(.made, of: id)
        case .rotated(let id): append(.rotated, of: id)
        case .repeated(let id): append(.repeated, of: id)
        case .reuse(let id, let kind): append(.reuse(kind), of: id)
        case .refused(let id, let reason), .reuseAfterEnd(let id, let reason):
            append(.refused(reason), of: id)
        case .sessionEnded(let id, let reason): append(.ended(reason), of: id)
        case .aheadOfState, .codeUsedTwice, .badRefreshToken, .foreignRefreshToken,
            .clientAuthenticationFailed, .registrationLimited, .devicesLimited,
            .userCodesLimited, .signInFailed, .signInSucceeded, .issued, .signInLimited:
            break
        }
    }

    private func append(_ happening: Happening, of session: FamilyID) {
        let waiting = state.withLock { state -> [Waiting] in
            if happening == .rotated { state.generations[session, default: 0] += 1 }
            state.last += 1
            state.events.append(
                Event(
                    number: state.last,
                    at: now(),
                    session: session,
                    generation: state.generations[session] ?? 0,
                    happening: happening
                )
            )
            state.forgetTheOldest()
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for waiting in waiting { waiting.end() }
    }

    /// The events after this one, as far as they are kept. If there is none yet, the next one is
    /// waited for.
    func events(after number: Int) async -> [Event] {
        await next(after: number)
        return state.withLock { state in state.events.filter { $0.number > number } }
    }

    /// Answers whoever waits, now and from now on: the server is about to stop.
    func close() {
        let waiting = state.withLock { state -> [Waiting] in
            state.isOver = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for waiting in waiting { waiting.end() }
    }

    private func next(after number: Int) async {
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state -> Bool in
                guard !state.isOver, state.last == number,
                    state.waiting.count < Self.mostWaiting
                else { return false }
                state.tickets += 1
                let ticket = state.tickets
                let timer = Task { [weak self] in
                    try? await Task.sleep(for: Self.patience)
                    self?.giveUp(ticket)
                }
                state.waiting[ticket] = Waiting(continuation: continuation, timer: timer)
                return true
            }
            if !waits { continuation.resume() }
        }
    }

    private func giveUp(_ ticket: Int) {
        state.withLock { $0.waiting.removeValue(forKey: ticket) }?.end()
    }

    /// How many pages wait.
    var waiting: Int { state.withLock { $0.waiting.count } }
}

extension DemoFeed.State {
    fileprivate mutating func forgetTheOldest() {
        if events.count > DemoFeed.kept { events.removeFirst() }
        // The ids are ordered by time.
        if generations.count > DemoFeed.mostSessions, let oldest = generations.keys.min() {
            generations[oldest] = nil
        }
    }
}
