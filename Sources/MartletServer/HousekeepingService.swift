import MartletCore
import ServiceLifecycle

/// Runs ``Housekeeping`` beside the requests for as long as the server lives.
struct HousekeepingService: Service {
    let server: AuthorizationServer
    let log: ServerLog

    func run() async throws {
        let housekeeping = Housekeeping(storage: server.storage)
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let more = await round(housekeeping)
                try await Task.sleep(for: more ? .milliseconds(100) : Housekeeping.interval)
            }
        }
    }

    /// Whether there is more to do.
    private func round(_ housekeeping: Housekeeping) async -> Bool {
        do {
            try await server.directory.catchUp()
            return try await housekeeping.tidy(at: server.surroundings.now())
        } catch {
            log.housekeepingFailed(error)
            return false
        }
    }
}
