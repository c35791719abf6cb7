import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletHummingbird
import MartletProtocol
import MartletResourceServer
import MartletTesting
import MartletTransport
import Testing

/// An API of Hummingbird's that is guarded by the library, and the real server; between them HTTP.
@Suite("An API and the real server")
struct GuardedAPITests {
    private struct World {
        let caller: Caller
        let issuer: String
        let clock: @Sendable () -> Double
        let api: KnownClient
        /// An app that the API's tokens are granted to.
        static let app = KnownClient(
            id: "notes",
            secret: "secret-of-notes-81",
            metadata: [
                "grant_types": ["password", "refresh_token", "client_credentials"],
                "scope": "read write", "allowed_resources": [.string(TestServer.api)],
            ]
        )

        func status(
            of token: String?,
            at path: String = "/notes",
            by judge: some AccessTokenJudge
        ) async throws -> HTTPResponse.Status {
            let router = Router(context: GuardedRequestContext.self)
            router.acceptTokens(AccessTokenGuard(judge))
            router.group("notes").requireToken(scope: "read")
                .get { _, context in try context.caller.clientID }
            router.group("admin").requireToken(scope: "admin").get { _, _ in "" }
            let fields: HTTPFields = token.map { [.authorization: "Bearer \($0)"] } ?? [:]
            return try await Application(router: router).test(.router) { client in
                try await client.execute(uri: path, method: .get, headers: fields) { $0.status }
            }
        }

        func clientToken() async throws -> String {
            let answer = try await caller.submit(
                [
                    "grant_type": "client_credentials", "scope": "read",
                    "resource": TestServer.api,
                ],
                as: Self.app
            )
            return try #require(try answer.member("access_token"), "\(answer.text)")
        }

        func personsTokens() async throws -> Tokens {
            let answer = try await caller.submit(
                [
                    "grant_type": "password", "username": TestServer.username,
                    "password": TestServer.password, "scope": "read", "resource": TestServer.api,
                ],
                as: Self.app
            )
            try #require(answer.status == 200, "\(answer.text)")
            return try answer.tokens()
        }
    }

    private func run(
        _ body: @escaping @Sendable (World) async throws -> Void
    ) async throws {
        try await LossyProxy.run(.none) { proxy in
            let test = try await TestServer(issuer: proxy.issuer)
            let made = try await test.server.createResource(
                TestServer.api,
                .init(scope: Scope("read admin"))
            )
            try await test.register(World.app)
            let clock = test.clock
            try await test.test(.socket) { caller in
                proxy.forward(to: try caller.port())
                try await body(
                    World(
                        caller: caller,
                        issuer: proxy.issuer,
                        clock: { Double(clock.now.microseconds) / 1e6 },
                        api: KnownClient(
                            id: made.resource.introspectionID.rawValue,
                            secret: made.secret?.text,
                            metadata: [:]
                        )
                    )
                )
            }
        }
    }

    @Test("a token of the server opens the API, whose keys come over HTTP through its metadata")
    func verified() async throws {
        try await run { world in
            let verifier = AccessTokenVerifier(
                issuer: world.issuer,
                audience: TestServer.api,
                secondsSince1970: world.clock
            )
            let token = try await world.clientToken()
            #expect(try await world.status(of: token, by: verifier) == .ok)
            #expect(try await world.status(of: token, at: "/admin", by: verifier) == .forbidden)
            #expect(try await world.status(of: nil, by: verifier) == .unauthorized)
            let person = try await world.personsTokens()
            #expect(try await world.status(of: person.access, by: verifier) == .ok)
            #expect(try await world.status(of: person.refresh, by: verifier) == .unauthorized)
        }
    }

    @Test(
        "an API that asks the server sees the end of a session at once, and never takes a refresh token"
    )
    func introspected() async throws {
        try await run { world in
            var terms = TokenIntrospector.Terms()
            terms.activeFor = 0
            let introspector = TokenIntrospector(
                issuer: world.issuer,
                audience: TestServer.api,
                clientID: world.api.id,
                secret: Secret(try #require(world.api.secret)),
                terms: terms,
                secondsSince1970: world.clock
            )
            let person = try await world.personsTokens()
            #expect(try await world.status(of: person.access, by: introspector) == .ok)
            #expect(
                try await world.status(of: person.access, at: "/admin", by: introspector)
                    == .forbidden
            )
            #expect(try await world.status(of: person.refresh, by: introspector) == .unauthorized)
            _ = try await world.caller.submit(
                ["token": person.refresh],
                to: "/oauth/revoke",
                as: World.app
            )
            #expect(try await world.status(of: person.access, by: introspector) == .unauthorized)
        }
    }

    @Test("an API whose secret is wrong grants nothing: 503")
    func wrongSecret() async throws {
        try await run { world in
            let introspector = TokenIntrospector(
                issuer: world.issuer,
                audience: TestServer.api,
                clientID: world.api.id,
                secret: Secret("wrong"),
                secondsSince1970: world.clock
            )
            let token = try await world.clientToken()
            #expect(
                try await world.status(of: token, by: introspector) == .serviceUnavailable
            )
        }
    }
}
