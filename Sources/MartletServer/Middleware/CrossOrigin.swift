import HTTPTypes
import Hummingbird
import MartletCore

/// Lets the scripts of registered single-page clients read what their endpoints answer (CORS, the
/// Fetch standard §3.2), errors included, and nobody else's.
///
/// Nothing here is signed in by a cookie: who calls sends a token or a code along. So what a
/// foreign page could gain is small; it gets nothing all the same. Never `*`, never credentials.
struct CrossOrigin {
    /// Seconds for which a browser need not ask again: the longest that a page which was
    /// unregistered meanwhile still sends requests, whose answers it cannot read any more.
    static let maximumAge = 600
    /// A scheme, the longest host name (RFC 1035 §2.3.4) and a port are shorter.
    static let maximumOrigin = 512
    static let requestHeaders = "Authorization, Content-Type"
    static let responseHeaders = "Retry-After, WWW-Authenticate"

    let server: AuthorizationServer
    /// For each path that scripts may read, the methods that it answers.
    let methods: [String: String]

    func handle(
        _ request: Request,
        _ context: ServerContext,
        next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let methods = methods[request.uri.path] else {
            return try await next(request, context)
        }
        let origin = await registeredOrigin(of: request)
        var response = try await next(request, context)
        // Whoever keeps the answer must not give it to another origin, nor without one.
        response.headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        if request.isPreflight {
            response.headers[.accessControlAllowMethods] = methods
            response.headers[.accessControlAllowHeaders] = Self.requestHeaders
            response.headers[.accessControlMaxAge] = String(Self.maximumAge)
        } else {
            response.headers[.accessControlExposeHeaders] = Self.responseHeaders
        }
        return response
    }

    /// The request's origin if it is a registered client's; a store that cannot tell says no.
    private func registeredOrigin(of request: Request) async -> String? {
        // Two of them are in one line, which is nobody's origin.
        guard let origin = request.headers.value(of: .origin),
            origin.utf8.count <= Self.maximumOrigin,
            (try? await server.hasSinglePageClient(at: origin)) == true
        else { return nil }
        return origin
    }
}

extension Request {
    /// Whether the browser asks first what its script may send.
    fileprivate var isPreflight: Bool {
        method == .options && headers.contains(.accessControlRequestMethod)
    }
}
