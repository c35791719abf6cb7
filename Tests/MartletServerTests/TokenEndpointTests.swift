import MartletCore
import MartletProtocol
import MartletResourceServer
import MartletTesting
import Testing

@Suite("The token endpoint answers as RFC 6749 §5 says")
struct TokenEndpointTests {
    @Test(
        "a sign-in brings both tokens, their lifetimes, and headers that forbid to keep them",
        .covers("RFC 6749 §5.1 members", "RFC 6749 §5.1 not-stored", "RFC 6750 §4 token-type"),
        arguments: Door.allCases
    )
    func success(door: Door) async throws {
        let answer = try await TestServer().test(door) { caller in
            try await caller.submit([
                "grant_type": "password", "username": "alice", "password": TestServer.password,
            ])
        }
        #expect(answer.status == 200)
        answer.expectUncachedJSON()
        let json = try answer.json()
        #expect(
            json.members.map(\.name) == [
                "access_token", "token_type", "expires_in", "refresh_token",
                "refresh_token_timeout", "authorization_expires_in", "scope",
            ]
        )
        #expect(json["token_type"] == "Bearer")
        #expect(json["expires_in"] == 600)
        #expect(json["refresh_token_timeout"] == .integer(15 * 86_400))
        #expect(json["authorization_expires_in"] == .integer(30 * 86_400))
        #expect(json["scope"] == "read write")
    }

    @Test(
        "client_credentials brings an access token and nothing to refresh",
        .covers("RFC 6749 §4.4.3 no-refresh-token")
    )
    func clientCredentials() async throws {
        let answer = try await TestServer().test { caller in
            try await caller.submit(["grant_type": "client_credentials", "scope": "read"])
        }
        #expect(answer.status == 200)
        let json = try answer.json()
        #expect(json.members.map(\.name) == ["access_token", "token_type", "expires_in", "scope"])
        #expect(json["scope"] == "read")
    }

    @Test(
        "an access token verifies against the published keys, for the issuer and no other API",
        .covers(
            "RFC 9068 §2.1 signed",
            "RFC 9068 §3 audience",
            "RFC 9068 §4 announced",
            "RFC 6750 §5.2 audience"
        )
    )
    func verifies() async throws {
        let test = try await TestServer()
        let (tokens, keySet) = try await test.test(.socket) { caller in
            (try await caller.signIn(), try await caller.get("/oauth/jwks"))
        }
        let clock = test.clock
        func verifier(audience: String) throws -> AccessTokenVerifier {
            AccessTokenVerifier(
                issuer: TestServer.issuer,
                audience: audience,
                keys: try JSONWebKeySet(json: JSONValue(parsing: keySet.body)),
                leeway: 0,
                secondsSince1970: { Double(clock.now.microseconds) / 1_000_000 }
            )
        }
        let token = try await verifier(audience: TestServer.issuer)
            .verify(authorization: "Bearer \(tokens.access)", requiring: ["read"])
        #expect(token.claims.clientID == "app")
        #expect(token.claims.subject == "account-of-alice")
        await #expect(throws: AccessTokenError.self) {
            try await verifier(audience: TestServer.api).verify(tokens.access)
        }
        clock.advance(by: .minutes(10))
        await #expect(throws: AccessTokenError.self) {
            try await verifier(audience: TestServer.issuer).verify(tokens.access)
        }
    }

    @Test(
        "what is missing or unknown is refused by the registered code",
        .covers(
            "RFC 6749 §4.5 unknown-grant",
            "RFC 6749 §5.2 error-shape",
            "RFC 6749 §5.2 invalid-grant",
            "RFC 8707 §2 invalid-target"
        ),
        arguments: [
            ("", "invalid_request"),
            ("username=alice&password=x", "invalid_request"),
            ("grant_type=", "invalid_request"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=", "invalid_request"),
            ("grant_type=password&username=alice", "invalid_request"),
            ("grant_type=password&password=x", "invalid_request"),
            ("grant_type=authorization_code&code=x", "unauthorized_client"),
            ("grant_type=REFRESH_TOKEN&refresh_token=x", "unsupported_grant_type"),
            ("grant_type=%F0%9F%90%A6", "unsupported_grant_type"),
            ("grant_type=refresh_token&refresh_token=mrt_nonsense", "invalid_grant"),
            ("grant_type=password&username=alice&password=wrong", "invalid_grant"),
            ("grant_type=client_credentials&scope=delete", "invalid_scope"),
            ("grant_type=client_credentials&scope=%22", "invalid_scope"),
            ("grant_type=client_credentials&scope=+", "invalid_scope"),
            ("grant_type=client_credentials&resource=https://nowhere.example", "invalid_target"),
            ("grant_type=client_credentials&resource=nowhere", "invalid_target"),
        ]
    )
    func refusals(body: String, code: String) async throws {
        let test = try await TestServer()
        for door in Door.allCases {
            let answer = try await test.test(door) { try await $0.post(body: body) }
            try answer.expectError(code)
        }
    }

    @Test(
        "a grant type that the client did not register is unauthorized_client",
        .covers("RFC 6749 §5.2 unauthorized-client")
    )
    func unregisteredGrant() async throws {
        try await TestServer().test { caller in
            try await caller.submit(["grant_type": "client_credentials"], as: .other)
                .expectError("unauthorized_client")
            try await caller.submit(
                [
                    "grant_type": "password", "username": "alice",
                    "password": TestServer.password,
                ],
                as: .odd
            ).expectError("unauthorized_client")
            try await caller.submit(["grant_type": "client_credentials"], as: .spa)
                .expectError("unauthorized_client")
        }
    }

    @Test(
        "unknown parameters are ignored and empty ones count as absent",
        .covers("RFC 6749 §3.2 parameters")
    )
    func ignored() async throws {
        try await TestServer().test { caller in
            let token = try await caller.signIn().refresh
            let answer = try await caller.post(
                body: "grant_type=refresh_token&refresh_token=\(token)&scope=&resource=&resource="
                    + "&client_secret=&foo=1&foo=2&&=&bar&%00=%00"
            )
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    @Test("a stranger and a wrong password are told the same")
    func sameSentence() async throws {
        try await TestServer().test { caller in
            let wrong = try await caller.submit(
                ["grant_type": "password", "username": "alice", "password": "wrong"]
            )
            let unknown = try await caller.submit(
                ["grant_type": "password", "username": "nobody", "password": "wrong"]
            )
            try wrong.expectError("invalid_grant")
            #expect(wrong.body == unknown.body)
        }
    }
}
