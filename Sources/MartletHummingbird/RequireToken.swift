public import Hummingbird
import Logging
import MartletProtocol
public import MartletResourceServer

/// The middleware that lets only requests with a good access token pass, and puts the token's claims
/// into their context.
///
/// `requireToken(scope:contextClasses:maximumAge:)` adds it to a router or a group.
public struct RequireToken<Context: AccessTokenRequestContext>: RouterMiddleware {
    /// What a request's token has to have.
    public let requirement: TokenRequirement

    /// A middleware.
    ///
    /// - Parameter requirement: What a request's token has to have.
    public init(_ requirement: TokenRequirement = .none) {
        self.requirement = requirement
    }

    /// Lets a request pass, or answers it.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let tokens = context.access.tokens else {
            context.logger.error(
                "A route requires a token, and no acceptTokens stands before it in the router."
            )
            throw HTTPError(.internalServerError)
        }
        switch await tokens.decide(request.headers, requiring: requirement) {
        case .granted(let token):
            var context = context
            context.access.token = token
            return try await next(request, context)
        case .refused(let error, let answer):
            Self.log(error, context)
            return Response(
                status: answer.response.status,
                headers: answer.response.headerFields,
                body: .init(byteBuffer: ByteBuffer(bytes: answer.body))
            )
        }
    }

    /// What strangers bring about is for those who look for it; that the issuer cannot be reached is
    /// for the operator.
    private static func log(_ error: AccessTokenError, _ context: Context) {
        let level: Logger.Level = error.status == 503 ? .warning : .debug
        context.logger.log(
            level: level,
            "\(error.description)",
            metadata: [
                "code": "\(error.code)",
                "detail": "\(error.detail ?? error.underlying?.description ?? "none")",
            ]
        )
    }
}

/// The middleware that says whose tokens the routes behind it take.
struct AcceptTokens<Context: AccessTokenRequestContext>: RouterMiddleware {
    let tokens: AccessTokenGuard

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.access.tokens = tokens
        return try await next(request, context)
    }
}
