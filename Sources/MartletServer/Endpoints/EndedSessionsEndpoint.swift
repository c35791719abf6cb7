import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `POST /oauth/ended-sessions` (RFC 8936): what ended of an API's, for APIs that verify access tokens
/// by themselves. If nothing has ended, the answer waits until something does.
struct EndedSessionsEndpoint {
    static let path = "/oauth/ended-sessions"
    /// How often one answer begins to wait: something of others ended while it was about to.
    private static let maximumWaits = 4

    let server: AuthorizationServer
    /// `nil` where nobody waits: every answer is given at once.
    let watch: EndedSessionsWatch?
    let log: ServerLog

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let resource = try await server.follower(
            authorization: request.headers[.authorization],
            from: Origin(
                address: context.remoteAddress,
                userAgent: request.headers[.userAgent] ?? ""
            )
        )
        let poll = try await poll(request)
        for (_, error) in poll.refused { log.refused(error, by: resource) }
        var page = try await server.ended(poll, for: resource)
        guard poll.maximum > 0, !poll.returnsImmediately else { return json(page) }
        for _ in 0..<Self.maximumWaits where page.isEmpty {
            let outcome = await wait(for: resource, behind: page.mark.position, context)
            if case .full = outcome { break }
            page = try await server.ended(poll.from(page.mark), for: resource)
            if case .over = outcome { break }
        }
        return json(page)
    }

    private func wait(
        for resource: ResourceID,
        behind position: EndPosition,
        _ context: ServerContext
    ) async -> EndedSessionsWatch.Outcome {
        guard let watch else { return .full }
        guard let counter = context.inProgress else {
            return await watch.wait(for: resource, behind: position)
        }
        return await counter.whileWaiting {
            await watch.wait(for: resource, behind: position)
        }
    }

    private func json(_ page: EndedSessionsPage) -> Response {
        .json(page.json(), cacheControl: .noStore)
    }

    private func poll(_ request: Request) async throws -> EndedSessionsPoll {
        let type = request.headers[.contentType]?.split(separator: ";").first ?? ""
        guard type.filter({ !$0.isWhitespace }).lowercased() == "application/json" else {
            throw OAuthError(
                .invalidRequest,
                "The request's Content-Type is not application/json."
            )
        }
        let body = try await FormBody.read(request)
        guard let json = try? JSONValue(parsing: Array(body.readableBytesView)) else {
            throw OAuthError(.invalidRequest, "The request's body is not valid JSON.")
        }
        return try EndedSessionsPoll(json: json)
    }
}
