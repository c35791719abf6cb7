import Hummingbird
import HummingbirdTesting
import JWTKit
import MartletCore
import MartletProtocol
import MartletTesting
import Synchronization
import Testing

@testable import MartletServer

@Suite("Clients are told of logouts")
struct BackchannelLogoutServiceTests {
    private static let issuer = "http://localhost:3000"

    /// Runs a test while the service works; pauses pass at once and are noted.
    private func serve(
        _ test: TestServer,
        calls: OutgoingCalls = .unhurried(),
        _ body: @Sendable (_ pauses: Pauses) async throws -> Void
    ) async throws {
        let pauses = Pauses()
        let service = BackchannelLogoutService(
            server: test.server,
            calls: calls,
            log: ServerLog(test.log.logger, metrics: test.metrics),
            pause: { pauses.add($0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await service.run() }
            try await body(pauses)
            group.cancelAll()
        }
    }

    private func signOut(_ scene: LogoutScene) async throws {
        let person = try await scene.test.server.signedIn(
            by: scene.cookie,
            at: scene.test.clock.now
        )
        try await scene.test.server.signOut(try #require(person).signIn)
    }

    private struct LogoutToken: JWTPayload {
        var iss: IssuerClaim
        var sub: SubjectClaim
        var aud: AudienceClaim
        var exp: ExpirationClaim
        var iat: IssuedAtClaim
        var jti: IDClaim
        var sid: String
        var events: [String: [String: String]]

        func verify(using _: some JWTAlgorithm) async throws {
            try aud.verifyIntendedAudience(includes: "rp")
            try exp.verifyNotExpired(currentDate: iat.value)
        }
    }

    @Test(
        "one that fails twice is told the third time, with a token that JWTKit verifies",
        .covers("Back-Channel Logout §2.5 request", "Back-Channel Logout §2.8 failed")
    )
    func retried() async throws {
        let statuses: [HTTPResponse.Status] = [.internalServerError, .serviceUnavailable, .ok]
        try await Receiver.run(answering: statuses) { receiver, port in
            let scene = try await LogoutScene(
                issuer: Self.issuer,
                backchannel: "http://127.0.0.1:\(port)/backchannel"
            )
            let (hint, keys) = try await scene.test.test { caller in
                (try await scene.idToken(caller), try await caller.get("/oauth/jwks").text)
            }
            try await serve(scene.test) { pauses in
                try await signOut(scene)
                var tokens: [String] = []
                for _ in statuses {
                    let form = try await receiver.next()
                    #expect(form.pairs.map(\.name) == ["logout_token"])
                    tokens.append(try #require(try form.one("logout_token")))
                }
                #expect(pauses.all == Array(LogoutQueue.pauses.prefix(2)))
                #expect(Set(tokens).count == 3)
                let verifier = JWTKeyCollection()
                try await verifier.add(jwksJSON: keys)
                let snapshot = try await scene.test.server.directory.consultCurrent { $0.keys }
                let idToken = try #require(scene.test.server.issuedIDToken(hint, keys: snapshot))
                for token in tokens {
                    let claims = try await verifier.verify(token, as: LogoutToken.self)
                    #expect(claims.iss.value == Self.issuer)
                    #expect(claims.sub.value == idToken.subject)
                    #expect(claims.sid == idToken.sessionID)
                    #expect(
                        claims.events
                            == ["http://schemas.openid.net/event/backchannel-logout": [:]]
                    )
                }
            }
        }
    }

    @Test("a client that does not answer holds up no other, and the person not at all")
    func hanging() async throws {
        try await Receiver.hanging { dead in
            try await Receiver.run { receiver, port in
                let scene = try await LogoutScene(
                    issuer: Self.issuer,
                    backchannel: "http://127.0.0.1:\(dead)/backchannel"
                )
                let other = LogoutScene.client(
                    "other-rp",
                    backchannel: "http://127.0.0.1:\(port)/backchannel"
                )
                try await scene.test.register(other)
                try await scene.test.test { caller in
                    _ = try await scene.idToken(caller, of: other)
                    _ = try await scene.idToken(caller)
                }
                try await serve(scene.test) { _ in
                    try await signOut(scene)
                    #expect(try await receiver.next().one("logout_token") != nil)
                }
            }
        }
    }

    @Test("a client that refuses is not asked again")
    func refused() async throws {
        try await Receiver.run(answering: [.badRequest]) { receiver, port in
            let scene = try await LogoutScene(
                issuer: Self.issuer,
                backchannel: "http://127.0.0.1:\(port)/backchannel"
            )
            _ = try await scene.test.test { try await scene.idToken($0) }
            try await serve(scene.test) { pauses in
                try await signOut(scene)
                _ = try await receiver.next()
                // The next logout is told after the first one was judged.
                scene.test.server.signInEnds.add(
                    .everywhere(AccountID(rawValue: "account-of-alice"))
                )
                _ = try await receiver.next()
                #expect(pauses.all.isEmpty)
            }
            #expect(receiver.paths.count == 2)
        }
    }

    @Test("where the issuer is not on loopback, no address of this machine is called")
    func forbidden() async throws {
        try await Receiver.run { receiver, port in
            for (issuer, owner) in [
                (TestServer.issuer, ManagedBy.operator), (Self.issuer, .registration),
            ] {
                let scene = try await LogoutScene(
                    issuer: issuer,
                    backchannel: "http://127.0.0.1:\(port)/backchannel",
                    managedBy: owner
                )
                let logout = ClientLogout(
                    client: ClientID(rawValue: "rp"),
                    account: AccountID(rawValue: "account-of-alice"),
                    signIn: scene.cookie.id
                )
                let call = try #require(try await scene.test.server.call(for: logout))
                #expect(call.reach == .internet)
                await #expect(throws: OutgoingCalls.Failure.forbiddenAddress) {
                    try await OutgoingCalls.unhurried().post(
                        [("logout_token", call.token)],
                        to: call.uri,
                        reach: call.reach
                    )
                }
            }
            #expect(receiver.paths.isEmpty)
        }
    }

    @Test("a store that cannot be read for a moment loses no logout")
    func faulty() async throws {
        try await Receiver.run { receiver, port in
            let scene = try await LogoutScene(
                issuer: Self.issuer,
                backchannel: "http://127.0.0.1:\(port)/backchannel"
            )
            _ = try await scene.test.test { try await scene.idToken($0) }
            try await signOut(scene)
            scene.test.storage.fail(with: .unavailable("gone"))
            let service = BackchannelLogoutService(
                server: scene.test.server,
                calls: .unhurried(),
                log: ServerLog(scene.test.log.logger, metrics: scene.test.metrics),
                pause: { _ in scene.test.storage.fail(with: nil) }
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await service.run() }
                let form = try await receiver.next()
                group.cancelAll()
                #expect(try form.one("logout_token") != nil)
            }
        }
    }

    @Test("the running server tells the client when a person signs out with the browser")
    func endToEnd() async throws {
        try await Receiver.run { receiver, port in
            let scene = try await LogoutScene(
                issuer: Self.issuer,
                backchannel: "http://127.0.0.1:\(port)/backchannel"
            )
            try await scene.test.test(.socket) { caller in
                let hint = try await scene.idToken(caller)
                let answer = try await scene.get(caller, ["id_token_hint": hint])
                #expect(answer.status == 200)
                #expect(try await receiver.next().one("logout_token") != nil)
            }
        }
    }

    /// The pauses that were made.
    private final class Pauses: Sendable {
        private let made = Mutex<[Duration]>([])

        var all: [Duration] { made.withLock { $0 } }

        func add(_ pause: Duration) { made.withLock { $0.append(pause) } }
    }
}
