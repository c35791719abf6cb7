import MartletCore
import MartletProtocol
import ServiceLifecycle
import Synchronization

/// Tells clients that people signed out (OIDC Back-Channel Logout 1.0), beside the requests and
/// after what ended them is durable: nobody who signs out waits for somebody else's server.
///
/// What is to be told and to whom the core decides; when to try again, ``LogoutQueue``. What has not
/// been told when the server stops is dropped, with a line in the log.
final class BackchannelLogoutService: Service {
    private let server: AuthorizationServer
    private let calls: OutgoingCalls
    private let log: ServerLog
    private let pause: @Sendable (Duration) async throws -> Void
    private let queue = Mutex(LogoutQueue())

    /// - Parameter pause: lets time pass between attempts.
    init(
        server: AuthorizationServer,
        calls: OutgoingCalls,
        log: ServerLog,
        pause: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.server = server
        self.calls = calls
        self.log = log
        self.pause = pause
    }

    func run() async {
        let (wakes, wake) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        server.signInEnds.onArrival { wake.yield() }
        wake.yield()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await _ in wakes {
                    self.collect()
                    while let attempt = self.queue.withLock({ $0.next() }) {
                        group.addTask { await self.work(on: attempt) { wake.yield() } }
                    }
                }
            }
        }
        let left = queue.withLock { $0.count }
        if left > 0 { log.logoutsLost(left, "the server stops") }
    }

    /// Takes over what has ended.
    private func collect() {
        let (ends, dropped) = server.signInEnds.take()
        if dropped > 0 { log.logoutsLost(dropped, "too much is waiting") }
        add(ends.map { .find($0) })
    }

    private func add(_ jobs: [LogoutQueue.Job]) {
        let dropped = queue.withLock { queue in jobs.compactMap { queue.add($0) } }
        if !dropped.isEmpty { log.logoutsLost(dropped.count, "too much is waiting") }
    }

    /// One attempt, and the pause after it.
    private func work(
        on attempt: LogoutQueue.Attempt,
        wake: @Sendable () -> Void
    ) async {
        let outcome = await outcome(of: attempt.job)
        let consequence = queue.withLock { $0.finish(attempt.id, outcome) }
        if case .done(let next) = outcome { add(next) }
        wake()
        switch consequence {
        case .over: return
        case .givenUp: log.logoutGivenUp(attempt.job.client)
        case .again(let after):
            guard (try? await pause(after)) != nil else { return }
            queue.withLock { $0.resume(attempt.id) }
            wake()
        }
    }

    private func outcome(of job: LogoutQueue.Job) async -> LogoutQueue.Outcome {
        do {
            switch job {
            case .find(let end):
                return .done(next: try await server.told(of: end).map { .tell($0) })
            case .tell(let logout):
                return try await tell(logout)
            }
        } catch {
            log.logoutFailed(job.client, "\(error)")
            return .notNow
        }
    }

    private func tell(_ logout: ClientLogout) async throws -> LogoutQueue.Outcome {
        guard let call = try await server.call(for: logout) else { return .done(next: []) }
        do {
            let status = try await calls.post(
                [(WireName.logoutToken, call.token)],
                to: call.uri,
                reach: call.reach
            )
            let outcome = LogoutQueue.Outcome(status: status)
            if case .done = outcome {
                log.logoutTold(logout.client)
            } else {
                log.logoutFailed(logout.client, "it answered \(status)")
            }
            return outcome
        } catch {
            log.logoutFailed(logout.client, error.reason)
            return LogoutQueue.Outcome(error)
        }
    }
}

extension OutgoingCalls.Failure {
    fileprivate var reason: String {
        switch self {
        case .badURL: "its backchannel_logout_uri cannot be called"
        case .forbiddenAddress: "its backchannel_logout_uri is at an address that is not called"
        case .unknownHost: "its backchannel_logout_uri has a host that nobody knows"
        case .unreachable(let detail): "it could not be reached: \(detail)"
        case .busy: "too many calls are being made"
        }
    }
}
