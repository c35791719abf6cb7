import Foundation
import HTTPTypes
import MartletProtocol
import MartletTransport
import Synchronization
import Testing

@testable import MartletClient

/// A clock that moves when somebody sleeps, or when the test says so.
final class SleepyClock: Sendable {
    static let start = Date(timeIntervalSince1970: 1_790_000_000)

    private let date = Mutex(SleepyClock.start)
    private let slept = Mutex<[Duration]>([])

    var now: Date { date.withLock { $0 } }
    /// How long somebody slept, each time.
    var sleeps: [Duration] { slept.withLock { $0 } }

    func advance(by duration: Duration) {
        date.withLock { $0 = $0 + duration }
    }

    var surroundings: ClientSurroundings {
        ClientSurroundings(
            now: { self.now },
            sleep: { duration in
                try Task.checkCancellation()
                self.slept.withLock { $0.append(duration) }
                self.advance(by: duration)
                await Task.yield()
            }
        )
    }
}

/// An authorization server that answers what the test wrote down, and remembers what it was asked.
final class ScriptedServer: HTTPTransport {
    static let issuer = "https://login.example.com"

    /// What a request is answered with.
    enum Reply: Sendable {
        case json(Int, JSONValue)
        case text(Int, String)
        /// The connection is cut.
        case lost
        /// The answer comes when the gate is opened.
        indirect case held(Gate, Reply)
        case computed(@Sendable (Asked) throws -> Reply)
        case header(Int, HTTPFields)
    }

    struct Asked: Sendable {
        let method: HTTPRequest.Method
        let address: String
        let header: HTTPFields
        let form: [String: String]
    }

    struct Cut: Error {}

    private struct State {
        var replies: [String: [Reply]] = [:]
        var standing: [String: Reply] = [:]
        var asked: [Asked] = []
    }

    private let state: Mutex<State>

    init() {
        var state = State()
        state.standing = [
            Self.issuer + "/.well-known/oauth-authorization-server": .json(200, Self.metadata)
        ]
        self.state = Mutex(state)
    }

    static let metadata: JSONValue = [
        "issuer": .string(issuer),
        "authorization_endpoint": .string(issuer + "/authorize"),
        "token_endpoint": .string(issuer + "/token"),
        "device_authorization_endpoint": .string(issuer + "/device"),
        "revocation_endpoint": .string(issuer + "/revoke"),
        "end_session_endpoint": .string(issuer + "/logout?theme=dark"),
        "jwks_uri": .string(issuer + "/jwks"),
        "authorization_response_iss_parameter_supported": true,
    ]

    /// Answers the next requests at a path, one reply each.
    func answers(_ path: String = "/token", _ replies: Reply...) {
        let address = path.hasPrefix("https:") ? path : Self.issuer + path
        state.withLock { $0.replies[address, default: []] += replies }
    }

    /// Answers every further request at a path.
    func always(_ path: String = "/token", _ reply: Reply?) {
        let address = path.hasPrefix("https:") ? path : Self.issuer + path
        state.withLock { $0.standing[address] = reply }
    }

    /// What was asked at a path, in order.
    func asked(_ path: String = "/token") -> [Asked] {
        let address = path.hasPrefix("https:") ? path : Self.issuer + path
        return state.withLock { $0.asked.filter { $0.address == address } }
    }

    func send(_ request: HTTPRequest, body: Data) async throws -> (Data, HTTPResponse) {
        let asked = Asked(
            method: request.method,
            address: request.address,
            header: request.headerFields,
            form: try FormParameters(parsing: Array(body)).pairs.reduce(into: [:]) {
                $0[$1.name] = $1.value
            }
        )
        let reply = state.withLock { state -> Reply? in
            state.asked.append(asked)
            guard state.replies[asked.address]?.isEmpty == false else {
                return state.standing[asked.address]
            }
            return state.replies[asked.address]?.removeFirst()
        }
        return try await answer(reply ?? .text(404, "Not found"), to: asked)
    }

    private func answer(_ reply: Reply, to asked: Asked) async throws -> (Data, HTTPResponse) {
        switch reply {
        case .json(let status, let json):
            return (Data(json.encoded()), HTTPResponse(status: .init(code: status)))
        case .text(let status, let text):
            return (Data(text.utf8), HTTPResponse(status: .init(code: status)))
        case .header(let status, let header):
            return (Data(), HTTPResponse(status: .init(code: status), headerFields: header))
        case .lost:
            throw Cut()
        case .held(let gate, let reply):
            await gate.pass()
            return try await answer(reply, to: asked)
        case .computed(let reply):
            return try await answer(try reply(asked), to: asked)
        }
    }
}

/// Holds back whoever wants to pass until it is opened, and tells when somebody has come.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var held: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
        var hasVisitor = false
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let (isOpen, watchers) = state.withLock { state in
                state.hasVisitor = true
                if !state.isOpen { state.held.append(continuation) }
                defer { state.watchers = [] }
                return (state.isOpen, state.watchers)
            }
            if isOpen { continuation.resume() }
            watchers.forEach { $0.resume() }
        }
    }

    /// Returns once somebody stands before the gate.
    func visitor() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if !state.hasVisitor { state.watchers.append(continuation) }
                return state.hasVisitor
            }
            if isThere { continuation.resume() }
        }
    }

    func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        held.forEach { $0.resume() }
    }
}

/// An app, its server, and the time.
struct World {
    static let clientID = "notes"

    let clock = SleepyClock()
    let server = ScriptedServer()
    let key: SigningKey

    init(_ algorithm: SignatureAlgorithm = .es256) throws {
        key = try SigningKey.generate(for: algorithm)
        var keys = JSONWriter()
        JSONWebKeySet([key.publicKey]).write(to: &keys)
        server.always("/jwks", .json(200, try JSONValue(parsing: keys.bytes)))
    }

    func client(
        _ authentication: OAuthClient.Authentication = .publicClient,
        issuer: String = ScriptedServer.issuer
    ) -> OAuthClient {
        OAuthClient(
            issuer: issuer,
            clientID: Self.clientID,
            authentication: authentication,
            transport: server,
            surroundings: clock.surroundings
        )
    }

    /// The claims of a good ID token, at this moment.
    func claims(_ change: (inout IDTokenClaims) -> Void = { _ in }) -> IDTokenClaims {
        let now = Int64(clock.now.timeIntervalSince1970)
        var claims = IDTokenClaims(
            issuer: ScriptedServer.issuer,
            subject: "ada",
            audience: [Self.clientID],
            issuedAt: now,
            expiresAt: now + 300
        )
        claims.authenticationTime = now - 10
        change(&claims)
        return claims
    }

    func idToken(
        type: String = "JWT",
        _ change: (inout IDTokenClaims) -> Void = { _ in }
    ) throws -> String {
        try JSONWebSignature.sign(payload: claims(change).encoded(), type: type, with: key)
    }

    /// An answer of the token endpoint: the tokens of a generation.
    static func tokens(
        _ generation: Int,
        expiresIn: Int64 = 600,
        _ more: [String: JSONValue] = [:]
    ) -> ScriptedServer.Reply {
        var json = JSONObject()
        json["access_token"] = .string("access-\(generation)")
        json["token_type"] = "Bearer"
        json["expires_in"] = .integer(expiresIn)
        json["refresh_token"] = .string("refresh-\(generation)")
        for (name, value) in more { json[name] = value }
        return .json(200, .object(json))
    }

    static func refusal(_ error: String, _ sentence: String? = nil) -> ScriptedServer.Reply {
        var json = JSONObject()
        json["error"] = .string(error)
        json["error_description"] = sentence.map { .string($0) }
        return .json(400, .object(json))
    }

    /// The tokens of a generation as they were received now.
    func tokenSet(
        _ generation: Int,
        life: Duration? = .seconds(600),
        refresh: Bool = true
    ) -> TokenSet {
        TokenSet(
            accessToken: Secret("access-\(generation)"),
            accessTokenExpiresAt: life.map { clock.now + $0 },
            refreshToken: refresh ? Secret("refresh-\(generation)") : nil,
            sessionExpiresAt: nil,
            scope: nil,
            idToken: nil,
            receivedAt: clock.now
        )
    }
}

/// A value that one task notes and another looks at.
final class Noted<Value: Sendable>: Sendable {
    private let noted: Mutex<Value>

    init(_ value: Value) {
        noted = Mutex(value)
    }

    var value: Value {
        get { noted.withLock { $0 } }
        set { noted.withLock { $0 = newValue } }
    }
}

/// What a body throws, if it is an error of the client.
func clientError(
    _ location: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> ClientError? {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: location)
        return nil
    } catch let error as ClientError {
        return error
    } catch {
        Issue.record("another error: \(error)", sourceLocation: location)
        return nil
    }
}
