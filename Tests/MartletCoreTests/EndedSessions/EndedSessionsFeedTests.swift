import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

@Suite("The feed of ended sessions")
struct EndedSessionsFeedTests {
    static let api = ResourceID(rawValue: "https://api.example.com")
    static let other = ResourceID(rawValue: "https://other.example.com")

    /// Two APIs, and a client whose tokens may be for the first.
    struct Scene {
        let world: TestAuthorizationServer
        let client: TestClient
        let credentials: TestClient

        init() async throws {
            world = try await TestAuthorizationServer()
            credentials = try await world.resource(api.rawValue)
            _ = try await world.resource(other.rawValue)
            client = try await world.client(resources: [api.rawValue])
            try await world.account("ada")
        }

        /// Ends a new session of Ada's; its `sid`.
        @discardableResult
        func end() async throws -> String {
            let token = try await world.newSession(client)
            let id = try await world.family(of: token).authorized.id
            _ = try await world.server.endSession(id)
            return id.description
        }

        func page(
            of resource: ResourceID = api,
            _ body: JSONValue = [:]
        ) async throws -> EndedSessionsPage {
            try await world.server.ended(EndedSessionsPoll(json: body), for: resource)
        }

        /// What the tokens of a page say, their signatures verified.
        func claims(_ page: EndedSessionsPage) async throws -> [SessionRevokedClaims] {
            try await world.claims(page)
        }

        func subjects(
            of resource: ResourceID = api,
            _ body: JSONValue = [:]
        ) async throws -> [SessionRevokedClaims.Subject] {
            try await claims(page(of: resource, body)).map(\.subject)
        }
    }

    @Test(
        "an ended session is told to the API that its tokens are for, in a signed token, and to no other",
        .covers(
            "RFC 8417 §2.3 type",
            "RFC 8417 §5.1 signed",
            "RFC 8936 §2.3 sets",
            "RFC 8936 §4.4 own-tokens"
        )
    )
    func told() async throws {
        let scene = try await Scene()
        let session = try await scene.end()
        let page = try await scene.page()
        let claims = try #require(try await scene.claims(page).first)
        #expect(page.tokens.count == 1)
        #expect(claims.issuer == TestAuthorizationServer.issuer)
        #expect(claims.audience == [Self.api.rawValue])
        #expect(claims.subject == .session(session))
        #expect(claims.endedAt == scene.world.now.seconds)
        #expect(claims.tokensExpireAt == scene.world.now.seconds + 601)
        #expect(page.tokens.first?.id == claims.tokenID)
        let foreign = try await scene.page(of: Self.other)
        #expect(foreign.tokens.isEmpty)
        #expect(foreign.mark == page.mark)
    }

    @Test("of a person's end each API hears the name that it knows the person by, and no other's")
    func pairwise() async throws {
        let scene = try await Scene()
        let pairwise = try await scene.world.client(
            grants: [.password, .refreshToken, .authorizationCode],
            resources: [Self.other.rawValue],
            redirectURIs: ["https://app.example.com/callback"],
            members: ["subject_type": "pairwise"]
        )
        let mine = try await scene.world.signIn(scene.client).accessToken
        let theirs = try await scene.world.signIn(pairwise).accessToken
        try await scene.world.server.disableAccount("ada")
        let name = try await scene.world.claims(mine).subject
        let otherName = try await scene.world.claims(theirs).subject
        #expect(name != otherName)
        #expect(try await scene.subjects() == [.person(name)])
        #expect(try await scene.subjects(of: Self.other) == [.person(otherName)])
        try await scene.world.account("eve")
        try await scene.world.server.disableAccount("eve")
        #expect(try await scene.subjects() == [.person(name)])
    }

    @Test(
        "whoever asks from a position hears what came after it, in order, within the bound",
        .covers("RFC 8936 §2.2 maximum", "RFC 8936 §2.3 more")
    )
    func pages() async throws {
        let scene = try await Scene()
        var sessions: [String] = []
        for _ in 0..<5 { sessions.append(try await scene.end()) }
        let first = try await scene.page(of: Self.api, ["maxEvents": 2])
        #expect(first.hasMore)
        let second = try await scene.page(
            of: Self.api,
            ["maxEvents": 2, "position": .string(first.mark.description)]
        )
        #expect(second.hasMore)
        let third = try await scene.page(
            of: Self.api,
            ["maxEvents": 2, "position": .string(second.mark.description)]
        )
        #expect(!third.hasMore)
        let all = try await [first, second, third].asyncFlatMap(scene.claims)
        #expect(all.map(\.subject) == sessions.map { .session($0) })
        let rest = try await scene.page(
            of: Self.api,
            ["position": .string(third.mark.description)]
        )
        #expect(rest.isEmpty)
        #expect(rest.mark == third.mark)
        let again = try await scene.page(of: Self.api, ["position": ""])
        #expect(again.tokens.map(\.id) == all.map(\.tokenID))
    }

    @Test("two instances of an API, at two nodes, hear the same")
    func instances() async throws {
        let scene = try await Scene()
        let session = try await scene.end()
        let poll = try EndedSessionsPoll(json: ["position": ""])
        let elsewhere = try await scene.world.otherProcess.ended(poll, for: Self.api)
        #expect(try await scene.claims(elsewhere).map(\.subject) == [.session(session)])
        #expect(try await scene.subjects(of: Self.api, ["position": ""]) == [.session(session)])
        #expect(try await scene.subjects(of: Self.api, ["position": ""]) == [.session(session)])
    }

    @Test(
        "without a position, what was acknowledged is not told again, and what was not is",
        .covers(
            "RFC 8936 §2.4 acknowledged",
            "RFC 8936 §2.4 redelivered",
            "RFC 8936 §2.2 acknowledge-only"
        )
    )
    func acknowledged() async throws {
        let scene = try await Scene()
        try await scene.end()
        let first = try await scene.page(of: Self.api, [:])
        #expect(try await scene.page(of: Self.api, [:]).tokens.map(\.id) == first.tokens.map(\.id))
        let ack: JSONValue = .array(first.tokens.map { .string($0.id) })
        let only = try await scene.page(of: Self.api, ["ack": ack, "maxEvents": 0])
        #expect(only.tokens.isEmpty)
        #expect(try await scene.page(of: Self.api, [:]).isEmpty)
        let session = try await scene.end()
        let page = try await scene.page(of: Self.api, [:])
        #expect(try await scene.claims(page).map(\.subject) == [.session(session)])
        let errors: JSONValue = .object(
            page.tokens.reduce(into: JSONObject()) { errors, token in
                errors[token.id] = ["err": "invalid_key", "description": "?"]
            }
        )
        #expect(try await scene.page(of: Self.api, ["setErrs": errors]).isEmpty)
    }

    @Test("what no access token can have survived is not told any more")
    func horizon() async throws {
        let scene = try await Scene()
        try await scene.end()
        scene.world.wait(.minutes(10))
        #expect(try await scene.subjects().count == 1)
        scene.world.wait(.microseconds(1))
        #expect(try await scene.subjects().isEmpty)
        _ = try await scene.world.client(accessTokenLifetime: 3600)
        #expect(try await scene.subjects().count == 1)
        scene.world.wait(.minutes(50))
        #expect(try await scene.subjects().isEmpty)
    }

    @Test("a store that was set back says that it does not know what ended since")
    func setBack() async throws {
        let scene = try await Scene()
        try await scene.end()
        let known = try await scene.page()
        for mark in [
            EndMark(position: EndPosition(2), at: known.mark.at),
            EndMark(position: known.mark.position, at: known.mark.at + .microseconds(1)),
        ] {
            let page = try await scene.page(
                of: Self.api,
                ["position": .string(mark.description)]
            )
            #expect(page.unknownBefore == scene.world.now)
            #expect(page.tokens.map(\.id) == known.tokens.map(\.id))
            #expect(page.mark == known.mark)
            let json = try JSONValue(parsing: page.json())
            #expect(json["unknownBefore"]?.integer == scene.world.now.seconds + 1)
        }
        let same = try await scene.page(
            of: Self.api,
            ["position": .string(known.mark.description)]
        )
        #expect(same.unknownBefore == nil)
    }

    @Test("whoever was away for longer than the log reaches misses nothing that matters")
    func away() async throws {
        let scene = try await Scene()
        try await scene.end()
        let old = try await scene.page().mark
        try await scene.end()
        scene.world.wait(.days(2))
        _ = try await Housekeeping(storage: scene.world.storage).tidy(at: scene.world.now)
        let session = try await scene.end()
        _ = try await Housekeeping(storage: scene.world.storage).tidy(at: scene.world.now)
        let page = try await scene.page(of: Self.api, ["position": .string(old.description)])
        #expect(page.unknownBefore == nil)
        #expect(try await scene.claims(page).map(\.subject) == [.session(session)])
    }

    @Test("a token is signed anew once its key was dropped, and the next is told with the new key")
    func keys() async throws {
        let scene = try await Scene()
        let session = try await scene.end()
        let before = try await scene.page().tokens
        #expect(try await scene.page().tokens.map(\.token) == before.map(\.token))
        try await scene.world.otherProcess.keyAdministration.rotateCompromised()
        let after = try await scene.page()
        #expect(try await scene.claims(after).map(\.subject) == [.session(session), .everything])
        #expect(after.tokens.first?.token != before.first?.token)
    }

    @Test(
        "only an API with its secret may follow",
        .covers("RFC 8936 §4.1 authenticated")
    )
    func credentials() async throws {
        let scene = try await Scene()
        let origin = Origin(address: "192.0.2.1", userAgent: "")
        let id = scene.credentials.id.rawValue
        let right = TestAuthorizationServer.basic(id, try #require(scene.credentials.secret))
        #expect(
            try await scene.world.server.follower(authorization: right, from: origin) == Self.api
        )
        let client = TestAuthorizationServer.basic(
            scene.client.id.rawValue,
            try #require(scene.client.secret)
        )
        let wrong = TestAuthorizationServer.basic(id, "wrong")
        for header in [nil, wrong, client, "Basic !", "Bearer x"] {
            let error = await #expect(throws: OAuthError.self) {
                try await scene.world.server.follower(authorization: header, from: origin)
            }
            #expect(error?.code == .invalidClient)
        }
    }

    @Test(
        "a malformed question is refused in words",
        arguments: [
            [], ["ack": "a"], ["ack": [1]], ["setErrs": []], ["maxEvents": -1],
            ["maxEvents": "2"], ["maxEvents": 1.5], ["returnImmediately": 1],
            ["position": 1], ["position": "1"], ["position": "a.b"], ["position": "-1.0"],
            ["position": "1.2.3.4"], ["position": "1.2.-3"], ["position": "1.2."],
            ["position": "99999999999999999999.1"],
            ["ack": .array(Array(repeating: "1.1.0", count: 2001))],
        ] as [JSONValue]
    )
    func malformed(body: JSONValue) {
        let error = #expect(throws: OAuthError.self) { try EndedSessionsPoll(json: body) }
        #expect(error?.code == .invalidRequest)
    }

    @Test("unknown members, and acknowledgements of what nobody handed out, are left alone")
    func lenient() throws {
        let poll = try EndedSessionsPoll(json: ["new": true, "ack": ["x", "1.2", ""]])
        #expect(poll == EndedSessionsPoll(start: .acknowledged(nil)))
        let most = try EndedSessionsPoll(json: ["maxEvents": 1_000_000])
        #expect(most.maximum == EndedSessionsPoll.maximumEvents)
    }

    @Test("whoever waits is told whom the new entries concern")
    func concerned() async throws {
        let scene = try await Scene()
        try await scene.end()
        let first = try await scene.world.server.concerned(behind: .start)
        #expect(first.audiences.map { $0.includes(Self.api) } == [true])
        #expect(first.audiences.map { $0.includes(Self.other) } == [false])
        try await scene.world.server.deleteClient(scene.client.id)
        let second = try await scene.world.server.concerned(behind: first.last)
        #expect(second.audiences.allSatisfy { $0.includes(Self.other) })
        #expect(try await scene.world.server.concerned(behind: second.last).audiences.isEmpty)
    }
}

extension TestAuthorizationServer {
    /// What the tokens of a page say, their signatures verified.
    func claims(_ page: EndedSessionsPage) async throws -> [SessionRevokedClaims] {
        let keys = try await keys
        return try page.tokens.map { _, token in
            let read = server.signedPayload(token, type: "secevent+jwt", keys: keys)
            let payload = try #require(read)
            let claims = try SessionRevokedClaims.read(payload)
            return try #require(claims)
        }
    }
}

extension Array {
    fileprivate func asyncFlatMap<Value>(
        _ transform: (Element) async throws -> [Value]
    ) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values += try await transform(element) }
        return values
    }
}
