import MartletCore
import ServiceLifecycle

/// Notices within a second what others changed in the store, so that an idle server does not go on
/// by what it knew: a key that another server uses already, above all.
struct DirectoryService: Service {
    static let interval: Duration = .seconds(1)

    let server: AuthorizationServer

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // A store that cannot be read now is told of by the requests that need it.
                try? await server.directory.catchUp()
                try await Task.sleep(for: Self.interval)
            }
        }
    }
}

/// Runs ``Housekeeping`` beside the requests for as long as the server lives.
struct HousekeepingService: Service {
    let server: AuthorizationServer
    let log: ServerLog
    /// Called after the first round.
    var settled: @Sendable () -> Void = {}

    func run() async throws {
        let housekeeping = Housekeeping(storage: server.storage)
        try? await cancelWhenGracefulShutdown {
            var isFirst = true
            while !Task.isCancelled {
                let more = await round(housekeeping)
                if isFirst { settled() }
                isFirst = false
                try await Task.sleep(for: more ? .milliseconds(100) : Housekeeping.interval)
            }
        }
    }

    /// Whether there is more to do.
    func round(_ housekeeping: Housekeeping) async -> Bool {
        do {
            let round = try await housekeeping.tidy(at: server.surroundings.now())
            log.housekept(round)
            return round.hasMore
        } catch {
            // What was broken off because the server stops is done at its next start.
            guard !Task.isCancelled else { return false }
            log.housekeepingFailed(error)
            return false
        }
    }
}
