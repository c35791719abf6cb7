package import MartletCore
import ServiceLifecycle
import Synchronization

/// Lets APIs wait until something of theirs ends: one look at the store in ``interval`` for all of
/// them together, and none while nobody waits.
///
/// Who waits costs a continuation and an open connection; no thread, no timer, no place among the
/// requests in progress.
package final class EndedSessionsWatch {
    /// Within a second everybody knows; a look costs some 50 us.
    static let interval: Duration = .milliseconds(200)
    /// So many looks an answer waits at most: 25 seconds, less than any proxy or HTTP client gives
    /// up after.
    static let patience = 125
    /// A quarter of all connections.
    package static let maximumWaiting = 1024
    /// Instances of one API. Those beyond, as those beyond ``maximumWaiting``, are answered at once
    /// and come again.
    package static let maximumWaitingOfOne = 256

    /// How the waiting ended.
    package enum Outcome: Sendable {
        /// Something of the API's may have ended.
        case ended
        /// Nothing has, and that is long enough.
        case over
        /// Too many wait already, or the server stops.
        case full
    }

    private struct Waiter {
        let resource: ResourceID
        let patience: Int
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct State {
        var isRunning = false
        /// Up to where the log was looked at.
        var seen = EndPosition.start
        /// Looks at the store so far.
        var looks = 0
        var nextID = 0
        var waiters: [Int: Waiter] = [:]
        var waitersOf: [ResourceID: Int] = [:]

        mutating func take(_ id: Int) -> Waiter? {
            guard let waiter = waiters.removeValue(forKey: id) else { return nil }
            let left = (waitersOf[waiter.resource] ?? 1) - 1
            waitersOf[waiter.resource] = left > 0 ? left : nil
            return waiter
        }

        mutating func take(where isMeant: (Waiter) -> Bool) -> [Waiter] {
            let ids = waiters.filter { isMeant($0.value) }.map(\.key)
            return ids.compactMap { take($0) }
        }
    }

    private let server: AuthorizationServer
    private let pause: @Sendable (Duration) async throws -> Void
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameter pause: lets time pass between looks.
    package init(
        server: AuthorizationServer,
        pause: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.server = server
        self.pause = pause
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many wait now.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Waits until something ends of the API's behind the position, which it has read up to.
    func wait(for resource: ResourceID, behind position: EndPosition) async -> Outcome {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> Outcome? in
                let ofOne = state.waitersOf[resource] ?? 0
                guard state.isRunning, state.waiters.count < Self.maximumWaiting,
                    ofOne < Self.maximumWaitingOfOne
                else { return .full }
                // What was looked at since it read may concern it.
                if !state.waiters.isEmpty, state.seen > position { return .ended }
                if state.waiters.isEmpty { state.seen = position }
                state.waiters[state.nextID] = Waiter(
                    resource: resource,
                    patience: state.looks + Self.patience,
                    continuation: continuation
                )
                state.nextID += 1
                state.waitersOf[resource] = ofOne + 1
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) } else { wake.yield() }
        }
    }

    package func run() async {
        begin()
        await cancelWhenGracefulShutdown {
            for await _ in self.wakes {
                while self.waiting > 0, !Task.isCancelled {
                    await self.look()
                    guard (try? await self.pause(Self.interval)) != nil else { break }
                }
            }
        }
        end()
    }

    /// From now on one may wait.
    func begin() { state.withLock { $0.isRunning = true } }

    /// Nobody waits any longer.
    func end() {
        let left = state.withLock { state in
            state.isRunning = false
            return state.take { _ in true }
        }
        for waiter in left { waiter.continuation.resume(returning: .full) }
    }

    /// One look: who is concerned by what ended since the last one is answered, and who has waited
    /// long enough.
    func look() async {
        let position = state.withLock { $0.seen }
        // A store that cannot be read now is looked at again.
        let found = try? await server.concerned(behind: position)
        let (ended, over) = state.withLock { state in
            state.looks += 1
            var ended: [Waiter] = []
            if let found {
                state.seen = max(state.seen, found.last)
                ended = state.take { waiter in
                    found.audiences.contains { $0.includes(waiter.resource) }
                }
            }
            let looks = state.looks
            return (ended, state.take { $0.patience <= looks })
        }
        for waiter in ended { waiter.continuation.resume(returning: .ended) }
        for waiter in over { waiter.continuation.resume(returning: .over) }
    }
}

extension EndedSessionsWatch: Service {}
