import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import MartletResourceServer
@testable import MartletServer

/// A server with an API that follows its feed, and a client whose tokens are for that API.
struct FollowedServer {
    let world: TestServer
    let client: KnownClient
    /// The API as it authenticates.
    let api: KnownClient

    init() async throws {
        world = try await TestServer()
        let resource = try await world.server.createResource(
            TestServer.api,
            .init(scope: Scope("read write"))
        )
        api = KnownClient(
            id: resource.resource.introspectionID.rawValue,
            secret: resource.secret.map { String(decoding: $0.bytes, as: UTF8.self) },
            metadata: [:]
        )
        let metadata: JSONValue = [
            "grant_types": ["password", "refresh_token"], "scope": "read write",
            "allowed_resources": [.string(TestServer.api)],
        ]
        let made = try await world.server.createClient(metadata: metadata)
        client = KnownClient(
            id: made.client.id.rawValue,
            secret: made.secret.map { String(decoding: $0.bytes, as: UTF8.self) },
            metadata: metadata
        )
    }

    /// Another process on the same store: the command line.
    var commandLine: AuthorizationServer {
        AuthorizationServer(
            settings: world.server.settings,
            storage: world.storage,
            masters: world.server.directory.masters,
            surroundings: world.server.surroundings
        )
    }

    /// The server's clock, as libraries read it.
    var seconds: @Sendable () -> Double {
        { [clock = world.clock] in Double(clock.now.microseconds) / 1e6 }
    }

    /// The API's side: its guard, and what follows for it.
    func follow(port: Int) async throws -> (AccessTokenGuard, EndedSessionsFollower) {
        let ended = EndedSessions(secondsSince1970: seconds)
        let keys = IssuerKeys(
            issuer: TestServer.issuer,
            keySetURI: "http://127.0.0.1:\(port)/oauth/jwks",
            terms: .eager,
            secondsSince1970: seconds
        )
        let verifier = AccessTokenVerifier(
            issuer: TestServer.issuer,
            audience: TestServer.api,
            keys: keys,
            secondsSince1970: seconds
        )
        let follower = EndedSessionsFollower(
            issuer: TestServer.issuer,
            audience: TestServer.api,
            clientID: api.id,
            secret: Secret(try #require(api.secret)),
            into: ended,
            endpoint: "http://127.0.0.1:\(port)/oauth/ended-sessions",
            keys: keys,
            secondsSince1970: seconds
        )
        return (AccessTokenGuard(verifier, checks: [ended]), follower)
    }
}

extension FetchedKeySet.Terms {
    /// Keys are looked for whenever one is missing.
    fileprivate static var eager: FetchedKeySet.Terms {
        var terms = FetchedKeySet.Terms()
        terms.missingInterval = 0
        return terms
    }
}

@Suite("The feed of ended sessions over the network")
struct EndedSessionsEndpointTests {
    /// What ends a session, as the one who does it.
    enum Event: CaseIterable {
        case usedTwice, refreshTokenRevoked, accessTokenRevoked, sessionRevoked, userRevoked
        case clientRevoked, consentWithdrawn, userDisabled, userDeleted, passwordSet
        case clientDeleted, keysCompromised
    }

    @Test(
        "an access token that verifies is refused as soon as its session ends, without a call for it",
        .covers("RFC 8936 §2.2 long-poll"),
        arguments: Event.allCases
    )
    func refused(event: Event) async throws {
        let followed = try await FollowedServer()
        try await followed.world.test(.socket) { caller in
            let (tokens, follower) = try await followed.follow(port: caller.port())
            let session = try await caller.signIn(as: followed.client)
            #expect(await code(tokens, session.access) == .endedSessionsUnknown)
            try await follower.catchUp()
            #expect(await code(tokens, session.access) == nil)
            async let answered: Void = listen(follower, until: tokens, refuse: session.access)
            try await happen(event, to: session, followed, caller)
            await answered
            #expect(await code(tokens, session.access) == .invalidToken)
            #expect(follower.status.failure == nil)
            guard event != .clientDeleted, event != .userDisabled, event != .userDeleted,
                event != .passwordSet
            else { return }
            // Who signs in again is let in: what ended were tokens, not people.
            followed.world.clock.advance(by: .seconds(1))
            let next = try await caller.signIn(as: followed.client)
            #expect(await code(tokens, next.access) == nil)
        }
    }

    private func happen(
        _ event: Event,
        to session: Tokens,
        _ followed: FollowedServer,
        _ caller: Caller
    ) async throws {
        let commandLine = followed.commandLine
        let client = ClientID(rawValue: followed.client.id)
        switch event {
        case .usedTwice:
            for _ in 0..<2 {
                _ = try await caller.refresh(session.refresh, as: followed.client)
            }
        case .refreshTokenRevoked: try await revoke(session.refresh, followed, caller)
        case .accessTokenRevoked: try await revoke(session.access, followed, caller)
        case .sessionRevoked:
            let sessions = try await commandLine.sessions(ofAccount: nil, client: client)
            _ = try await commandLine.endSession(
                try #require(sessions.first).family.authorized.id
            )
        case .userRevoked: try await commandLine.endSessions(ofAccount: TestServer.username)
        case .clientRevoked: try await commandLine.endSessions(ofClient: client)
        case .consentWithdrawn:
            try await commandLine.withdrawConsent(of: TestServer.username, from: client)
        case .userDisabled: try await commandLine.disableAccount(TestServer.username)
        case .userDeleted: try await commandLine.deleteAccount(TestServer.username)
        case .passwordSet:
            try await commandLine.setPassword(of: TestServer.username, to: Secret("another"))
        case .clientDeleted: try await commandLine.deleteClient(client)
        case .keysCompromised:
            try await KeyAdministration(
                storage: followed.world.storage,
                masters: commandLine.directory.masters,
                surroundings: commandLine.surroundings
            ).rotateCompromised()
        }
    }

    private func revoke(
        _ token: String,
        _ followed: FollowedServer,
        _ caller: Caller
    ) async throws {
        let answer = try await caller.submit(
            ["token": token],
            to: "/oauth/revoke",
            as: followed.client
        )
        #expect(answer.status == 200)
    }

    /// Follows until a token is refused; each round is one answer of the server.
    private func listen(
        _ follower: EndedSessionsFollower,
        until tokens: AccessTokenGuard,
        refuse token: String
    ) async {
        for _ in 0..<100 {
            _ = await follower.round()
            if await code(tokens, token) != nil { return }
        }
    }

    private func code(
        _ tokens: AccessTokenGuard,
        _ token: String
    ) async -> AccessTokenError.Code? {
        switch await tokens.decide(authorization: ["Bearer \(token)"]) {
        case .granted: nil
        case .refused(let error, _): error.code
        }
    }

    // MARK: - The endpoint by itself

    private func poll(
        _ caller: Caller,
        _ body: String,
        as api: KnownClient?,
        type: String = "application/json"
    ) async throws -> Answer {
        try await caller.post(
            EndedSessionsEndpoint.path,
            body: body,
            as: api,
            headers: [.contentType: type]
        )
    }

    @Test(
        "an answer at once has the tokens, the position and nothing else",
        .covers("RFC 8936 §2.2 immediate", "RFC 8936 §2.3 sets", "RFC 8936 §2 post"),
        arguments: Door.allCases
    )
    func answers(door: Door) async throws {
        let followed = try await FollowedServer()
        try await followed.world.test(door) { caller in
            let empty = try await poll(
                caller,
                #"{"returnImmediately": true}"#,
                as: followed.api,
                type: "Application/JSON; charset=utf-8"
            )
            #expect(empty.status == 200)
            #expect(empty.text == #"{"sets":{},"position":"0.0"}"#)
            empty.expectUncachedJSON()
            let session = try await caller.signIn(as: followed.client)
            try await revoke(session.refresh, followed, caller)
            let answer = try await poll(caller, "{}", as: followed.api)
            let json = try answer.json()
            #expect(json.members.map(\.name) == ["sets", "position"])
            #expect(json["sets"]?.object?.count == 1)
        }
    }

    @Test(
        "who does not authenticate as an API is told nothing",
        .covers("RFC 8936 §4.1 authenticated")
    )
    func unauthenticated() async throws {
        let followed = try await FollowedServer()
        try await followed.world.test { caller in
            let stranger = KnownClient(id: followed.api.id, secret: "wrong", metadata: [:])
            for other in [nil, stranger, followed.client, .app, .spa] {
                let answer = try await poll(caller, "{}", as: other)
                try answer.expectError("invalid_client", status: 401)
            }
        }
    }

    @Test("what is no question is refused")
    func malformed() async throws {
        let followed = try await FollowedServer()
        try await followed.world.test { caller in
            for body in ["", "[]", "{", #"{"ack": 1}"#, #"{"position": "x"}"#] {
                try await poll(caller, body, as: followed.api).expectError("invalid_request")
            }
            try await poll(caller, "a=b", as: followed.api, type: "text/plain")
                .expectError("invalid_request")
            let long = #"{"x": ""# + String(repeating: "x", count: 70_000) + #""}"#
            try await poll(caller, long, as: followed.api).expectError("invalid_request")
        }
    }

    @Test("the metadata says where the feed is, and the follower finds it there")
    func discovered() async throws {
        let followed = try await FollowedServer()
        try await followed.world.test { caller in
            let metadata = try await caller.get("/.well-known/oauth-authorization-server")
            #expect(
                try metadata.member(ServerMetadataName.endedSessionsEndpoint)
                    == TestServer.issuer + EndedSessionsEndpoint.path
            )
        }
    }

    @Test("an API that started anew, or a server, misses nothing")
    func restarted() async throws {
        let followed = try await FollowedServer()
        let session = try await followed.world.test(.socket) { caller in
            let session = try await caller.signIn(as: followed.client)
            try await revoke(session.refresh, followed, caller)
            let (tokens, follower) = try await followed.follow(port: caller.port())
            try await follower.catchUp()
            #expect(await code(tokens, session.access) == .invalidToken)
            return session
        }
        try await followed.world.test(.socket) { caller in
            let (tokens, follower) = try await followed.follow(port: caller.port())
            try await follower.catchUp()
            #expect(await code(tokens, session.access) == .invalidToken)
        }
    }

    @Test("what an API could not read is in the operator's log")
    func reported() async throws {
        let followed = try await FollowedServer()
        try await followed.world.test { caller in
            let body = #"{"setErrs": {"1.1.0": {"err": "invalid_key"}}, "maxEvents": 0}"#
            let answer = try await poll(caller, body, as: followed.api)
            #expect(answer.status == 200)
        }
        let lines = followed.world.log.lines
        #expect(lines.contains { $0.contains("invalid_key") })
    }
}
