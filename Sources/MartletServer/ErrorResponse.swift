import HTTPTypes
package import Hummingbird
import MartletCore
package import MartletProtocol

/// The one place that turns an error into bytes. What the client gets is a registered code and a
/// fixed sentence; the detail goes to the operator's log.
package enum ErrorResponse {
    /// Seconds after which it is worth trying again when too much is waiting.
    static let retryWhenOverloaded = 1
    /// Seconds after which it is worth trying again when the store cannot be used.
    static let retryWhenUnavailable = 5

    /// An OAuth error (RFC 6749 §5.2).
    package static func response(to error: OAuthError) -> Response {
        var writer = JSONWriter()
        writer.object { body in
            body.member(WireName.error, error.code.rawValue)
            body.member(WireName.errorDescription, error.sentence)
        }
        var response = Response.json(
            writer.bytes,
            status: .init(code: error.status),
            cacheControl: .noStore
        )
        if error.code == .invalidClient {
            response.headers[.wwwAuthenticate] = #"Basic realm="martlet", charset="UTF-8""#
        }
        return response
    }

    /// What the store could not do now.
    static func response(to error: StorageError, log: ServerLog) -> Response {
        switch error {
        case .overloaded:
            log.overloaded()
            return unavailable("The server is busy; try again.", after: retryWhenOverloaded)
        case .unavailable(let reason):
            log.storeFailed(reason)
            return unavailable(
                "The server cannot use its store now; try again.",
                after: retryWhenUnavailable
            )
        case .conflict:
            log.storeFailed("a conflict that nobody handled")
            return response(to: internalError)
        case .corrupt(let reason):
            log.storeFailed(reason)
            return response(to: internalError)
        }
    }

    private static let internalError = OAuthError(
        .serverError,
        "The server met a condition that it did not expect."
    )

    private static func unavailable(_ sentence: String, after seconds: Int) -> Response {
        var response = response(to: OAuthError(.temporarilyUnavailable, sentence))
        response.headers[.retryAfter] = String(seconds)
        return response
    }

    /// Answers whatever an endpoint throws, and makes every answer a little safer.
    package struct Middleware: RouterMiddleware {
        package typealias Context = ServerContext

        let log: ServerLog

        package func handle(
            _ request: Request,
            context: ServerContext,
            next: (Request, ServerContext) async throws -> Response
        ) async throws -> Response {
            var response = await answer(request, context, next)
            response.headers[.xContentTypeOptions] = "nosniff"
            return response
        }

        private func answer(
            _ request: Request,
            _ context: ServerContext,
            _ next: (Request, ServerContext) async throws -> Response
        ) async -> Response {
            do {
                return try await next(request, context)
            } catch let error as OAuthError {
                return ErrorResponse.response(to: error)
            } catch let error as StorageError {
                return ErrorResponse.response(to: error, log: log)
            } catch let error as HTTPError {
                return ErrorResponse.response(to: error)
            } catch {
                log.unexpected(error)
                return ErrorResponse.response(to: internalError)
            }
        }
    }

    /// What Hummingbird refuses by itself: a path or method that there is none of.
    private static func response(to error: HTTPError) -> Response {
        var writer = JSONWriter()
        writer.object { body in
            body.member(WireName.error, "not_found")
            body.member(
                WireName.errorDescription,
                "Nothing answers here; the endpoints are listed in "
                    + "/.well-known/openid-configuration."
            )
        }
        return .json(writer.bytes, status: error.status, cacheControl: .noStore)
    }
}

/// How long an answer may be kept.
enum CacheControl {
    case noStore
    /// By everybody, for this long.
    case seconds(Int64)

    var headerValue: String {
        switch self {
        case .noStore: "no-store"
        case .seconds(let seconds): "public, max-age=\(seconds)"
        }
    }
}

extension Response {
    /// A JSON answer.
    static func json(
        _ bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        cacheControl: CacheControl
    ) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "application/json", .cacheControl: cacheControl.headerValue,
            ],
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
