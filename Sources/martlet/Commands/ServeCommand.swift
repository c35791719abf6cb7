import ArgumentParser
import Logging
import MartletCore
import MartletServer
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the authorization server.",
        discussion: """
            Reads martlet.yaml, opens the store (and makes it with its master key if there is \
            none), applies the clients, users and resources that the file lists, and answers until \
            it is told to stop (Ctrl-C or SIGTERM); what it has begun it then finishes.

            Example: martlet serve --config /etc/martlet/martlet.yaml
            """
    )

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        ProcessMemory.limit()
        let configuration = try options.load()
        let logger = Logger(label: "martlet") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = configuration.logLevel
            return handler
        }
        let metrics = ServerMetrics.ofThisProgram
        let log = ServerLog(logger, metrics: metrics)
        let fileOwned = try FileOwned(configuration)
        let certificate = try configuration.tls?.load(at: Surroundings.system.now())
        let installation = try await Installation.open(
            configuration,
            for: .serve,
            notice: log.notice,
            committed: metrics.count
        )
        installation.observeStore(by: metrics)
        do {
            let outcome = try await fileOwned.apply(to: installation.server)
            outcome.tell(logger)
            try await serve(
                installation,
                with: certificate.map(CurrentCertificate.init),
                metrics,
                logger
            )
        } catch {
            await installation.close()
            throw error
        }
        await installation.close()
        logger.info("stopped")
    }

    private func serve(
        _ installation: Installation,
        with certificate: CurrentCertificate?,
        _ metrics: ServerMetrics,
        _ logger: Logger
    ) async throws {
        let configuration = installation.configuration
        let address = configuration.listen
        OpenFiles.raise(to: ServerApplication.openFiles)
        if OpenFiles.limit < ServerApplication.openFiles {
            logger.warning(
                "the system allows fewer open files than there may be connections",
                metadata: [
                    "limit": "\(OpenFiles.limit)", "wanted": "\(ServerApplication.openFiles)",
                ]
            )
        }
        let metricsListener = try listener(for: metrics, of: configuration, logger)
        let application = ServerApplication.make(
            for: installation.server,
            branding: try installation.configuration.branding.load(),
            listening: .init(
                host: address.host,
                port: address.port,
                certificate: certificate,
                proxies: configuration.trustedProxies,
                metricsPlace: configuration.metricsListen == nil ? .besideThePages : .elsewhere
            ) { port in
                logger.info(
                    "listening",
                    metadata: [
                        "address": "\(address.host):\(port)",
                        "issuer": "\(configuration.issuer.text)",
                        "tls": certificate == nil ? "no" : "yes",
                    ]
                )
                ProcessMemory.forgetStart()
            } settled: {
                ProcessMemory.forgetStart()
            },
            logger: logger,
            metrics: metrics,
            services: reload(certificate, of: configuration, logger)
                + metricsListener
        )
        try await Listening.run(application, host: address.host, port: address.port)
    }

    private func listener(
        for metrics: ServerMetrics,
        of configuration: Configuration,
        _ logger: Logger
    ) throws -> [any Service] {
        guard let address = configuration.metricsListen else { return [] }
        guard address.port == 0 || address != configuration.listen else {
            throw Refusal(
                "metrics.listen is the address of listen, \(address.host):\(address.port); give the "
                    + "metrics another port, or leave metrics.listen out."
            )
        }
        let listener = MetricsListener(
            of: metrics,
            host: address.host,
            port: address.port,
            logger: logger
        ) { port in
            logger.info(
                "listening for metrics",
                metadata: ["address": "\(address.host):\(port)"]
            )
        }
        return [MetricsService(listener: listener, address: address)]
    }

    private func reload(
        _ certificate: CurrentCertificate?,
        of configuration: Configuration,
        _ logger: Logger
    ) -> [any Service] {
        guard let certificate, let files = configuration.tls else { return [] }
        if files.isKeyOpenToAll {
            logger.warning("everybody on this machine may read the key of the certificate")
        }
        return [
            CertificateReload(
                files: files,
                current: certificate,
                now: Surroundings.system.now,
                logger: logger
            )
        ]
    }
}

/// The listener for metrics, whose failure is told with its own address.
private struct MetricsService: Service {
    let listener: MetricsListener
    let address: ListenAddress

    func run() async throws {
        try await Listening.explain(host: address.host, port: address.port) {
            try await listener.run()
        }
    }
}

extension ServerMetrics {
    /// Those of a process that starts now.
    static var ofThisProgram: ServerMetrics {
        ServerMetrics(
            version: Martlet.configuration.version,
            start: Surroundings.system.now()
        )
    }
}

extension FileOwned.Outcome {
    /// Says what the configuration file changed in the store; nothing if nothing.
    fileprivate func tell(_ logger: Logger) {
        if created + updated > 0 {
            logger.info(
                "applied the configuration's lists",
                metadata: ["created": "\(created)", "updated": "\(updated)"]
            )
        }
        for name in released {
            logger.notice(
                "no longer listed in the configuration; the operator's from now on",
                metadata: ["name": "\(name.printable)"]
            )
        }
    }
}
