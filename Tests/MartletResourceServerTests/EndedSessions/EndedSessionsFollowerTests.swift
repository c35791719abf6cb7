import Foundation
import HTTPTypes
import MartletProtocol
import MartletTransport
import Synchronization
import Testing

@testable import MartletResourceServer

@Suite("Following the feed of ended sessions")
struct EndedSessionsFollowerTests {
    /// An issuer whose answers the test writes beforehand; it keeps the questions.
    private final class Feed: HTTPTransport {
        struct Down: Error {}

        enum Reply {
            case json(JSONValue)
            case status(Int)
            case nothing
        }

        private let replies: Mutex<[Reply]>
        private let asked = Mutex<[JSONValue]>([])
        private let headers = Mutex<[HTTPFields]>([])

        init(_ replies: [Reply]) {
            self.replies = Mutex(replies)
        }

        var questions: [JSONValue] { asked.withLock { $0 } }
        var fields: [HTTPFields] { headers.withLock { $0 } }

        func send(_ request: HTTPRequest, body: Data) async throws -> (Data, HTTPResponse) {
            let question = try JSONValue(parsing: Array(body))
            asked.withLock { $0.append(question) }
            headers.withLock { $0.append(request.headerFields) }
            let reply = replies.withLock { $0.isEmpty ? Reply.nothing : $0.removeFirst() }
            switch reply {
            case .json(let json): return (Data(json.encoded()), HTTPResponse(status: .ok))
            case .status(let code): return (Data(), HTTPResponse(status: .init(code: code)))
            case .nothing: throw Down()
            }
        }
    }

    private let forge: Forge
    private let ended = EndedSessions(secondsSince1970: { Double(Forge.now) })

    init() throws {
        forge = try Forge()
    }

    private func follower(
        _ feed: Feed,
        endpoint: String = "https://login.example.com/oauth/ended-sessions"
    ) -> EndedSessionsFollower {
        let document = IssuerDocument(
            issuer: Forge.issuer,
            transport: feed,
            secondsSince1970: { Double(Forge.now) }
        )
        return EndedSessionsFollower(
            call: EndedSessionsCall(
                credentials: BasicCredentials(clientID: "mrs_1", secret: Secret("secret")),
                endpoint: endpoint,
                document: document,
                transport: feed
            ),
            check: SecurityEventCheck(
                issuer: Forge.issuer,
                audience: Forge.audience,
                algorithms: [.es256],
                keys: forge.keys
            ),
            ended: ended,
            secondsSince1970: { Double(Forge.now) },
            pause: { _ in },
            chance: { 0.5 }
        )
    }

    private func event(
        _ id: String,
        _ session: String,
        type: String = SessionRevokedClaims.type,
        key: SigningKey? = nil,
        _ change: (inout SessionRevokedClaims) -> Void = { _ in }
    ) throws -> JSONValue {
        var claims = SessionRevokedClaims(
            issuer: Forge.issuer,
            audience: [Forge.audience],
            issuedAt: Forge.now,
            tokenID: id,
            subject: .session(session),
            endedAt: Forge.now,
            tokensExpireAt: Forge.now + 600
        )
        change(&claims)
        return .string(
            try JSONWebSignature.sign(
                payload: claims.encoded(),
                type: type,
                with: key ?? forge.key
            )
        )
    }

    private func answer(_ members: KeyValuePairs<String, JSONValue>) -> Feed.Reply {
        var object = JSONObject()
        for (name, value) in members { object[name] = value }
        return .json(.object(object))
    }

    @Test(
        "it asks from where it is, takes in all pages, and acknowledges what it took in",
        .covers("RFC 8936 §2 post", "RFC 8936 §2.4 recipient-acknowledges")
    )
    func pages() async throws {
        let feed = Feed([
            answer([
                "sets": ["a": try event("a", "session-1")], "moreAvailable": true,
                "position": "1",
            ]),
            answer(["sets": ["b": try event("b", "session-2")], "position": "2"]),
            answer(["sets": [:], "position": "3"]),
        ])
        let follower = follower(feed)
        #expect(!follower.status.known.isCurrent)
        try await follower.catchUp()
        #expect(follower.status.known.isCurrent)
        #expect(follower.status.known.count == 2)
        try await follower.catchUp()
        #expect(
            feed.questions == [
                ["position": "", "returnImmediately": true],
                ["position": "1", "ack": ["a"], "returnImmediately": true],
                ["position": "2", "ack": ["b"], "returnImmediately": true],
            ]
        )
        let header = try #require(feed.fields.first)
        #expect(header[.contentType] == "application/json")
        #expect(header[.authorization] == "Basic bXJzXzE6c2VjcmV0")
    }

    @Test("it knows everything only when there is no more to come")
    func notYet() async throws {
        let feed = Feed([answer(["sets": [:], "moreAvailable": true, "position": "1"])])
        let follower = follower(feed)
        await #expect(throws: Feed.Down.self) { try await follower.catchUp() }
        #expect(!follower.status.known.isCurrent)
    }

    @Test(
        "a token that it cannot believe is reported, and nothing is taken for known",
        .covers(
            "RFC 8936 §2.4 recipient-errors",
            "RFC 8936 §2.6 codes",
            "RFC 8417 §2.3 type",
            "RFC 8417 §5.1 signed"
        )
    )
    func refused() async throws {
        let stranger = try Forge()
        let cases: [(JSONValue, String)] = [
            ("no token", "invalid_request"),
            (try event("a", "session-1", type: "at+jwt"), "invalid_request"),
            (try event("a", "session-1", key: stranger.key), "invalid_key"),
            (try event("a", "session-1") { $0.issuer = "https://e.example" }, "invalid_issuer"),
            (try event("a", "session-1") { $0.audience = ["urn:other"] }, "invalid_audience"),
            (try event("b", "session-1"), "invalid_request"),
        ]
        for (token, code) in cases {
            let feed = Feed([
                answer([
                    "sets": ["z": try event("z", "session-9"), "a": token], "position": "1",
                ])
            ])
            let follower = follower(feed)
            await #expect(throws: EndpointCall.Failure.self) {
                try await follower.catchUp()
            }
            #expect(follower.status.known.count == 0)
            #expect(!follower.status.known.isCurrent)
            await #expect(throws: Feed.Down.self) { try await follower.catchUp() }
            let question = try #require(feed.questions.last)
            #expect(question["position"] == "")
            #expect(question["ack"] == nil)
            #expect(question["setErrs"]?["a"]?["err"]?.string == code)
        }
    }

    @Test("an altered signature is reported as such")
    func altered() async throws {
        let event = try event("a", "session-1")
        var text = try #require(event.string)
        let last = text.removeLast()
        text.append(last == "A" ? "Q" : "A")
        let feed = Feed([answer(["sets": ["a": .string(text)], "position": "1"])])
        let follower = follower(feed)
        await #expect(throws: EndpointCall.Failure.self) { try await follower.catchUp() }
        #expect(follower.status.known.count == 0)
    }

    @Test("a loss is noted, and what was known before stays known")
    func loss() async throws {
        let feed = Feed([
            answer(["sets": ["a": try event("a", "session-1")], "position": "9"]),
            answer(["sets": [:], "position": "1", "unknownBefore": .integer(Forge.now + 1)]),
        ])
        let follower = follower(feed)
        try await follower.catchUp()
        try await follower.catchUp()
        #expect(follower.status.known.unknownBefore == Forge.now + 1)
        #expect(follower.status.known.count == 1)
        #expect(ended.standing(of: Forge.claims, at: Double(Forge.now)) == .ended)
    }

    @Test(
        "whatever goes wrong is tried again, from the same position, after growing pauses",
        arguments: [401, 503, 200]
    )
    func triedAgain(status: Int) async throws {
        let feed = Feed([
            answer(["sets": [:], "position": "4"]), .nothing, .status(status), .status(status),
            answer(["sets": ["a": try event("a", "session-1")], "position": "5"]),
        ])
        let follower = follower(feed)
        for _ in 0..<4 { _ = await follower.round() }
        #expect(follower.status.failures == 3)
        #expect(follower.status.failure != nil)
        _ = await follower.round()
        #expect(follower.status.failures == 0)
        #expect(follower.status.failure == nil)
        #expect(follower.status.known.count == 1)
        #expect(
            feed.questions.map { $0["position"]?.string } == ["", "4", "4", "4", "4"]
        )
        #expect(
            feed.questions.map { $0["returnImmediately"]?.bool } == [
                true, false, true, true, true,
            ],
            "only who knows everything so far waits for more"
        )
    }

    @Test("pauses double, are spread, and have an end")
    func pauses() {
        let rests = (1...8).map { EndedSessionsFollower.rest(afterFailures: $0, chance: 1) }
        let seconds = [0.5, 1, 2, 4, 8, 15, 15, 15].map { Duration.milliseconds($0 * 1000) }
        #expect(rests == seconds)
        #expect(
            EndedSessionsFollower.rest(afterFailures: 3, chance: 0) == .milliseconds(1000)
        )
        #expect(EndedSessionsFollower.rest(afterFailures: .max, chance: 1) == .seconds(15))
    }

    @Test("an issuer that answers at once with nothing is not asked all the time")
    func paced() async throws {
        let feed = Feed([
            answer(["sets": [:], "position": "4"]),
            answer(["sets": ["a": try event("a", "session-1")], "position": "5"]),
        ])
        let follower = follower(feed)
        #expect(await follower.round() == .milliseconds(500))
        #expect(await follower.round() == .zero)
    }

    @Test(
        "credentials never travel without TLS",
        .covers("RFC 8936 §4.3 confidential")
    )
    func confidential() async throws {
        let feed = Feed([])
        let follower = follower(feed, endpoint: "http://login.example.com/oauth/ended-sessions")
        await #expect(throws: EndpointCall.Failure.self) { try await follower.catchUp() }
        #expect(feed.questions.isEmpty)
    }

    @Test("following ends with its task")
    func cancelled() async throws {
        let follower = follower(Feed([]))
        let following = Task { await follower.run() }
        following.cancel()
        await following.value
    }
}
