import Foundation
import HTTPTypes
import MartletCore
import MartletProtocol
import MartletResourceServer
import MartletTesting
import MartletTransport
import Synchronization
import Testing

@testable import MartletClient
@testable import MartletServer

/// An app that uses the client library, the real server behind a proxy, and an API; all of them by
/// one clock that the test moves.
struct ClientWorld: Sendable {
    /// The default life of an access token.
    static let life: Duration = .seconds(600)

    let server: TestServer
    let proxy: LossyProxy
    let caller: Caller
    var clock: ManualClock { server.clock }

    /// Runs a test in such a world.
    static func run(
        _ losses: LossyProxy.Losses = .none,
        _ body: @escaping @Sendable (ClientWorld) async throws -> Void
    ) async throws {
        try await LossyProxy.run(losses) { proxy in
            let server = try await TestServer(issuer: proxy.issuer)
            try await server.test(.socket) { caller in
                proxy.forward(to: try caller.port())
                try await body(ClientWorld(server: server, proxy: proxy, caller: caller))
            }
        }
    }

    /// What is longer than every wait between two questions is patience with a person.
    private static let patience: Duration = .seconds(600)

    /// The world's clock; who waits between two questions waits for a moment only, and who waits for
    /// a person waits for long.
    var surroundings: ClientSurroundings {
        let clock = clock
        return ClientSurroundings(
            now: { Date(timeIntervalSince1970: Double(clock.now.microseconds) / 1e6) },
            sleep: { duration in
                try await Task.sleep(for: duration > Self.patience ? duration : .milliseconds(1))
            }
        )
    }

    func client(
        _ id: String,
        secret: String? = nil,
        transport: (any HTTPTransport)? = nil
    ) -> OAuthClient {
        OAuthClient(
            issuer: proxy.issuer,
            clientID: id,
            authentication: secret.map { .secret(Secret($0)) } ?? .publicClient,
            transport: transport ?? AsyncHTTPClientTransport(),
            surroundings: surroundings
        )
    }

    func client(_ known: KnownClient, transport: (any HTTPTransport)? = nil) -> OAuthClient {
        client(known.id, secret: known.secret, transport: transport)
    }

    /// Registers a client.
    func register(_ metadata: JSONValue) async throws -> OAuthClient {
        let made = try await server.server.createClient(metadata: metadata)
        return client(made.client.id.rawValue, secret: made.secret?.text)
    }

    /// A session of alice's, signed in with her password.
    func session(of client: OAuthClient, store: any TokenStore) async throws -> OAuthSession {
        let session = OAuthSession(client: client, store: store)
        // A lost answer to a password is tried again by the person.
        for _ in 0..<20 {
            do {
                let tokens = try await client.password(
                    username: TestServer.username,
                    password: Secret(TestServer.password)
                )
                try await session.signIn(with: tokens)
                return session
            } catch let error as ClientError where error.isTemporary {
                continue
            }
        }
        Issue.record("every answer was lost")
        return session
    }
}

/// A folder that is thrown away, with a file of tokens in it.
final class TokenPlace: Sendable {
    let folder = FileManager.default.temporaryDirectory
        .appending(path: "martlet-session-\(UUID().uuidString)").path

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var path: String { folder + "/session.tokens" }
    var keyPath: String { folder + "/keys/tokens.key" }
    var store: FileTokenStore { FileTokenStore(path: path, key: .file(at: keyPath)) }
}

/// An API at an address of its own that takes the server's access tokens while they are good; all
/// other requests go to the network.
final class GuardedAPI: HTTPTransport {
    static let address = "https://api.example.com/notes"

    private struct State {
        /// Verified once: a signature does not change.
        var verified: [String: AccessTokenClaims] = [:]
        var refused: Set<String> = []
        var answered = 0
        var unauthorized = 0
    }

    private let network = AsyncHTTPClientTransport()
    private let verifier: AccessTokenVerifier
    private let clock: ManualClock
    private let state = Mutex(State())

    init(_ world: ClientWorld) {
        let clock = world.clock
        self.clock = clock
        let (network, issuer) = (network, world.proxy.issuer)
        let keys = FetchedKeySet {
            let url = try #require(URL(string: issuer + "/oauth/jwks"))
            let (data, _) = try await network.send(.init(.get, url), body: Data())
            return try JSONWebKeySet(json: JSONValue(parsing: Array(data)))
        }
        verifier = AccessTokenVerifier(
            issuer: issuer,
            audience: issuer,
            keys: keys,
            leeway: 0,
            secondsSince1970: { Double(clock.now.microseconds) / 1e6 }
        )
    }

    var answered: Int { state.withLock { $0.answered } }
    var unauthorized: Int { state.withLock { $0.unauthorized } }

    /// Refuses every token that it has seen so far.
    func refuseKnown() {
        state.withLock { $0.refused = Set($0.verified.keys) }
    }

    func send(_ request: HTTPRequest, body: Data) async throws -> (Data, HTTPResponse) {
        guard request.authority == "api.example.com" else {
            return try await network.send(request, body: body)
        }
        let header = request.headerFields[.authorization]
        guard case .token(let token) = BearerCredentials(authorization: header) else {
            return (Data(), HTTPResponse(status: .badRequest))
        }
        let known = state.withLock { $0.verified[token] }
        let claims: AccessTokenClaims?
        if let known { claims = known } else { claims = try? await verifier.verify(token).claims }
        let isGood = state.withLock { state in
            guard let claims, claims.expiresAt > clock.now.seconds,
                !state.refused.contains(token)
            else {
                state.unauthorized += 1
                return false
            }
            state.verified[token] = claims
            state.answered += 1
            return true
        }
        guard isGood else {
            let challenge: HTTPFields = [.wwwAuthenticate: #"Bearer error="invalid_token""#]
            return (Data(), HTTPResponse(status: .unauthorized, headerFields: challenge))
        }
        return (Data("notes".utf8), HTTPResponse(status: .ok))
    }
}
