import ArgumentParser
import Hummingbird
import Logging
import MartletCore
import MartletServer
import ServiceLifecycle

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the story of refresh tokens on a server that is thrown away afterwards.",
        discussion: """
            Listens on http://localhost:3000 with the user test (password test) and the client \
            testclient (secret “secret”), prints commands to paste, and plays the story of a \
            stolen refresh token. The page at that address plays it with you: be the app, then be \
            the thief. Nothing is kept.

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
            add(DemoPage(site: .standard), of: demo, to: router)
        }
        do {
            try await Listening.run(
                application,
                endingFirst: [DemoFeedService(feed: demo.feed)],
                host: "127.0.0.1",
                port: port
            )
        } catch {
            await demo.discard()
            throw error
        }
        await demo.discard()
    }
    /// The page, its files, and what it asks the server beside OAuth. None of this is anywhere but
    /// here.
    private func add(
        _ page: DemoPage,
        of demo: DemoServer,
        to router: Router<ServerContext>
    ) {
        let app = DemoApp(server: demo.server)
        let events = DemoFeedEndpoint(feed: demo.feed, app: app)
        router.get("/") { _, _ in page.answer() }
        for file in DemoFile.allCases {
            router.get(RouterPath(DemoPage.folder + file.rawValue)) { _, _ in
                DemoPage.answer(file)
            }
        }
        router.get("/demo/events") { request, _ in try await events.answer(request) }
        router.post("/demo/overlap") { request, _ in try await app.switchOverlap(request) }
    }
}

/// Lets go of the pages that wait for events when the server is to stop: it would wait for them.
private struct DemoFeedService: Service {
    let feed: DemoFeed

    func run() async throws {
        try? await gracefulShutdown()
        feed.close()
    }
}
