import MartletProtocol
import MartletTesting
import Testing

@testable import MartletCore

@Suite("Clients register themselves, as far as the operator lets them")
struct ClientRegistrationTests {
    @Test("a registration token's id never begins like an option of a command")
    func typedID() {
        let surroundings = Surroundings.manual(clock: ManualClock(), seed: 3)
        for _ in 0..<300 {
            let (id, text) = RegistrationToken.make(in: surroundings)
            #expect(!id.rawValue.hasPrefix("-"))
            #expect(RegistrationToken.id(in: String(decoding: text.bytes, as: UTF8.self)) == id)
        }
    }

    @Test(
        "an open server registers a client that can do nothing but sign people in",
        .covers(
            "RFC 7591 §3.2.1 created",
            "RFC 7591 §3.2.1 secret-expiry",
            "RFC 7591 §3.2.1 unique-id"
        )
    )
    func open() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register(["client_name": "Photos"])
        let client = try await world.server.client(made.id).value
        #expect(client.isSelfRegistered)
        #expect(client.metadata.name == "Photos")
        #expect(client.metadata.grantTypes == [.authorizationCode])
        #expect(
            made.json.object?.members.map(\.name) == [
                "client_id", "client_secret", "client_secret_expires_at", "client_id_issued_at",
                "client_name", "grant_types", "token_endpoint_auth_method", "scope",
                "redirect_uris", "response_types", "application_type", "subject_type",
                "id_token_signed_response_alg", "registration_access_token",
                "registration_client_uri",
            ]
        )
        #expect(try await world.otherProcess.client(made.id).value == client)
        #expect(try await world.register([:]).id != made.id)
        #expect(made.uri == "\(TestAuthorizationServer.issuer)/oauth/register/\(made.id)")
        #expect(
            try await world.events.first
                == .clientRegistered(made.id, token: nil, origin: world.origin())
        )
    }

    @Test(
        "what is stored tells neither of its tokens nor its secret",
        .covers("RFC 7592 §5 token-entropy")
    )
    func secrecy() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let token = try await world.registrationToken()
        let made = try await world.register([:], token: token)
        let client = try #require(
            try await world.storage.find(.client, id: made.id.rawValue).record
        )
        let records = try await world.storage.list(
            .registrationToken,
            owner: nil,
            after: nil,
            limit: 10
        ).records
        let stored = (records + [client]).map { String(decoding: $0.body, as: UTF8.self) }
        for secret in [token, made.token, try #require(made.json["client_secret"]?.string)] {
            #expect(stored.allSatisfy { !$0.contains(secret) && !$0.contains(secret.dropFirst(4)) })
        }
    }

    @Test("a public client gets no secret")
    func publicClient() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let made = try await world.register(["token_endpoint_auth_method": "none"])
        #expect(made.json["client_secret"] == nil)
        #expect(made.json["client_secret_expires_at"] == nil)
    }

    @Test("a server that is not told to registers nobody, with a token neither")
    func off() async throws {
        let world = try await TestAuthorizationServer()
        let token = try await world.registrationToken()
        for token in [nil, token] {
            await #expect(throws: BearerError.self) { try await world.register([:], token: token) }
        }
        #expect(try await world.server.clients().isEmpty)
    }

    @Test(
        "without an initial access token of the operator's nobody registers where one is wanted",
        .covers("RFC 7591 §3 initial-access-token")
    )
    func tokenNeeded() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let good = try await world.registrationToken()
        let missing = await #expect(throws: BearerError.self) { try await world.register([:]) }
        #expect(missing?.code == .tokenMissing)
        let other = try await world.register([:], token: try await world.registrationToken())
        for bad in [
            "x", "mri_", good + "A", String(good.dropLast()), String(good.dropLast()) + "A",
            "mri_" + String(repeating: "A", count: 59), good.uppercased(), other.token,
            try #require(other.json["client_secret"]?.string),
        ] where bad != good {
            let error = await #expect(throws: BearerError.self) {
                try await world.register([:], token: bad)
            }
            #expect(error?.code == .invalidToken, "\(bad)")
        }
        for malformed in ["Bearer", "Bearer a b", "Bearer é"] {
            let error = await #expect(throws: BearerError.self) {
                try await world.server.register(
                    world.registration([:], authorization: malformed)
                )
            }
            #expect(error?.code == .invalidRequest)
        }
        #expect(try await world.server.clients().count == 1)
    }

    @Test("an open server too refuses a token that is not good, and counts one that is")
    func openWithToken() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let token = try await world.registrationToken()
        await #expect(throws: BearerError.self) { try await world.register([:], token: "mri_x") }
        _ = try await world.register([:], token: token)
        await #expect(throws: BearerError.self) { try await world.register([:], token: token) }
    }

    @Test("an initial access token is good for its uses, its time, and until it is revoked")
    func tokenEnds() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let twice = try await world.registrationToken(uses: 2)
        for _ in 0..<2 { _ = try await world.register([:], token: twice) }
        await #expect(throws: BearerError.self) { try await world.register([:], token: twice) }

        let short = try await world.registrationToken(uses: 9, lifetime: .minutes(1))
        world.wait(.minutes(1) - .microseconds(1))
        _ = try await world.register([:], token: short)
        world.wait(.microseconds(1))
        await #expect(throws: BearerError.self) { try await world.register([:], token: short) }

        let revoked = try await world.registrationToken(uses: 9)
        let id = try #require(RegistrationToken.id(in: revoked))
        try await world.otherProcess.revokeRegistrationToken(id)
        await #expect(throws: BearerError.self) { try await world.register([:], token: revoked) }
        #expect(try await world.events.contains(.registrationTokenRevoked(id)))
    }

    @Test("metadata that is refused uses up no initial access token")
    func refusalIsFree() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let token = try await world.registrationToken()
        await #expect(throws: OAuthError.self) {
            try await world.register(["skip_consent": true], token: token)
        }
        _ = try await world.register([:], token: token)
    }

    @Test("of registrations at the same moment as many succeed as the token has uses")
    func race() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let token = try await world.registrationToken(uses: 3)
        let made = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask { (try? await world.register([:], token: token)) != nil }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 3)
        #expect(try await world.server.clients().count == 3)
        #expect(try await world.server.registrationTokens().first?.used == 3)
    }

    @Test("a registration between another's check and its save takes no use away from the count")
    func overtaken() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let token = try await world.registrationToken()
        world.storage.beforeNext(.save) { _ = try? await world.register([:], token: token) }
        await #expect(throws: BearerError.self) { try await world.register([:], token: token) }
        #expect(try await world.server.clients().count == 1)
    }

    @Test("an algorithm that a client is the first to ask for has keys from then on")
    func algorithm() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        _ = try await world.register(["userinfo_signed_response_alg": "EdDSA"])
        #expect(try await Set(world.keys.algorithms) == [.es256, .edDSA])
    }
}

@Suite("Self-registration is limited in rate and number")
struct RegistrationLimitTests {
    @Test(
        "a network registers twenty clients an hour, and others are not held up by it",
        .covers("RFC 7591 §3 limited")
    )
    func rate() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        for number in 0..<20 {
            _ = try await world.register([:], from: "2001:db8::\(number)")
        }
        world.wait(.minutes(10))
        let limited = await #expect(throws: RegistrationLimited.self) {
            try await world.register([:], from: "2001:db8::ffff")
        }
        #expect(limited?.retryAfter == .minutes(50))
        #expect(world.notices.take() == [.registrationLimited])
        _ = try await world.register([:], from: "2001:db8:0:1::1")
        world.wait(.minutes(50))
        _ = try await world.register([:], from: "2001:db8::ffff")
    }

    @Test("a refused registration does not count, one with an initial access token neither")
    func uncounted() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let token = try await world.registrationToken(uses: 30)
        for _ in 0..<30 {
            await #expect(throws: OAuthError.self) { try await world.register(["scope": 1]) }
            _ = try await world.register([:], token: token)
        }
        _ = try await world.register([:])
    }

    @Test(
        "when there are too many unused clients the oldest gives way, but not within its hour",
        .covers("RFC 7591 §3 limited")
    )
    func number() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let used = try await world.register([:])
        await world.server.noteUse(of: used.id)
        let token = try await world.registrationToken()
        let invited = try await world.register([:], token: token)
        world.wait(.seconds(1))
        let oldest = try await world.register([:])
        world.wait(.seconds(1))
        try await world.fill(AuthorizationServer.maximumUnusedClients - 1)

        let limited = await #expect(throws: RegistrationLimited.self) {
            try await world.register([:])
        }
        #expect(limited?.retryAfter == .hours(1) - .seconds(1))
        world.wait(.hours(1) - .seconds(1))
        let latest = try await world.register([:])
        let clients = Set(try await world.server.clients().map(\.id))
        let kept = [oldest, used, invited, latest].map { clients.contains($0.id) }
        #expect(kept == [false, true, true, true])
        #expect(clients.count == AuthorizationServer.maximumUnusedClients + 2)
        #expect(try await world.events.contains(.clientRemovedUnused(oldest.id)))
    }

    @Test("used clients are limited too")
    func usedClients() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        try await world.fill(AuthorizationServer.maximumUsedClients, isUsed: true)
        await #expect(throws: RegistrationLimited.self) { try await world.register([:]) }
        let token = try await world.registrationToken()
        _ = try await world.register([:], token: token)
    }

    @Test("a client that nobody signed in for is removed after thirty days, a used one stays")
    func housekeeping() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let unused = try await world.register([:])
        let noted = try await world.register([:])
        await world.server.noteUse(of: noted.id)
        let used = try await world.passwordClient(registered: try await world.register([:]))
        try await world.account()
        _ = try await world.signIn(used)
        let own = try await world.client()
        #expect(try await world.server.client(used.id).value.registration?.isUsed == true)

        let housekeeping = Housekeeping(storage: world.storage)
        world.wait(Housekeeping.unusedClientLifetime - .microseconds(1))
        _ = try await housekeeping.tidy(at: world.now)
        #expect(try await world.server.clients().count == 4)
        world.wait(.microseconds(1))
        #expect(try await !housekeeping.tidy(at: world.now).hasMore)
        #expect(
            Set(try await world.server.clients().map(\.id)) == [noted.id, used.id, own.id]
        )
        #expect(try await world.events.last == .clientRemovedUnused(unused.id))
    }

    @Test("a client with a session is not removed, if the note of its use was lost")
    func lostNote() async throws {
        let world = try await TestAuthorizationServer(registration: .open)
        let client = try await world.passwordClient(registered: try await world.register([:]))
        try await world.account()
        world.wait(Housekeeping.unusedClientLifetime)
        _ = try await world.signIn(client)
        let stored = try await world.server.client(client.id)
        var forgotten = stored.value
        forgotten.registration?.isUsed = false
        try await world.storage.save([.update(stored, to: forgotten)], events: [])
        _ = try await Housekeeping(storage: world.storage).tidy(at: world.now)
        #expect(try await world.server.clients().count == 1)
    }

    @Test("expired initial access tokens are removed, in batches")
    func tokens() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        for _ in 0...Housekeeping.registrationBatch {
            _ = try await world.registrationToken(lifetime: .minutes(1))
        }
        _ = try await world.registrationToken(lifetime: .minutes(2))
        world.wait(.minutes(1))
        let housekeeping = Housekeeping(storage: world.storage)
        #expect(try await world.server.registrationTokens().count == 1)
        #expect(try await housekeeping.tidy(at: world.now).hasMore)
        #expect(try await !housekeeping.tidy(at: world.now).hasMore)
        #expect(try await world.storage.all(RegistrationToken.self).0.count == 1)
    }
}

@Suite("Initial access tokens are made for so many clients and so long")
struct RegistrationTokenTests {
    @Test("what is out of bounds is refused", arguments: [0, -1, 10_001] as [Int64])
    func uses(uses: Int64) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError.self) {
            try await world.registrationToken(uses: uses)
        }
    }

    @Test("a lifetime out of bounds is refused", arguments: [.zero, .days(367)] as [Duration])
    func lifetime(lifetime: Duration) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError.self) {
            try await world.registrationToken(lifetime: lifetime)
        }
    }

    @Test("revoking one that there is not says so")
    func unknown() async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError.self) {
            try await world.server.revokeRegistrationToken(RegistrationTokenID(rawValue: "x"))
        }
    }

    @Test("one that is used at the same moment is revoked all the same")
    func race() async throws {
        let world = try await TestAuthorizationServer(registration: .token)
        let token = try await world.registrationToken(uses: 2)
        let id = try #require(RegistrationToken.id(in: token))
        world.storage.beforeNext(.save) { _ = try? await world.register([:], token: token) }
        try await world.server.revokeRegistrationToken(id)
        #expect(try await world.server.registrationTokens().isEmpty)
    }
}
