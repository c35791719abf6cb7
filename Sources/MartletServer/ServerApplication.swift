package import Hummingbird
import HummingbirdCore
package import Logging
package import MartletCore
import NIOCore
package import ServiceLifecycle

/// An HTTP server around an ``AuthorizationServer``.
package enum ServerApplication {
    /// Connections that say nothing for this long are closed.
    static let idleTimeout: TimeAmount = .seconds(60)
    /// Further connections wait to be taken. A connection with a half-sent body holds some 130 KiB.
    static let mostConnections = 4096
    /// What a server needs for all of them.
    package static let openFiles = mostConnections + OpenFiles.reserve

    /// Never so many that the store could not open its files.
    static var maximumConnections: Int {
        max(1, min(mostConnections, OpenFiles.limit - OpenFiles.reserve))
    }

    /// Where and how it listens, and what is told when it does.
    package struct Listening: Sendable {
        package let host: String
        package let port: Int
        /// `nil` for connections without TLS.
        package let certificate: CurrentCertificate?
        /// Whose word about the client's address counts.
        package let proxies: TrustedProxies
        package let metricsPlace: MetricsPlace
        /// Called with the port that was bound, which differs if ``port`` is 0.
        package let started: @Sendable (Int) async -> Void
        /// Told when what a server does once, in its first moments, is over.
        package let settled: @Sendable () -> Void

        package init(
            host: String,
            port: Int,
            certificate: CurrentCertificate? = nil,
            proxies: TrustedProxies = .none,
            metricsPlace: MetricsPlace = .besideThePages,
            started: @escaping @Sendable (Int) async -> Void = { _ in },
            settled: @escaping @Sendable () -> Void = {}
        ) {
            self.host = host
            self.port = port
            self.certificate = certificate
            self.proxies = proxies
            self.metricsPlace = metricsPlace
            self.settled = settled
            self.started = started
        }
    }

    /// The application, with the routes of ``Reception`` and
    /// whatever `extend` adds.
    ///
    /// - Parameters:
    ///   - metrics: what the server's notices are counted in too.
    ///   - services: what runs beside it for as long as it runs.
    package static func make(
        for server: AuthorizationServer,
        branding: Branding = .standard,
        listening: Listening,
        logger: Logger,
        metrics: ServerMetrics,
        services: [any Service] = [],
        front: FrontPage = .account,
        extend: (Router<ServerContext>) -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let log = ServerLog(logger, metrics: metrics)
        metrics.observeHashing(of: server)
        let site = PageSite(issuerPath: server.settings.issuerPath, branding: branding)
        let watch = EndedSessionsWatch(server: server)
        let reception = Reception(
            for: server,
            site: site,
            log: log,
            proxies: listening.proxies,
            front: front,
            metricsPlace: listening.metricsPlace,
            watch: watch,
            extend: extend
        )
        let answers = Answers(reception.answer, surroundings: server.surroundings, logger: logger)
        // The framework's own notes of the start would say again what `started` tells.
        var frameworkLogger = logger
        frameworkLogger.logLevel = max(logger.logLevel, .notice)
        return Application(
            responder: reception,
            server: HTTPServerBuilder { _ in connections(with: listening.certificate, answers) },
            configuration: .init(
                address: .hostname(listening.host, port: listening.port),
                serverName: nil,
                availableConnectionsDelegate: OpenConnections(
                    maximum: maximumConnections,
                    meter: metrics.connections
                )
            ),
            services: [
                HousekeepingService(server: server, log: log, settled: listening.settled),
                DirectoryService(server: server),
                BackchannelLogoutService(server: server, calls: OutgoingCalls(), log: log), watch,
            ] + services,
            onServerRunning: { channel in
                await listening.started(channel.localAddress?.port ?? listening.port)
            },
            eventLoopGroupProvider: .shared(EventLoops.shared),
            logger: frameworkLogger
        )
    }

    private static func connections(
        with certificate: CurrentCertificate?,
        _ answers: Answers
    ) -> any ServerChildChannel {
        guard let certificate else {
            return PlainChannel(answers: answers, idleTimeout: idleTimeout)
        }
        return SecureChannel(
            certificate: certificate,
            idleTimeout: idleTimeout,
            answers: answers
        )
    }
}
