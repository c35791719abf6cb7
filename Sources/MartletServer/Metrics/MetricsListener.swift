import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

/// An address of its own for the metrics: it answers `/metrics`, to everybody who can reach it, and
/// nothing else. It speaks HTTP/1.1 without TLS.
package struct MetricsListener: Service {
    /// Those who scrape are few, and keep their connections.
    static let maximumConnections = 64
    static let idleTimeout: TimeAmount = .seconds(120)

    private let metrics: ServerMetrics
    private let host: String
    private let port: Int
    private let logger: Logger
    private let started: @Sendable (Int) async -> Void

    /// - Parameter started: called with the port that was bound, which differs if `port` is 0.
    package init(
        of metrics: ServerMetrics,
        host: String,
        port: Int,
        logger: Logger,
        started: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.metrics = metrics
        self.host = host
        self.port = port
        self.logger = logger
        self.started = started
    }

    package func run() async throws {
        let endpoint = MetricsEndpoint(metrics: metrics)
        let router = Router(
            context: BasicRequestContext.self,
            options: .autoGenerateHeadEndpoints
        )
        router.get(RouterPath(MetricsEndpoint.path)) { _, _ in endpoint.answer() }
        var frameworkLogger = logger
        frameworkLogger.logLevel = max(logger.logLevel, .notice)
        let application = Application(
            router: router,
            server: .http1(configuration: .init(idleTimeout: Self.idleTimeout)),
            configuration: .init(
                address: .hostname(host, port: port),
                serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    Self.maximumConnections
                )
            ),
            onServerRunning: { channel in
                await started(channel.localAddress?.port ?? port)
            },
            logger: frameworkLogger
        )
        try await application.run()
    }
}
