import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@Suite("Clients give tokens back and ask what they are worth")
struct RevocationAndIntrospectionTests {
    static let inactive = #"{"active":false}"#

    @Test(
        "a revoked refresh token ends its session, whatever the hint says",
        .covers(
            "RFC 7009 §2 refresh-tokens",
            "RFC 7009 §2.1 hint",
            "RFC 7009 §2.1 at-once",
            "RFC 7009 §2.1 refresh-ends-access"
        )
    )
    func revokeRefreshToken() async throws {
        try await TestServer().test { caller in
            for hint in ["refresh_token", "access_token", "nonsense", ""] {
                let tokens = try await caller.signIn()
                let answer = try await caller.submit(
                    ["token": tokens.refresh, "token_type_hint": hint],
                    to: "/oauth/revoke"
                )
                #expect(answer.status == 200)
                #expect(answer.body.isEmpty)
                #expect(answer.headers[.cacheControl] == "no-store")
                let refused = try await caller.refresh(tokens.refresh)
                try refused.expectError("invalid_grant")
                #expect(try refused.member("error_description")?.contains("has ended") == true)
                #expect(try await caller.introspect(tokens.access).text == Self.inactive)
            }
        }
    }

    @Test("a superseded refresh token is revoked like the newest, and that is no reuse")
    func revokeSuperseded() async throws {
        try await TestServer().test { caller in
            let first = try await caller.signIn()
            let second = try await caller.refresh(first.refresh).tokens()
            _ = try await caller.submit(["token": first.refresh], to: "/oauth/revoke")
            let refused = try await caller.refresh(second.refresh)
            #expect(try refused.member("error_description")?.contains("has ended") == true)
        }
    }

    @Test(
        "a revoked access token is inactive and its session goes on",
        .covers("RFC 7009 §2 access-tokens", "RFC 7009 §2.1 access-alone")
    )
    func revokeAccessToken() async throws {
        try await TestServer().test { caller in
            let tokens = try await caller.signIn()
            let answer = try await caller.submit(["token": tokens.access], to: "/oauth/revoke")
            #expect(answer.status == 200)
            #expect(try await caller.introspect(tokens.access).text == Self.inactive)
            #expect(try await caller.refresh(tokens.refresh).status == 200)
        }
    }

    @Test(
        "what is not this client's token is answered alike and changes nothing",
        .covers("RFC 7009 §2.1 own-token", "RFC 7009 §2.2 unknown-is-200")
    )
    func revokeForeign() async throws {
        try await TestServer().test { caller in
            let tokens = try await caller.signIn()
            for token in [tokens.refresh, tokens.access, "nonsense", "mrt_nonsense"] {
                let answer = try await caller.submit(
                    ["token": token],
                    to: "/oauth/revoke",
                    as: .other
                )
                #expect(answer.status == 200)
            }
            let access = try await caller.introspect(tokens.access)
            #expect(try access.json()["active"] == true)
            #expect(try await caller.refresh(tokens.refresh).status == 200)
        }
    }

    @Test(
        "a public client revokes its own token by naming itself",
        .covers("RFC 7009 §2.1 authenticates")
    )
    func revokeAsPublicClient() async throws {
        try await TestServer().test { caller in
            let tokens = try await caller.signIn(as: .spa)
            let answer = try await caller.submit(
                ["token": tokens.refresh],
                to: "/oauth/revoke",
                as: .spa
            )
            #expect(answer.status == 200)
            try await caller.refresh(tokens.refresh, as: .spa).expectError("invalid_grant")
        }
    }

    @Test(
        "an active access token shows its claims",
        .covers("RFC 7662 §2.2 active", "RFC 7662 §2.2 claims", "RFC 7662 §4 not-stored"),
        arguments: Door.allCases
    )
    func activeAccessToken(door: Door) async throws {
        let answer = try await TestServer().test(door) { caller in
            try await caller.introspect(caller.signIn().access)
        }
        #expect(answer.status == 200)
        answer.expectUncachedJSON()
        let json = try answer.json()
        let names = Set(json.members.map(\.name))
        #expect(
            names.isSuperset(of: [
                "active", "token_type", "iss", "sub", "aud", "client_id", "exp", "iat", "jti",
                "scope", "sid", "auth_time",
            ])
        )
        #expect(json["active"] == true)
        #expect(json["token_type"] == "Bearer")
        #expect(json["iss"] == .string(TestServer.issuer))
        #expect(json["sub"] == "account-of-alice")
        #expect(json["scope"] == "read write")
        #expect(json["exp"] == .integer(ManualClock.start.seconds + 600))
    }

    @Test(
        "an active refresh token shows its session, and only the newest is active",
        .covers("RFC 7662 §2.2 claims")
    )
    func activeRefreshToken() async throws {
        try await TestServer().test { caller in
            let first = try await caller.signIn()
            let json = try await caller.introspect(first.refresh).json()
            #expect(
                json.members.map(\.name) == [
                    "active", "scope", "client_id", "sub", "iss", "iat", "exp", "sid",
                ]
            )
            #expect(json["exp"] == .integer(ManualClock.start.seconds + 15 * 86_400))
            let second = try await caller.refresh(first.refresh).tokens()
            #expect(try await caller.introspect(first.refresh).text == Self.inactive)
            #expect(try await caller.introspect(second.refresh).json()["active"] == true)
            #expect(try await caller.refresh(second.refresh).status == 200, "a look ended it")
        }
    }

    @Test(
        "a token is found whatever the hint of an introspection says",
        .covers("RFC 7662 §2.1 hint")
    )
    func hints() async throws {
        try await TestServer().test { caller in
            let tokens = try await caller.signIn()
            for token in [tokens.access, tokens.refresh] {
                for hint in ["refresh_token", "access_token", "nonsense", ""] {
                    let answer = try await caller.submit(
                        ["token": token, "token_type_hint": hint],
                        to: "/oauth/introspect"
                    )
                    #expect(try answer.json()["active"] == true)
                }
            }
        }
    }

    @Test(
        "expired, foreign and made-up tokens are inactive, and nothing more is told",
        .covers(
            "RFC 7662 §2.2 inactive-alone",
            "RFC 7662 §2.3 inactive-is-200",
            "RFC 7662 §2.2 not-for-asker",
            "RFC 7662 §4 not-stored"
        )
    )
    func inactiveTokens() async throws {
        let test = try await TestServer()
        try await test.test { caller in
            let tokens = try await caller.signIn()
            #expect(try await caller.introspect(tokens.access, as: .other).text == Self.inactive)
            #expect(try await caller.introspect(tokens.refresh, as: .other).text == Self.inactive)
            for token in ["x", "mrt_x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "..", "\u{0}"] {
                let answer = try await caller.introspect(token)
                #expect(answer.text == Self.inactive)
                answer.expectUncachedJSON()
            }
            test.clock.advance(by: .minutes(10))
            #expect(try await caller.introspect(tokens.access).text == Self.inactive)
        }
    }

    @Test(
        "a resource asks with its own secret about tokens of its audience alone",
        .covers(
            "RFC 7662 §2.1 authorized",
            "RFC 7662 §2.2 per-resource",
            "RFC 7662 §2.3 unauthenticated"
        )
    )
    func resource() async throws {
        let test = try await TestServer()
        let made = try await test.server.createResource(TestServer.api, .init())
        let api = KnownClient(
            id: made.resource.introspectionID.rawValue,
            secret: made.secret.map { String(decoding: $0.bytes, as: UTF8.self) },
            metadata: [:]
        )
        try await test.test { caller in
            let access = try await caller.signIn().access
            #expect(try await caller.introspect(access, as: api).text == Self.inactive)
            let wrong = KnownClient(id: api.id, secret: "wrong", metadata: [:])
            try await caller.introspect(access, as: wrong)
                .expectError("invalid_client", status: 401)
            try await caller.submit(["token": access], to: "/oauth/revoke", as: api)
                .expectError("invalid_client", status: 401)
        }
    }

    @Test("a public client may not introspect", .covers("RFC 7662 §4 public-clients"))
    func publicClient() async throws {
        try await TestServer().test { caller in
            try await caller.introspect("x", as: .spa).expectError("invalid_client", status: 401)
        }
    }
}
