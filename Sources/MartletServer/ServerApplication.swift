package import Hummingbird
import HummingbirdCore
package import Logging
package import MartletCore
import NIOCore

/// An HTTP server around an ``AuthorizationServer``.
package enum ServerApplication {
    /// Connections that say nothing for this long are closed.
    static let idleTimeout: TimeAmount = .seconds(60)
    /// Further connections wait to be taken. A connection with a half-sent body holds some 130 KiB.
    static let maximumConnections = 4096

    /// Where it listens and what is told when it does.
    package struct Listening: Sendable {
        package let host: String
        package let port: Int
        /// Called with the port that was bound, which differs if ``port`` is 0.
        package let started: @Sendable (Int) async -> Void

        package init(
            host: String,
            port: Int,
            started: @escaping @Sendable (Int) async -> Void = { _ in }
        ) {
            self.host = host
            self.port = port
            self.started = started
        }
    }

    /// The application, with the routes of ``routes(for:site:log:)`` and whatever `extend` adds.
    package static func make(
        for server: AuthorizationServer,
        branding: Branding = .standard,
        listening: Listening,
        logger: Logger,
        extend: (Router<ServerContext>) -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let log = ServerLog(logger)
        let site = PageSite(issuerPath: server.settings.issuerPath, branding: branding)
        let router = routes(for: server, site: site, log: log)
        extend(router)
        // The framework's own notes of the start would say again what `started` tells.
        var frameworkLogger = logger
        frameworkLogger.logLevel = max(logger.logLevel, .notice)
        return Application(
            router: router,
            server: .http1(configuration: .init(idleTimeout: idleTimeout)),
            configuration: .init(
                address: .hostname(listening.host, port: listening.port),
                serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(maximumConnections)
            ),
            services: [
                HousekeepingService(server: server, log: log), DirectoryService(server: server),
            ],
            onServerRunning: { channel in
                await listening.started(channel.localAddress?.port ?? listening.port)
            },
            logger: frameworkLogger
        )
    }
}
