import MartletCore
import MartletProtocol

/// One thing that is counted or measured: its name, what it means, and by what it is told apart.
///
/// The tables below are all that there is: behind `/metrics`, and behind the page `docs/metrics.md`.
struct Metric: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case counter
        case gauge
        /// With the upper bounds of its buckets, without the infinite one.
        case histogram([Double])

        var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }

        var bounds: [Double] {
            switch self {
            case .counter, .gauge: []
            case .histogram(let bounds): bounds
            }
        }
    }

    /// By what the series of one metric are told apart.
    struct Label: Sendable, Hashable {
        let name: String
        /// All values that there are, or where they come from.
        let values: String

        init(_ name: String, _ values: String) {
            self.name = name
            self.values = values
        }

        init<Value: MetricLabel>(_ name: String, _ type: Value.Type) {
            self.init(
                name,
                Value.allCases.map { "`\($0.metricLabel)`" }.joined(separator: ", ")
            )
        }
    }

    let name: String
    let kind: Kind
    let labels: [Label]
    /// One sentence.
    let help: String

    init(_ name: String, _ kind: Kind, by labels: [Label] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }

    // The name says which metric it is: a dictionary of them need not look at the rest.
    static func == (one: Metric, other: Metric) -> Bool { one.name == other.name }
    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// What a label may say: one of a few words that were written here, never a stranger's.
protocol MetricLabel: CaseIterable, Hashable, Sendable {
    var metricLabel: String { get }
}

extension MetricLabel where Self: RawRepresentable<String> {
    var metricLabel: String { rawValue }
}

extension Metric {
    /// The metrics in the order in which they are told.
    static let all: [Metric] =
        requests + refreshTokens + clientsAndPeople + storage + process

    /// From half a millisecond, a refresh on an idle server, to ten seconds, when people give up.
    private static let latencies: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// From a fast disk's fsync to a disk in trouble.
    private static let commits: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
    ]
    /// Up to the largest batch that a store makes.
    private static let batches: [Double] = [1, 2, 4, 8, 16, 32, 64, 128, 256]
}

// MARK: - Requests

extension Metric {
    private static let requests = [
        httpRequests, httpDuration, httpInProgress, connections, refusals,
    ]

    private static let route = Label(
        "route",
        "the path's template in the table of routes, or `other`"
    )
    private static let method = Label("method", "the route's method, `HEAD` as `GET`; or `other`")

    static let httpRequests = Metric(
        "martlet_http_requests_total",
        .counter,
        by: [route, method, Label("status", StatusClass.self)],
        "HTTP requests that were answered, by route and class of status."
    )
    static let httpDuration = Metric(
        "martlet_http_request_duration_seconds",
        .histogram(latencies),
        by: [route, method],
        "Time from a request's reaching the router to its answer's being ready to be sent."
    )
    static let httpInProgress = Metric(
        "martlet_http_requests_in_progress",
        .gauge,
        "HTTP requests that have reached the router and are not answered yet."
    )
    static let connections = Metric(
        "martlet_http_connections",
        .gauge,
        "Open connections."
    )
    static let refusals = Metric(
        "martlet_refusals_total",
        .counter,
        by: [Label("reason", Refusal.self)],
        "Requests that the server could not serve now, by what was in the way."
    )
}

/// The first digit of an HTTP status.
enum StatusClass: String, MetricLabel {
    case successful = "2xx"
    case redirection = "3xx"
    case clientError = "4xx"
    case serverError = "5xx"
}

/// What was in the way of a request that could not be served.
enum Refusal: String, MetricLabel {
    /// Too much was waiting for the store, or for passwords to be hashed.
    case overloaded
    /// The store could not be used.
    case storeUnavailable = "store_unavailable"
    /// The store holds something that cannot be read.
    case storeCorrupt = "store_corrupt"
    /// Two changes came into each other's way, and nobody had foreseen it.
    case storeConflict = "store_conflict"
    /// Something that nobody expected.
    case unexpected
}

// MARK: - Refresh tokens

extension Metric {
    private static let refreshTokens = [
        rotations, repeats, reuse, reuseAfterEnd, refused, invalidTokens, foreignTokens,
        aheadOfState, codesUsedTwice,
    ]

    static let rotations = Metric(
        "martlet_refresh_token_rotations_total",
        .counter,
        "Refresh tokens that were exchanged for their successor."
    )
    static let repeats = Metric(
        "martlet_refresh_token_repeats_total",
        .counter,
        "Refresh tokens that were presented again within the overlap and got the same successor."
    )
    static let reuse = Metric(
        "martlet_refresh_token_reuse_total",
        .counter,
        by: [Label("class", Rotation.Reuse.self)],
        "Refresh tokens that were used twice, each of which ended its session."
    )
    static let reuseAfterEnd = Metric(
        "martlet_refresh_token_reuse_after_end_total",
        .counter,
        "Superseded refresh tokens that were presented when their session was over already."
    )
    static let refused = Metric(
        "martlet_refresh_token_refusals_total",
        .counter,
        by: [Label("reason", EndReason.self)],
        "Genuine refresh tokens of sessions that were over, by what had ended the session."
    )
    static let invalidTokens = Metric(
        "martlet_refresh_token_invalid_total",
        .counter,
        "Strings presented as refresh tokens that this server never issued: their tag is wrong."
    )
    static let foreignTokens = Metric(
        "martlet_refresh_token_foreign_client_total",
        .counter,
        "Genuine refresh tokens that another client than their own presented."
    )
    static let aheadOfState = Metric(
        "martlet_refresh_token_ahead_total",
        .counter,
        "Genuine refresh tokens from the future: the store was rolled back, or a key is stolen."
    )
    static let codesUsedTwice = Metric(
        "martlet_codes_used_twice_total",
        .counter,
        "Authorization and device codes that were used twice, each of which ended its session."
    )
}

// MARK: - Clients and people

extension Metric {
    private static let clientsAndPeople = [
        issued, clientAuthenticationFailures, passwordChecks, limited, passwordHashing,
        logoutsTold,
    ]

    static let issued = Metric(
        "martlet_tokens_issued_total",
        .counter,
        by: [Label("grant", GrantType.self)],
        "Token requests that were granted, by grant."
    )
    static let clientAuthenticationFailures = Metric(
        "martlet_client_authentication_failures_total",
        .counter,
        "Requests whose client was unknown or did not authenticate."
    )
    static let passwordChecks = Metric(
        "martlet_password_checks_total",
        .counter,
        by: [Label("result", PasswordCheck.self)],
        "Checks of a name and a password, by result; a login that has to start over checks twice."
    )
    static let limited = Metric(
        "martlet_limited_total",
        .counter,
        by: [Label("limit", Limit.self)],
        "Requests that were refused because too many of their kind came."
    )
    static let passwordHashing = Metric(
        "martlet_password_hashing",
        .gauge,
        by: [Label("queue", HashingQueue.self), Label("state", HashingState.self)],
        "Passwords and chosen client secrets that are being hashed with Argon2, or wait for it."
    )
    static let logoutsTold = Metric(
        "martlet_backchannel_logouts_total",
        .counter,
        by: [Label("result", LogoutResult.self)],
        "Attempts to tell a client that somebody signed out."
    )
}

/// What came of a name and a password.
enum PasswordCheck: String, MetricLabel {
    case right, wrong
    /// Too many failures came before; it was not looked at.
    case limited
}

/// Which limit was reached.
enum Limit: String, MetricLabel {
    case registrations, devices
    case userCodes = "user_codes"
}

/// What is hashed.
enum HashingQueue: String, MetricLabel {
    case passwords
    case clientSecrets = "client_secrets"
}

/// Whether it is being hashed.
enum HashingState: String, MetricLabel {
    case running, waiting
}

/// What came of an attempt to tell a client.
enum LogoutResult: String, MetricLabel {
    case told
    /// It is tried again.
    case failed
    /// It was tried often enough, or there was no room to wait.
    case dropped
}

// MARK: - Storage

extension Metric {
    private static let storage = [
        batchWrites, batchDuration, commitDuration, writesWaiting, removed, housekeepingFailures,
    ]

    static let batchWrites = Metric(
        "martlet_store_batch_writes",
        .histogram(batches),
        "Writes that were committed together."
    )
    static let batchDuration = Metric(
        "martlet_store_batch_duration_seconds",
        .histogram(commits),
        "Time of one batch, from its transaction's begin until it was on disk."
    )
    static let commitDuration = Metric(
        "martlet_store_commit_duration_seconds",
        .histogram(commits),
        "Time of one batch's commit alone: mostly the wait for the disk."
    )
    static let writesWaiting = Metric(
        "martlet_store_writes_waiting",
        .gauge,
        "Writes that the store has taken and not answered yet."
    )
    static let removed = Metric(
        "martlet_housekeeping_removed_total",
        .counter,
        by: [Label("kind", Housekeeping.Kind.self)],
        "Rows of what is over that housekeeping removed."
    )
    static let housekeepingFailures = Metric(
        "martlet_housekeeping_failures_total",
        .counter,
        "Rounds of housekeeping that failed and are tried again."
    )
}

// MARK: - The process

extension Metric {
    /// These names are Prometheus' own for a process, which its dashboards look for.
    private static let process = [
        buildInfo, startTime, cpuSeconds, residentMemory, openFiles, maximumFiles,
    ]

    static let buildInfo = Metric(
        "martlet_build_info",
        .gauge,
        by: [Label("version", "Martlet's version")],
        "Always 1; its label tells what is running."
    )
    static let startTime = Metric(
        "process_start_time_seconds",
        .gauge,
        "When the server started, in seconds since 1970."
    )
    static let cpuSeconds = Metric(
        "process_cpu_seconds_total",
        .counter,
        "Time that the process spent on processors, for itself and in the kernel."
    )
    static let residentMemory = Metric(
        "process_resident_memory_bytes",
        .gauge,
        "Memory of the process that is in RAM."
    )
    static let openFiles = Metric(
        "process_open_fds",
        .gauge,
        "Open file descriptors."
    )
    static let maximumFiles = Metric(
        "process_max_fds",
        .gauge,
        "How many file descriptors may be open."
    )
}

// MARK: - The core's words

extension Rotation.Reuse: MetricLabel {}
extension EndReason: MetricLabel {}
extension Housekeeping.Kind: MetricLabel {}

extension GrantType: MetricLabel {
    var metricLabel: String {
        switch self {
        case .refreshToken, .clientCredentials, .authorizationCode, .password: rawValue
        // Its wire name is a URN.
        case .deviceCode: WireName.deviceCode
        }
    }
}
