import CoreMetrics
import Hummingbird
import NIOCore

/// Counts requests and how long they take, by their route's template and never by their path.
///
/// Outermost, so that it sees the status that leaves, whatever was thrown. The series of all routes
/// are made with the router; a request finds its own without a lock.
struct RequestMetrics {
    /// What no route of the table answers is told apart no further: its path is a stranger's.
    static let other = "other"

    /// The series of one route.
    private struct Series {
        let method: HTTPRequest.Method
        let duration: Timer
        /// In the order of their classes: here, at every request, a dictionary would cost as much as
        /// all the rest that is counted (measured: 140 ns).
        private let statuses: [Counter]

        init(
            _ method: HTTPRequest.Method,
            _ labels: [String],
            in registry: MetricsRegistry
        ) {
            self.method = method
            duration = registry.timer(.httpDuration, labels: labels)
            statuses = StatusClass.allCases.map { status in
                registry.counter(.httpRequests, labels: labels + [status.metricLabel])
            }
        }

        func count(_ status: Int, after time: TimeAmount) {
            duration.recordNanoseconds(time.nanoseconds)
            statuses[StatusClass.position(of: status)].increment()
        }
    }

    /// By the path's template, as the router tells it.
    private let routes: [String: [Series]]
    private let others: Series
    private let inProgress: Meter
    private let now: @Sendable () -> NIODeadline

    init(
        routes: [(method: HTTPRequest.Method, path: String)],
        metrics: ServerMetrics,
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        let registry = metrics.registry
        var series: [String: [Series]] = [:]
        for route in routes {
            let labels = [route.path, route.method.rawValue]
            series[RouterPath(route.path).description, default: []]
                .append(Series(route.method, labels, in: registry))
        }
        self.routes = series
        others = Series(.get, [Self.other, Self.other], in: registry)
        inProgress = metrics.requestsInProgress
        self.now = now
    }

    func handle(
        _ request: Request,
        _ context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let begun = now()
        inProgress.increment()
        defer { inProgress.decrement() }
        do {
            let response = try await next(request, context)
            series(of: request, context).count(response.status.code, after: now() - begun)
            return response
        } catch {
            series(of: request, context).count(500, after: now() - begun)
            throw error
        }
    }

    /// Known only when the router has found the route, behind this.
    private func series(of request: Request, _ context: ServerContext) -> Series {
        guard let template = context.endpointPath, let methods = routes[template] else {
            return others
        }
        let method = request.method == .head ? .get : request.method
        return methods.first { $0.method == method } ?? others
    }
}

extension StatusClass {
    /// Where among all classes a status belongs. No answer of ours is informational (RFC 9110
    /// §15.2), and what is none of HTTP's is a server's mistake.
    static func position(of status: Int) -> Int {
        let known = 200..<600 ~= status ? status : 500
        return known / 100 - 2
    }
}
