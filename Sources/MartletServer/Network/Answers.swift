import HTTPTypes
import Hummingbird
import Logging
import MartletCore
import NIOCore

/// What answers requests: the reception, within a bound, and with what every answer carries.
struct Answers: Sendable {
    private let responder: @Sendable (Request, ServerContext) async throws -> Response
    private let logger: Logger
    private let date: DateHeader
    private let inProgress = RequestsInProgress()

    init(
        _ responder: @escaping @Sendable (Request, ServerContext) async throws -> Response,
        surroundings: Surroundings,
        logger: Logger
    ) {
        self.responder = responder
        self.logger = logger
        date = DateHeader(surroundings)
    }

    func answer(_ request: Request, on channel: any Channel) async -> Response {
        var context = ServerContext(source: .init(channel: channel, logger: logger))
        context.isPastCapacity = !inProgress.enter()
        context.inProgress = inProgress
        defer { inProgress.leave() }
        var response: Response
        do {
            response = try await responder(request, context)
        } catch {
            // The routes turn every error into an answer; this one none of them has seen.
            logger.error("unanswered error", metadata: ["type": "\(type(of: error))"])
            response = Response(status: .internalServerError)
        }
        response.headers.append(HTTPField(name: .date, value: date.value))
        return response
    }
}
