import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import MartletCore
import MartletProtocol
import MartletServer
import MartletTesting
import Testing

/// A server on a store in memory and a clock that stands still, with one account and a few
/// clients whose secrets the tests know.
struct TestServer {
    static let issuer = "https://login.example.com"
    static let api = "https://api.example.com"
    static let username = "alice"
    static let password = "pw-of-alice-77"
    /// Argon2id with the least memory and time that there is: the tests are not about its cost.
    private static let passwordHash =
        "$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$"
        + "bt87zUIZtaZAVNTbddrW7a2HxAnM5c9C2h9wqBRwMCE"

    let clock = ManualClock()
    let storage: FaultyStorage
    let log = RecordedLog()
    let metrics: ServerMetrics
    let server: AuthorizationServer
    /// What connections are encrypted with, if they are.
    var certificate: CurrentCertificate?
    var proxies = TrustedProxies.none
    var metricsPlace = MetricsPlace.besideThePages

    init(
        issuer: String = Self.issuer,
        registration: RegistrationMode = .off
    ) async throws {
        let clock = clock
        storage = FaultyStorage(InMemoryStorage(clock: { clock.now }))
        let logger = log.logger
        metrics = ServerMetrics(version: "test", start: clock.now)
        let surroundings = Surroundings.manual(clock: clock, seed: 7)
        let master = try #require(MasterKey(Secret(surroundings.randomBytes(MasterKey.length))))
        server = AuthorizationServer(
            settings: .init(issuer: issuer, loginAttempts: 3, registration: registration),
            storage: storage,
            masters: MasterKeys(current: master),
            surroundings: surroundings,
            notice: ServerLog(logger, metrics: metrics).notice
        )
        try await server.keyAdministration.prepare([.es256])
        for client in KnownClient.all { try await register(client) }
        try await registerAccount()
    }

    var app: some ApplicationProtocol { app { _ in } }

    func app(
        extend: (Router<ServerContext>) -> Void
    ) -> some ApplicationProtocol {
        ServerApplication.make(
            for: server,
            listening: .init(
                host: "127.0.0.1",
                port: 0,
                certificate: certificate,
                proxies: proxies,
                metricsPlace: metricsPlace
            ),
            logger: log.logger,
            metrics: metrics,
            extend: extend
        )
    }

    /// Runs a test in process or over a socket.
    func test<Value: Sendable>(
        _ door: Door = .router,
        _ body: @Sendable (Caller) async throws -> Value
    ) async throws -> Value {
        try await app.test(door.setup) { try await body(Caller(client: $0)) }
    }

    func register(_ known: KnownClient, managedBy: ManagedBy = .operator) async throws {
        let metadata = try ClientMetadata(json: known.metadata)
        let hash = try await server.directory.consultCurrent { snapshot in
            let key = try #require(snapshot.keys.clientSecretKey(at: clock.now))
            return known.secret.map { ClientSecretHash.keyed(Secret($0), with: key.1, id: key.0) }
        }
        let client = Client(
            id: ClientID(rawValue: known.id),
            metadata: metadata,
            secret: hash,
            createdAt: clock.now,
            managedBy: managedBy
        )
        try await storage.save([.create(client, epoch: epoch())], events: [])
    }

    private func registerAccount() async throws {
        let account = Account(
            id: AccountID(rawValue: "account-of-alice"),
            username: Self.username,
            email: nil,
            password: PasswordHash(encoded: Self.passwordHash),
            disabledAt: nil,
            createdAt: clock.now,
            managedBy: .operator
        )
        try await storage.save([.create(account, epoch: epoch())], events: [])
    }

    private func epoch() -> Epoch {
        Epoch(value: server.surroundings.random63(), changedAt: clock.now, reason: nil)
    }
}

/// How a request reaches the server: handed to the router, or sent through a socket.
enum Door: CaseIterable {
    case router
    case socket

    var setup: TestingSetup {
        switch self {
        case .router: .router
        case .socket: .live
        }
    }
}

/// A client that the test server knows.
struct KnownClient: Sendable {
    let id: String
    let secret: String?
    let metadata: JSONValue

    /// May do everything; overlap 0.
    static let app = KnownClient(
        id: "app",
        secret: "secret-of-app-51",
        metadata: [
            "grant_types": ["password", "refresh_token", "client_credentials"],
            "scope": "read write",
        ]
    )
    static let other = KnownClient(
        id: "other",
        secret: "secret-of-other-52",
        metadata: ["grant_types": ["password", "refresh_token"]]
    )
    static let overlapping = KnownClient(
        id: "overlapping",
        secret: "secret-of-overlapping-53",
        metadata: [
            "grant_types": ["password", "refresh_token"],
            "refresh_token_policy": ["overlap": 10],
        ]
    )
    static let spa = KnownClient(
        id: "spa",
        secret: nil,
        metadata: [
            "grant_types": ["password", "refresh_token"],
            "token_endpoint_auth_method": "none",
        ]
    )
    /// Has only client_credentials, and an identifier and a secret that form-encoding changes.
    static let odd = KnownClient(
        id: "odd:client +1",
        secret: "100% s\u{E9}cret:54",
        metadata: ["grant_types": ["client_credentials"], "scope": "read"]
    )

    static let all = [app, other, overlapping, spa, odd]

    /// The header that RFC 6749 §2.3.1 describes.
    var basic: String {
        let pair = Form.encode(id) + ":" + Form.encode(secret ?? "")
        return "Basic " + Data(pair.utf8).base64EncodedString()
    }
}
