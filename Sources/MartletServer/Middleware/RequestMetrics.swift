import CoreMetrics
import Hummingbird
import NIOCore

/// Counts requests and how long they take, by their route's template and never by their path.
///
/// Outermost, so that it sees the status that leaves, whatever was thrown. The series of all routes
/// are made with the router; a request finds its own without a lock.
struct RequestMetrics: RouterMiddleware {
    typealias Context = ServerContext

    /// What no route of the table answers is told apart no further: its path is a stranger's.
    static let other = "other"

    /// The series of one route.
    private struct Series {
        let method: HTTPRequest.Method
        let duration: Timer
        let statuses: Counters<StatusClass>

        init(
            _ method: HTTPRequest.Method,
            _ labels: [String],
            in registry: MetricsRegistry
        ) {
            self.method = method
            duration = registry.timer(.httpDuration, labels: labels)
            statuses = Counters(.httpRequests, after: labels, in: registry)
        }

        func count(_ status: StatusClass, after time: TimeAmount) {
            duration.recordNanoseconds(time.nanoseconds)
            statuses.increment(status)
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
        context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let begun = now()
        inProgress.increment()
        defer { inProgress.decrement() }
        do {
            let response = try await next(request, context)
            series(of: request, context).count(StatusClass(response.status), after: now() - begun)
            return response
        } catch {
            series(of: request, context).count(.serverError, after: now() - begun)
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
    /// No answer of ours is informational (RFC 9110 §15.2): these come before one.
    init(_ status: HTTPResponse.Status) {
        self =
            switch status.code / 100 {
            case 2: .successful
            case 3: .redirection
            case 4: .clientError
            case _: .serverError
            }
    }
}
