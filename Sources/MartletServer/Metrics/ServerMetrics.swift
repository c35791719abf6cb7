import CoreMetrics
package import MartletCore
import MartletProtocol

/// Everything that is counted of a server, with the handles to count it by.
///
/// One value goes wherever something happens: ``ServerLog`` hands on what the core notices, the
/// router's middleware counts requests, the store tells its batches.
package struct ServerMetrics: Sendable {
    let registry: MetricsRegistry
    let requestsInProgress: Meter
    let connections: Meter

    private let rotations: Counter
    private let repeats: Counter
    private let reuse: Counters<Rotation.Reuse>
    private let reuseAfterEnd: Counter
    private let refused: Counters<EndReason>
    private let invalidTokens: Counter
    private let foreignTokens: Counter
    private let aheadOfState: Counter
    private let codesUsedTwice: Counter
    private let issued: Counters<GrantType>
    /// Of these the one for refresh tokens, which is busy enough not to be looked up.
    private let refreshes: Counter
    private let clientAuthenticationFailures: Counter
    private let passwordChecks: Counters<PasswordCheck>
    private let limited: Counters<Limit>
    private let refusals: Counters<Refusal>
    private let logoutsTold: Counters<LogoutResult>
    private let batchWrites: Recorder
    private let batchDuration: Timer
    private let commitDuration: Timer
    private let removed: Counters<Housekeeping.Kind>
    private let housekeepingFailures: Counter

    /// - Parameters:
    ///   - version: what is running.
    ///   - start: when it began to.
    package init(version: String, start: Instant) {
        let registry = MetricsRegistry()
        self.registry = registry
        requestsInProgress = registry.meter(.httpInProgress)
        connections = registry.meter(.connections)
        rotations = registry.counter(.rotations)
        repeats = registry.counter(.repeats)
        reuse = Counters(.reuse, in: registry)
        reuseAfterEnd = registry.counter(.reuseAfterEnd)
        refused = Counters(.refused, in: registry)
        invalidTokens = registry.counter(.invalidTokens)
        foreignTokens = registry.counter(.foreignTokens)
        aheadOfState = registry.counter(.aheadOfState)
        codesUsedTwice = registry.counter(.codesUsedTwice)
        issued = Counters(.issued, in: registry)
        refreshes = registry.counter(
            .issued,
            labels: [GrantType.refreshToken.metricLabel]
        )
        clientAuthenticationFailures = registry.counter(.clientAuthenticationFailures)
        passwordChecks = Counters(.passwordChecks, in: registry)
        limited = Counters(.limited, in: registry)
        refusals = Counters(.refusals, in: registry)
        logoutsTold = Counters(.logoutsTold, in: registry)
        batchWrites = registry.recorder(.batchWrites)
        batchDuration = registry.timer(.batchDuration)
        commitDuration = registry.timer(.commitDuration)
        removed = Counters(.removed, in: registry)
        housekeepingFailures = registry.counter(.housekeepingFailures)
        registry.observe(.buildInfo, labels: [version]) { 1 }
        ProcessFigures.observe(in: registry, start: start)
    }

    /// What the core noticed.
    func count(_ notice: AuthorizationServer.Notice) {
        switch notice {
        // What began is counted by its grant; ends are in the audit log.
        case .sessionMade, .sessionEnded: break
        case .rotated: rotations.increment()
        case .repeated: repeats.increment()
        case .issued(.refreshToken): refreshes.increment()
        case .issued(let grant): issued.increment(grant)
        case .reuse(_, let kind): reuse.increment(kind)
        case .reuseAfterEnd(_, let reason):
            reuseAfterEnd.increment()
            refused.increment(reason)
        case .refused(_, let reason): refused.increment(reason)
        case .aheadOfState: aheadOfState.increment()
        case .codeUsedTwice: codesUsedTwice.increment()
        case .badRefreshToken: invalidTokens.increment()
        case .foreignRefreshToken: foreignTokens.increment()
        case .clientAuthenticationFailed: clientAuthenticationFailures.increment()
        case .registrationLimited: limited.increment(.registrations)
        case .devicesLimited: limited.increment(.devices)
        case .userCodesLimited: limited.increment(.userCodes)
        case .signInSucceeded: passwordChecks.increment(.right)
        case .signInFailed: passwordChecks.increment(.wrong)
        case .signInLimited: passwordChecks.increment(.limited)
        }
    }

    func count(_ refusal: Refusal) { refusals.increment(refusal) }

    func count(_ result: LogoutResult, times: Int = 1) {
        logoutsTold.increment(result, by: times)
    }

    /// What a round of housekeeping took away.
    func count(_ round: Housekeeping.Round) {
        for (kind, rows) in round.removed { removed.increment(kind, by: rows) }
    }

    func countHousekeepingFailure() { housekeepingFailures.increment() }

    /// What a store's writer tells of each batch.
    package func count(_ batch: CommittedBatch) {
        batchWrites.record(batch.writes)
        batchDuration.recordNanoseconds(batch.duration.wholeNanoseconds)
        commitDuration.recordNanoseconds(batch.commit.wholeNanoseconds)
    }

    // MARK: - What is asked for when the metrics are read

    /// How many writes wait for the store.
    package func observeStore(waiting: @escaping @Sendable () -> Int) {
        registry.observe(.writesWaiting) { Double(waiting()) }
    }

    func observeHashing(of server: AuthorizationServer) {
        let passwords = server.passwords
        observe(.passwords) { passwords.load }
        let secrets = server.secrets
        observe(.clientSecrets) { secrets.load }
    }

    private func observe(
        _ queue: HashingQueue,
        load: @escaping @Sendable () -> PasswordHasher.Load
    ) {
        for state in HashingState.allCases {
            registry.observe(
                .passwordHashing,
                labels: [queue.metricLabel, state.metricLabel]
            ) {
                let load = load()
                return switch state {
                case .running: Double(load.running)
                case .waiting: Double(load.waiting)
                }
            }
        }
    }
}

/// One counter for each value of a label: all of them are there from the start, because Prometheus
/// cannot tell how much a counter rose that it has not seen before.
struct Counters<Value: MetricLabel>: Sendable {
    private let counters: [Value: Counter]

    /// - Parameter others: the values of the labels before this one.
    init(_ metric: Metric, after others: [String] = [], in registry: MetricsRegistry) {
        counters = Dictionary(
            Value.allCases.map { value in
                (value, registry.counter(metric, labels: others + [value.metricLabel]))
            }
        ) { first, _ in first }
    }

    func increment(_ value: Value, by amount: Int = 1) {
        counters[value]?.increment(by: amount)
    }
}

extension MetricsRegistry {
    func counter(_ metric: Metric, labels: [String] = []) -> Counter {
        Counter(label: metric.name, dimensions: metric.dimensions(labels), factory: self)
    }

    func meter(_ metric: Metric, labels: [String] = []) -> Meter {
        Meter(label: metric.name, dimensions: metric.dimensions(labels), factory: self)
    }

    func recorder(_ metric: Metric, labels: [String] = []) -> Recorder {
        Recorder(label: metric.name, dimensions: metric.dimensions(labels), factory: self)
    }

    func timer(_ metric: Metric, labels: [String] = []) -> Timer {
        Timer(label: metric.name, dimensions: metric.dimensions(labels), factory: self)
    }
}

extension Metric {
    fileprivate func dimensions(_ values: [String]) -> [(String, String)] {
        Array(zip(labels.map(\.name), values))
    }
}

extension Duration {
    /// Whole nanoseconds; the largest that there are for what is longer than some 285 years.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds < 9_000_000_000 else { return .max }
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
