import MartletProtocol
import Testing

@testable import MartletCore

@Suite("UserInfo")
struct UserInfoTests {
    static let api = "https://api.example.com"

    /// A client whose people are told of, and the account that signs in.
    private func client(
        in world: TestAuthorizationServer,
        scope: String = "openid profile email phone read",
        resources: [String] = [],
        members: KeyValuePairs<String, JSONValue> = [:]
    ) async throws -> TestClient {
        try await world.account(email: "ada@example.com", profile: UserClaimsTests.profile)
        return try await world.client(scope: scope, resources: resources, members: members)
    }

    private func refusal(
        of token: String,
        in world: TestAuthorizationServer
    ) async -> BearerError? {
        await #expect(throws: BearerError.self) { try await world.userInfo(token) }
    }

    @Test(
        "it tells the subject, and what the token's scopes allow",
        .covers(
            "OIDC Core §5.3.2 subject",
            "OIDC Core §5.4 scopes",
            "OIDC Core §5.3.2 no-empty-claims"
        )
    )
    func claims() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let answer = try await world.signIn(client)
        let info = try await world.userInfo(answer.accessToken)
        #expect(info["sub"] == "account-of-ada")
        #expect(info["given_name"] == "Ada")
        #expect(info["email"] == "ada@example.com")
        #expect(info["phone_number"] == "+44 20 7946 0000")
        #expect(info["address"] == nil)
        #expect(info["iss"] == nil)
        let token = try #require(answer.refresh).token
        let narrow = try await world.refresh(token, as: client, scope: "openid email")
        let less = try await world.userInfo(narrow.accessToken)
        #expect(less.members.map(\.name) == ["sub", "email", "email_verified"])
    }

    @Test("a token for an API with openid is good here too")
    func api() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.api, scope: "read")
        let client = try await client(in: world, resources: [Self.api])
        let answer = try await world.signIn(client)
        #expect(
            try await world.claims(answer.accessToken).audience
                == [Self.api, TestAuthorizationServer.issuer]
        )
        #expect(answer.scope.description == "openid profile email phone read")
        #expect(try await world.userInfo(answer.accessToken)["name"] == "Ada Lovelace")
        let token = try #require(answer.refresh).token
        let apiOnly = try await world.refresh(token, as: client, scope: "read")
        #expect(try await world.claims(apiOnly.accessToken).audience == [Self.api])
        #expect(await refusal(of: apiOnly.accessToken, in: world)?.code == .invalidToken)
    }

    @Test("a token without openid lacks a scope", .covers("RFC 6750 §3.1 insufficient-scope"))
    func scope() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let answer = try await world.signIn(client, scope: "profile email")
        let error = await refusal(of: answer.accessToken, in: world)
        #expect(error?.code == .insufficientScope)
        #expect(error?.scopes == ["openid"])
    }

    @Test("a token that expired is refused at that second")
    func expired() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let token = try await world.signIn(client).accessToken
        world.wait(.minutes(10) - .microseconds(1))
        _ = try await world.userInfo(token)
        world.wait(.microseconds(1))
        #expect(await refusal(of: token, in: world)?.code == .invalidToken)
    }

    @Test(
        "a token is refused as soon as it, its session or its account is over",
        .covers("OIDC Core §5.3.3 errors")
    )
    func over() async throws {
        for event in ["token", "session", "account", "client", "reuse"] {
            let world = try await TestAuthorizationServer()
            let client = try await client(in: world)
            let answer = try await world.signIn(client)
            let token = try #require(answer.refresh).token
            _ = try await world.userInfo(answer.accessToken)
            switch event {
            case "token": try await world.revoke(answer.accessToken, as: client)
            case "session": try await world.revoke(token, as: client)
            case "account": try await world.server.disableAccount("ada")
            case "client": try await world.server.deleteClient(client.id)
            default:
                _ = try await world.refresh(token, as: client)
                _ = try? await world.refresh(token, as: client)
            }
            let error = await refusal(of: answer.accessToken, in: world)
            #expect(error?.code == .invalidToken, "\(event)")
        }
    }

    @Test("a client's own token, a refresh token and nonsense tell of nobody")
    func others() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let machine = try await world.client(grants: [.clientCredentials], scope: "openid")
        let own = try await world.server.token(
            world.request([("grant_type", "client_credentials")], as: machine)
        )
        let session = try await world.newSession(client)
        for text in [own.accessToken, session, "a.b.c", "x"] {
            #expect(await refusal(of: text, in: world)?.code == .invalidToken)
        }
    }

    @Test(
        "a client that registered an algorithm gets a signed answer, made for it",
        .covers("OIDC Core §5.3.2 signed"),
        arguments: [SignatureAlgorithm.es256, .edDSA]
    )
    func signed(algorithm: SignatureAlgorithm) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(
            in: world,
            members: ["userinfo_signed_response_alg": .string(algorithm.rawValue)]
        )
        let token = try await world.signIn(client, scope: "openid email").accessToken
        guard case .jwt(let text) = try await world.askUserInfo(token) else {
            Issue.record("the answer is not signed")
            return
        }
        let answer = try JSONWebSignature.parse(text)
        #expect(answer.header.algorithm == algorithm)
        let keys = try await world.keys.published(at: world.now)
        try answer.verify(
            with: try #require(keys.key(withID: answer.header.keyID, for: algorithm))
        )
        #expect(
            try JSONValue(parsing: answer.payload) == [
                "sub": "account-of-ada", "email": "ada@example.com", "email_verified": true,
                "iss": .string(TestAuthorizationServer.issuer),
                "aud": .string(client.id.rawValue),
            ]
        )
    }

    @Test(
        "the token comes in the header or in the form, once",
        .covers("RFC 6750 §2 one-method", "RFC 6750 §2.2 form-body")
    )
    func doors() async throws {
        func token(_ authorization: String?, _ form: String?) throws -> String {
            try UserInfoRequest(
                authorization: authorization,
                parameters: try form.map { try FormParameters(parsing: Array($0.utf8)) },
                arrived: Instant(seconds: 0)
            ).accessToken()
        }
        #expect(try token("Bearer abc", nil) == "abc")
        #expect(try token("bearer abc", "access_token=") == "abc")
        #expect(try token(nil, "access_token=abc") == "abc")
        for (authorization, form) in [
            ("Bearer abc", "access_token=abc"), (nil, "access_token=a&access_token=a"),
            ("Bearer a b", nil), ("Bearer ", nil), ("Bearer a, Bearer b", nil),
        ] as [(String?, String?)] {
            let error = #expect(throws: BearerError.self) { try token(authorization, form) }
            #expect(error?.code == .invalidRequest)
        }
        for (authorization, form) in [
            (nil, nil), (nil, "token=abc"), ("Basic YTpi", nil), ("DPoP abc", ""),
        ] as [(String?, String?)] {
            let error = #expect(throws: BearerError.self) { try token(authorization, form) }
            #expect(error?.code == .tokenMissing)
        }
    }
}

extension TestAuthorizationServer {
    func askUserInfo(_ token: String) async throws -> UserInfoAnswer {
        try await server.userInfo(
            UserInfoRequest(authorization: "Bearer \(token)", parameters: nil, arrived: now)
        )
    }

    /// What UserInfo tells with this access token, as plain JSON.
    func userInfo(_ token: String) async throws -> JSONObject {
        guard case .json(let bytes) = try await askUserInfo(token) else {
            throw AdministrationError("the answer is signed")
        }
        return try #require(try JSONValue(parsing: bytes).object)
    }
}
