import ArgumentParser
import Logging
import MartletCore
import MartletServer

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
        let configuration = try options.load()
        let logger = Logger(label: "martlet") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = configuration.logLevel
            return handler
        }
        let log = ServerLog(logger)
        let fileOwned = try FileOwned(configuration)
        let installation = try await Installation.open(
            configuration,
            for: .serve,
            notice: log.notice
        )
        do {
            let outcome = try await fileOwned.apply(to: installation.server)
            outcome.tell(logger)
            try await serve(installation, logger)
        } catch {
            await installation.close()
            throw error
        }
        await installation.close()
        logger.info("stopped")
    }

    private func serve(_ installation: Installation, _ logger: Logger) async throws {
        let address = installation.configuration.listen
        let issuer = installation.configuration.issuer.text
        let application = ServerApplication.make(
            for: installation.server,
            listening: .init(host: address.host, port: address.port) { port in
                logger.info(
                    "listening",
                    metadata: ["address": "\(address.host):\(port)", "issuer": "\(issuer)"]
                )
            },
            logger: logger
        )
        try await Listening.run(application, host: address.host, port: address.port)
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
