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

    /// A refusal of an endpoint that takes bearer tokens (RFC 6750 §3). Who sent no token is told
    /// in the header that one is needed, and nothing else.
    static func response(to error: BearerError) -> Response {
        var writer = JSONWriter()
        writer.object { body in
            guard let name = error.name else { return }
            body.member(WireName.error, name)
            body.member(WireName.errorDescription, error.sentence)
        }
        var response = Response.json(
            writer.bytes,
            status: .init(code: error.status),
            cacheControl: .noStore
        )
        response.headers[.wwwAuthenticate] = error.challenge(realm: "martlet").headerValue
        return response
    }

    /// Too many registrations (RFC 6585 §4).
    static func response(to error: RegistrationLimited) -> Response {
        var response = refusal(
            .tooManyRequests,
            OAuthError.Code.temporarilyUnavailable.rawValue,
            "Too many clients are registered; the Retry-After header says when to try again."
        )
        response.headers[.retryAfter] = String(error.retryAfter.wholeSeconds + 1)
        return response
    }

    /// Too many devices (RFC 6585 §4).
    static func response(to error: DevicesLimited) -> Response {
        var response = refusal(
            .tooManyRequests,
            OAuthError.Code.temporarilyUnavailable.rawValue,
            "Too many devices are waiting; the Retry-After header says when to try again."
        )
        response.headers[.retryAfter] = String(error.retryAfter.wholeSeconds + 1)
        return response
    }

    /// What the store could not do now.
    static func response(to error: StorageError, log: ServerLog) -> Response {
        switch error {
        case .overloaded:
            log.overloaded()
            return unavailable("The server is busy; try again.", after: retryWhenOverloaded)
        case .unavailable(let reason):
            log.storeFailed(.storeUnavailable, reason)
            return unavailable(
                "The server cannot use its store now; try again.",
                after: retryWhenUnavailable
            )
        case .outOfService:
            log.storeFailed(.storeUnavailable, "it is a copy, sealed, or not whole yet")
            return unavailable(
                "The server cannot use its store now; try again.",
                after: retryWhenUnavailable
            )
        case .conflict:
            log.storeFailed(.storeConflict, "a conflict that nobody handled")
            return response(to: internalError)
        case .corrupt(let reason):
            log.storeFailed(.storeCorrupt, reason)
            return response(to: internalError)
        }
    }

    private static let internalError = OAuthError(
        .serverError,
        "The server met a condition that it did not expect."
    )

    /// To what is no HTTP; nobody knows what it was about.
    static let malformed = Response(status: .badRequest, headers: [.connection: "close"])

    private static func unavailable(_ sentence: String, after seconds: Int) -> Response {
        var response = response(to: OAuthError(.temporarilyUnavailable, sentence))
        response.headers[.retryAfter] = String(seconds)
        return response
    }

    /// What a person is told when a page cannot be shown.
    static func page(
        for error: any Error,
        to request: Request,
        from desk: PageDesk,
        log: ServerLog
    ) -> Response {
        let problem: ProblemPage.Problem
        var detail: String?
        var retryAfter: String?
        switch error {
        case let error as OAuthError:
            problem = .badRequest
            detail = error.sentence
        case let error as StorageError:
            let response = response(to: error, log: log)
            problem = response.status == .serviceUnavailable ? .unavailable : .unexpected
            retryAfter = response.headers[.retryAfter]
        default:
            log.unexpected(error)
            problem = .unexpected
        }
        let page = ProblemPage(problem: problem, detail: detail, way: .none)
        var response = page.render(in: desk.surroundings(of: request))
        response.headers[.retryAfter] = retryAfter
        return response
    }

    /// Answers whatever an endpoint throws, and makes every answer a little safer.
    struct Catcher {
        let log: ServerLog
        let desk: PageDesk
        /// For each path, the `Allow` header of what it answers.
        let methods: [String: String]
        /// The paths that are answered however many other requests are.
        let alwaysAnswered: Set<String>

        private static let noSniffing = HTTPField(name: .xContentTypeOptions, value: "nosniff")
        private static let noReferrer = HTTPField(name: .referrerPolicy, value: "no-referrer")
        private static let nothingToShow = HTTPField(
            name: .contentSecurityPolicy,
            value: "default-src 'none'; frame-ancestors 'none'"
        )

        func handle(
            _ request: Request,
            _ context: ServerContext,
            next: (Request, ServerContext) async throws -> Response
        ) async -> Response {
            var response = await answer(request, context, next)
            // A body after HEAD would be read as the start of the next answer (RFC 9110 §9.3.2).
            if request.method == .head { response = response.createHeadResponse() }
            response.headers.append(Self.noSniffing)
            response.headers.append(Self.noReferrer)
            // Pages bring a policy of their own; nothing else here is to be shown or framed.
            if response.headers.value(of: .contentSecurityPolicy) == nil {
                response.headers.append(Self.nothingToShow)
            }
            return response
        }

        private func answer(
            _ request: Request,
            _ context: ServerContext,
            _ next: (Request, ServerContext) async throws -> Response
        ) async -> Response {
            do {
                if context.isPastCapacity, !alwaysAnswered.contains(request.uri.path) {
                    throw StorageError.overloaded
                }
                return try await next(request, context)
            } catch let error as OAuthError {
                return ErrorResponse.response(to: error)
            } catch let error as BearerError {
                return ErrorResponse.response(to: error)
            } catch let error as RegistrationLimited {
                return ErrorResponse.response(to: error)
            } catch let error as DevicesLimited {
                return ErrorResponse.response(to: error)
            } catch let error as StorageError {
                guard request.isForPerson else {
                    return ErrorResponse.response(to: error, log: log)
                }
                return ErrorResponse.page(for: error, to: request, from: desk, log: log)
            } catch let error as KeyRing.Unusable {
                return ErrorResponse.response(
                    to: .unavailable("the keys in the store cannot be used: \(error)"),
                    log: log
                )
            } catch let refusal as RouterRefusal {
                return answer(refusal.error, to: request)
            } catch let error as HTTPError {
                return answer(error, to: request)
            } catch {
                log.unexpected(error)
                return ErrorResponse.response(to: internalError)
            }
        }

        private func answer(_ error: HTTPError, to request: Request) -> Response {
            if error.status == .notFound, let allowed = allowed(at: request.uri.path) {
                return ErrorResponse.response(to: request.method, allowed: allowed)
            }
            if error.status == .notFound, request.isForPerson {
                let page = ProblemPage(problem: .notFound, detail: nil, way: .account)
                return page.render(in: desk.surroundings(of: request))
            }
            return ErrorResponse.response(to: error)
        }

        /// The `Allow` header at a path, whose last part may be a parameter.
        private func allowed(at path: String) -> String? {
            if let allowed = methods[path] { return allowed }
            guard let slash = path.lastIndex(of: "/") else { return nil }
            let prefix = path[...slash] + ":"
            return methods.first { template, _ in
                template.hasPrefix(prefix) && !template.dropFirst(prefix.count).contains("/")
            }?.value
        }
    }

    /// There is something at this path, but not for this method (RFC 9110 §15.5.6).
    private static func response(
        to method: HTTPRequest.Method,
        allowed: String
    ) -> Response {
        guard method != .options else {
            return Response(status: .noContent, headers: [.allow: allowed])
        }
        var response = refusal(
            .methodNotAllowed,
            "method_not_allowed",
            "This endpoint does not answer this method; the Allow header lists those it does."
        )
        response.headers[.allow] = allowed
        return response
    }

    /// What Hummingbird or a route refuses in the words of HTTP.
    private static func response(to error: HTTPError) -> Response {
        guard error.status != .notFound else {
            return refusal(
                .notFound,
                "not_found",
                "Nothing answers here; the endpoints are listed in "
                    + "/.well-known/openid-configuration."
            )
        }
        return refusal(
            error.status,
            OAuthError.Code.invalidRequest.rawValue,
            "The request cannot be answered as it stands."
        )
    }

    private static func refusal(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ sentence: String
    ) -> Response {
        var writer = JSONWriter()
        writer.object { body in
            body.member(WireName.error, code)
            body.member(WireName.errorDescription, sentence)
        }
        return .json(writer.bytes, status: status, cacheControl: .noStore)
    }
}

/// How long an answer may be kept.
enum CacheControl {
    case noStore
    /// By everybody, for this long.
    case seconds(Int64)

    fileprivate var isNoStore: Bool {
        switch self {
        case .noStore: true
        case .seconds: false
        }
    }

    /// The headers that say so; with `no-store` goes `Pragma`, as RFC 6749 §5.1 demands.
    func headers(with contentType: String? = nil) -> HTTPFields {
        var headers = HTTPFields()
        headers[.contentType] = contentType
        switch self {
        case .noStore:
            headers[.cacheControl] = "no-store"
            headers[.pragma] = "no-cache"
        case .seconds(let seconds):
            headers[.cacheControl] = "public, max-age=\(seconds)"
        }
        return headers
    }
}

extension HTTPField.Name {
    static let pragma = named("Pragma")
    static let referrerPolicy = named("Referrer-Policy")

    /// For names that the HTTP library does not spell.
    static func named(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a name: \(name)") }
        return name
    }
}

extension Request {
    /// Whether a browser asks for something to look at, and no program for something to read.
    fileprivate var isForPerson: Bool {
        headers[.accept]?.lowercased().contains("text/html") == true
    }
}

extension Response {
    private static let jsonType = "application/json"
    /// Of most answers.
    private static let freshJSON = CacheControl.noStore.headers(with: jsonType)

    /// A JSON answer.
    static func json(
        _ bytes: [UInt8],
        status: HTTPResponse.Status = .ok,
        cacheControl: CacheControl
    ) -> Response {
        Response(
            status: status,
            headers: cacheControl.isNoStore ? freshJSON : cacheControl.headers(with: jsonType),
            body: .init(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }
}
