import Synchronization

/// Lets one line of its kind pass in a second, since a store that fails or a server that is
/// overloaded has something to say at every request, and the log is often on the disk that is full.
final class LogPace: Sendable {
    static let interval: Duration = .seconds(1)

    private struct State {
        var text: String?
        var passedAt: ContinuousClock.Instant?
        var withheld = 0
    }

    private let state = Mutex(State())

    /// Whether the line is to be written now: how many were withheld before it. A line that says
    /// something else than the last one always is.
    func mayPass(_ text: String, at now: ContinuousClock.Instant = .now) -> Int? {
        state.withLock { state in
            if state.text == text, let last = state.passedAt, now - last < Self.interval {
                state.withheld += 1
                return nil
            }
            defer { state = State(text: text, passedAt: now, withheld: 0) }
            return state.withheld
        }
    }
}
