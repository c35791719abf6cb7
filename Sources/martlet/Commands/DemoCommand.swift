import ArgumentParser
import Hummingbird
import Logging
import MartletCore
import MartletServer

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the story of refresh tokens on a server that is thrown away afterwards.",
        discussion: """
            Listens on http://localhost:3000 with the user test (password test) and the client \
            testclient (secret “secret”), prints commands to paste, and plays the story of a \
            stolen refresh token. Nothing is kept.

            Example: martlet demo --port 3001
                     martlet demo --device
            """
    )

    @Option(help: "The port on loopback to listen on; 0 takes a free one.")
    var port = 3000

    @Option(help: "Seconds that an access token lives (1 to 86400).")
    var accessTokenLifetime: Int64 = 20

    @Flag(help: "Show the login of a device too, with its link as a QR code.")
    var device = false

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("A port is a number from 0 to 65535.")
        }
        guard ClientMetadata.accessTokenLifetime.contains(accessTokenLifetime) else {
            throw ValidationError("An access token lives 1 to 86400 seconds.")
        }
    }

    func run() async throws {
        let logger = Logger(label: "martlet") { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        let metrics = ServerMetrics.ofThisProgram
        let port = try FreePort.resolve(port)
        let demo = try await DemoServer.make(
            port: port,
            accessTokenLifetime: accessTokenLifetime,
            surroundings: .system,
            log: ServerLog(logger, metrics: metrics),
            metrics: metrics
        )
        let secret = SecretArea(
            settings: demo.server.settings,
            keys: try await demo.server.publishedKeys(),
            surroundings: demo.server.surroundings
        )
        let story = DemoStory(
            server: demo.server,
            port: port,
            accessTokenLifetime: accessTokenLifetime
        )
        let television = DemoDevice(
            server: demo.server,
            ink: Terminal.isTerminal ? .colours : .blocks
        )
        let application = ServerApplication.make(
            for: demo.server,
            listening: .init(host: "127.0.0.1", port: port) { _ in
                Terminal.show(story.commands)
                do {
                    try await story.play(Terminal.show)
                    // It waits for a person, and the server must answer them meanwhile.
                    if device { Task { try await television.play(Terminal.show) } }
                } catch {
                    logger.error("the story could not be told", metadata: ["error": "\(error)"])
                }
            },
            logger: logger,
            metrics: demo.metrics,
            front: .callers
        ) { router in
            router.get("/secret") { request, _ in await secret.answer(request) }
            router.get("/") { _, _ in DemoPage(port: port).answer() }
            router.get("/demo.css") { _, _ in DemoPage.style() }
        }
        do {
            try await Listening.run(application, host: "127.0.0.1", port: port)
        } catch {
            await demo.discard()
            throw error
        }
        await demo.discard()
    }
}
