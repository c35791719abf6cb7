import Hummingbird
import MartletHummingbird
import MartletProtocol
import MartletResourceServer

/// Code that README and comments of the library show and no example has, compiled here.
enum PageCode {
    struct OrdersContext: AccessTokenRequestContext {
        var coreContext: CoreRequestContextStorage
        var access = RequestAccess()
        init(source: Source) { coreContext = .init(source: source) }
    }

    struct Notes {
        func all(of person: String) -> [String] { [person] }
    }

    static func guarded(
        issuer: String,
        address: String,
        _ notes: Notes
    ) -> Router<GuardedRequestContext> {
        let tokens = AccessTokenGuard(AccessTokenVerifier(issuer: issuer, audience: address))
        let router = Router(context: GuardedRequestContext.self)
        router.acceptTokens(tokens)
        router.group("notes")
            .requireToken(scope: "notes:read")
            .get { _, context in notes.all(of: try context.caller.subject) }
        return router
    }

    static func orders(of person: String) async throws -> [String] { [person] }

    static func addRoutes(to router: Router<OrdersContext>) {
        router.group("orders")
            .requireToken(scope: "orders:read")
            .get { _, context in try await orders(of: context.caller.subject) }
    }
}
