import MartletProtocol
import MartletTesting
import Synchronization
import Testing

@testable import MartletCore

/// The real server over the watched reference store, in a world of its own: a clock that stands
/// still until it is told to move, and chance from a seed.
struct TestAuthorizationServer {
    static let issuer = "https://login.example.com"
    static let masterSecret = Secret([UInt8](repeating: 0x11, count: MasterKey.length))

    let clock = ManualClock()
    let storage: WatchedStorage
    let notices = NoticeLog()
    let server: AuthorizationServer

    /// - Parameter loginAttempts: so many that only tests of the limit meet it.
    init(
        policy: RotationPolicy = .standard,
        accessTokenLifetime: Duration = .minutes(10),
        loginAttempts: Int = 10,
        registration: RegistrationMode = .off
    ) async throws {
        let settings = AuthorizationServer.Settings(
            issuer: Self.issuer,
            accessTokenLifetime: accessTokenLifetime,
            policy: policy,
            loginAttempts: loginAttempts,
            registration: registration
        )
        storage = WatchedStorage(InMemoryStorage { [clock] in clock.now })
        let master = try #require(MasterKey(Self.masterSecret))
        server = AuthorizationServer(
            settings: settings,
            storage: storage,
            masters: MasterKeys(current: master),
            surroundings: .manual(clock: clock, seed: 2),
            notice: { [notices] in notices.append($0) }
        )
        try await server.keyAdministration.prepare([.es256])
    }

    var now: Instant { clock.now }

    /// Lets this much time pass; nobody sleeps.
    func wait(_ duration: Duration) {
        clock.advance(by: duration)
    }

    /// Another process over the same store: the command line, or another node.
    var otherProcess: AuthorizationServer {
        AuthorizationServer(
            settings: server.settings,
            storage: storage,
            masters: server.directory.masters,
            surroundings: server.surroundings
        )
    }

    var keys: KeyRing {
        get async throws {
            try await server.directory.consultCurrent { $0.keys }
        }
    }

    /// All that was written to the history, the oldest first.
    var events: [AuditEvent] {
        get async throws {
            try await storage.events(of: .all, limit: 10_000).reversed().map(\.event)
        }
    }
}

/// What the operator would have seen.
final class NoticeLog: Sendable {
    private let notices = Mutex<[AuthorizationServer.Notice]>([])

    func append(_ notice: AuthorizationServer.Notice) {
        notices.withLock { $0.append(notice) }
    }

    /// What came since the last time.
    func take() -> [AuthorizationServer.Notice] {
        notices.withLock { notices in
            defer { notices = [] }
            return notices
        }
    }
}
