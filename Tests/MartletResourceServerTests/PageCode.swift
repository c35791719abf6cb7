import HTTPTypes
import MartletProtocol
import MartletResourceServer

/// Code that pages and comments for APIs show and no example has, compiled here.
enum PageCode {
    static func orders(of person: String) async throws -> (HTTPResponse, [UInt8]) {
        (HTTPResponse(status: .ok), Array(person.utf8))
    }

    static func answer(_ headerFields: HTTPFields) async throws -> (HTTPResponse, [UInt8]) {
        let tokens = AccessTokenGuard(
            AccessTokenVerifier(
                issuer: "https://login.example.com",
                audience: "https://api.example.com"
            )
        )
        switch await tokens.decide(headerFields, requiring: .init(scopes: ["orders:read"])) {
        case .granted(let token):
            return try await orders(of: token.claims.subject)
        case .refused(_, let answer):
            return (answer.response, answer.body)
        }
    }

    static func verify(_ header: String?) async throws -> AccessToken {
        let verifier = AccessTokenVerifier(
            issuer: "https://login.example.com",
            audience: "https://api.example.com"
        )
        let token = try await verifier.verify(authorization: header, requiring: ["orders:read"])
        return token
    }

    static func requirement() -> TokenRequirement {
        let requirement = TokenRequirement(
            scopes: ["orders:delete"],
            contextClasses: ["urn:example:two-factors"],
            maximumAge: .seconds(300)
        )
        return requirement
    }

    static func asking(secret: String) -> AccessTokenGuard {
        let introspector = TokenIntrospector(
            issuer: "https://login.example.com",
            audience: "https://api.example.com",
            clientID: "orders-api",
            secret: Secret(secret)
        )
        let tokens = AccessTokenGuard(introspector)
        return tokens
    }

    static func follow(
        _ verifier: AccessTokenVerifier,
        issuer: String,
        audience: String,
        clientID: String,
        secret: String,
        serve: (AccessTokenGuard) async throws -> Void
    ) async throws {
        let ended = EndedSessions()
        let follower = EndedSessionsFollower(
            issuer: issuer,
            audience: audience,
            clientID: clientID,
            secret: Secret(secret),
            into: ended
        )
        let tokens = AccessTokenGuard(verifier, checks: [ended])

        // Until this function returns, beside the API.
        async let _: Void = follower.run()
        try await serve(tokens)
    }
}
