public import Hummingbird
import Logging
public import MartletProtocol
public import MartletResourceServer

/// A request context that carries whose request it is.
///
/// ``GuardedRequestContext`` is one; a context of your own needs one property more:
///
/// ```swift
/// struct OrdersContext: AccessTokenRequestContext {
///     var coreContext: CoreRequestContextStorage
///     var access = RequestAccess()
///     init(source: Source) { coreContext = .init(source: source) }
/// }
/// ```
public protocol AccessTokenRequestContext: RequestContext {
    /// What is known of the request's access token.
    var access: RequestAccess { get set }
}

/// What is known of a request's access token: nothing, until `requireToken` has let it pass.
public struct RequestAccess: Sendable {
    /// The verified token.
    public internal(set) var token: AccessToken?

    /// Who judges tokens on this route.
    var tokens: AccessTokenGuard?

    /// Nothing known.
    public init() {}
}

extension AccessTokenRequestContext {
    /// The verified access token; nil on a route without `requireToken`.
    public var accessToken: AccessToken? { access.token }

    /// The claims of the verified access token: whose request this is, by which client.
    ///
    /// On a route without `requireToken` there are none, which is a mistake of the app: 500, and a
    /// line in the log.
    public var caller: AccessTokenClaims {
        get throws {
            guard let token = access.token else {
                logger.error("A route asks for its caller, and no requireToken stands before it.")
                throw HTTPError(.internalServerError)
            }
            return token.claims
        }
    }
}

/// Hummingbird's basic request context, with whose request it is.
public struct GuardedRequestContext: AccessTokenRequestContext {
    /// What Hummingbird keeps.
    public var coreContext: CoreRequestContextStorage
    /// What is known of the request's access token.
    public var access = RequestAccess()

    /// A context for a request that came in.
    ///
    /// - Parameter source: Where it came from.
    public init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}
