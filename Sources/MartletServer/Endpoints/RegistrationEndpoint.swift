import HTTPTypes
import Hummingbird
import MartletCore
import MartletProtocol

/// `POST /oauth/register` (RFC 7591), and `GET`, `PUT` and `DELETE` of what was registered
/// (RFC 7592). Not there unless the operator switched it on.
struct RegistrationEndpoint {
    static let path = "/oauth/register"
    private static let parameter = WireName.clientID

    let server: AuthorizationServer

    func routes(base: String) -> [RouteTable.Route] {
        switch server.settings.registration {
        case .off: return []
        case .token, .open: break
        }
        let path = base + Self.path
        let one = "\(path)/:\(Self.parameter)"
        return [
            .init(method: .post, path: path, answer: register),
            .init(method: .get, path: one, answer: read),
            .init(method: .put, path: one, answer: update),
            .init(method: .delete, path: one, answer: delete),
        ]
    }

    private func register(_ request: Request, _ context: ServerContext) async throws -> Response {
        let made = try await server.register(
            registration(request, context, metadata: try await json(of: request, context))
        )
        return .json(made.json.encoded(), status: .created, cacheControl: .noStore)
    }

    private func read(_ request: Request, _ context: ServerContext) async throws -> Response {
        let known = try await server.clientInformation(
            try client(context),
            registration(request, context, metadata: nil)
        )
        return .json(known.json.encoded(), cacheControl: .noStore)
    }

    private func update(_ request: Request, _ context: ServerContext) async throws -> Response {
        let changed = try await server.updateRegistration(
            try client(context),
            registration(request, context, metadata: try await json(of: request, context))
        )
        return .json(changed.json.encoded(), cacheControl: .noStore)
    }

    private func delete(_ request: Request, _ context: ServerContext) async throws -> Response {
        try await server.deleteRegistration(
            try client(context),
            registration(request, context, metadata: nil)
        )
        return Response(status: .noContent, headers: CacheControl.noStore.headers())
    }
}

extension RegistrationEndpoint {
    private func client(_ context: ServerContext) throws -> ClientID {
        ClientID(rawValue: try context.parameters.require(Self.parameter))
    }

    private func registration(
        _ request: Request,
        _ context: ServerContext,
        metadata: JSONValue?
    ) -> RegistrationRequest {
        RegistrationRequest(
            metadata: metadata,
            authorization: request.headers[.authorization],
            origin: Origin(
                address: context.remoteAddress,
                userAgent: request.headers[.userAgent] ?? ""
            )
        )
    }

    private func json(of request: Request, _ context: ServerContext) async throws -> JSONValue {
        let type = request.headers[.contentType]?.split(separator: ";").first ?? ""
        guard type.filter({ !$0.isWhitespace }).lowercased() == "application/json" else {
            throw OAuthError(
                .invalidRequest,
                "The request's Content-Type is not application/json."
            )
        }
        let body = try await FormBody.read(request)
        guard body.readableBytes <= RegistrationRequest.maximumBody else {
            throw OAuthError(
                .invalidClientMetadata,
                "Client metadata is longer than 16 KiB."
            )
        }
        do throws(JSONError) {
            return try JSONValue(parsing: Array(body.readableBytesView))
        } catch {
            throw OAuthError(.invalidClientMetadata, "The request's body is not valid JSON.")
        }
    }
}
