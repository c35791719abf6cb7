import MartletProtocol
import Testing

@testable import MartletCore

@Suite("A device asks whether its person is done (RFC 8628 §3.4, §3.5)")
struct DeviceCodeGrantTests {
    @Test(
        "before the person decides the answer is authorization_pending, after yes it is tokens",
        .covers("RFC 8628 §3.5 pending", "RFC 8628 §3.4 exchange")
    )
    func story() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        let device = try await world.beginDevice(client, scope: "read openid")
        await #expect(throws: DeviceCodeGrant.pending) { try await world.poll(device, as: client) }
        world.wait(.seconds(5))
        let browser = try await world.browser(of: ada)
        _ = try await world.answer(device, in: browser)
        world.wait(.seconds(60))
        let tokens = try await world.poll(device, as: client)
        #expect(tokens.scope == Scope("read openid"))
        #expect(tokens.idToken != nil)
        let refresh = try #require(tokens.refresh).token
        let family = try await world.family(of: refresh).authorized
        #expect(family.account == ada.id)
        #expect(family.client == client.id)
        // The session is the device's, and knows when the person signed in.
        #expect(family.origin == TestAuthorizationServer.television)
        #expect(family.signIn == nil)
        #expect(family.authentication == browser.signIn.authentication)
        _ = try await world.refresh(refresh, as: client)
    }

    @Test(
        "a device that polls too fast is told to slow down, and waits five seconds more each time",
        .covers("RFC 8628 §3.5 slow-down")
    )
    func slowDown() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let device = try await world.beginDevice(client)
        let steps: [(wait: Int64, answer: OAuthError)] = [
            (0, DeviceCodeGrant.pending), (5, DeviceCodeGrant.pending),
            (4, DeviceCodeGrant.slowDown), (5, DeviceCodeGrant.slowDown),
            // By now the interval is 15 seconds.
            (15, DeviceCodeGrant.pending), (13, DeviceCodeGrant.slowDown),
            (20, DeviceCodeGrant.pending), (20, DeviceCodeGrant.pending),
        ]
        for step in steps {
            world.wait(.seconds(step.wait))
            await #expect(throws: step.answer) { try await world.poll(device, as: client) }
        }
        // Others are not slowed down with it.
        let other = try await world.beginDevice(client)
        await #expect(throws: DeviceCodeGrant.pending) { try await world.poll(other, as: client) }
    }

    @Test("who polls too fast gets tokens all the same once the person said yes")
    func slowDownThenTokens() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let (device, _) = try await world.approvedDevice(client, try await world.account())
        _ = try await world.poll(device, as: client)
    }

    @Test(
        "when the person says no, the device is told so, then and later",
        .covers("RFC 8628 §3.5 access-denied")
    )
    func denied() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        let device = try await world.beginDevice(client)
        _ = try await world.answer(device, .deny, in: browser)
        for _ in 0..<3 {
            await #expect(throws: OAuthError.denied) {
                try await world.poll(device, as: client)
            }
            world.wait(.minutes(4))
        }
    }

    @Test(
        "a code that is over is told apart from one that never was, for a while, approved or not",
        .covers("RFC 8628 §3.5 expired-token")
    )
    func expired() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let pending = try await world.beginDevice(client)
        let (approved, _) = try await world.approvedDevice(client, try await world.account())
        world.wait(.minutes(10) - .seconds(1))
        await #expect(throws: DeviceCodeGrant.pending) { try await world.poll(pending, as: client) }
        world.wait(.seconds(1))
        for device in [pending, approved] {
            await #expect(throws: DeviceCodeGrant.expired) {
                try await world.poll(device, as: client)
            }
        }
        world.wait(.minutes(10))
        for device in [pending, approved] {
            await #expect(throws: DeviceCodeGrant.invalid) {
                try await world.poll(device, as: client)
            }
        }
    }

    @Test(
        "another client learns nothing of a code and spoils nothing",
        .covers("RFC 8628 §3.4 own-code")
    )
    func otherClient() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let other = try await world.deviceClient()
        let ada = try await world.account()
        let device = try await world.beginDevice(client)
        func expectNothing() async {
            await #expect(throws: DeviceCodeGrant.invalid) {
                try await world.poll(device, as: other)
            }
        }
        await expectNothing()
        _ = try await world.answer(device, in: world.browser(of: ada))
        await expectNothing()
        let tokens = try await world.poll(device, as: client)
        await expectNothing()
        _ = try await world.refresh(try #require(tokens.refresh).token, as: client)
        let late = try await world.beginDevice(client)
        world.wait(.minutes(10))
        await #expect(throws: DeviceCodeGrant.invalid) { try await world.poll(late, as: other) }
    }

    @Test("a second use ends the session that came from it")
    func usedTwice() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let (device, _) = try await world.approvedDevice(client, try await world.account())
        let refresh = try #require(try await world.poll(device, as: client).refresh).token
        let newest = try await world.successor(of: refresh, as: client)
        _ = world.notices.take()
        await #expect(throws: DeviceCodeGrant.invalid) { try await world.poll(device, as: client) }
        let family = try await world.family(of: newest)
        let id = family.authorized.id
        #expect(world.notices.take() == [.sessionEnded(id, .codeReuse), .codeUsedTwice(id)])
        #expect(family.state.ended?.reason == .codeReuse)
        await #expect(throws: RefreshVerdict.ended) {
            try await world.refresh(newest, as: client)
        }
    }

    @Test("of twenty exchanges at the same moment one makes a session, and it is ended")
    func parallel() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let (device, _) = try await world.approvedDevice(client, try await world.account())
        let made = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        return try await world.poll(device, as: client).refresh?.token
                    } catch let error as OAuthError {
                        #expect(error == DeviceCodeGrant.invalid)
                        return nil
                    }
                }
            }
            return try await group.reduce(into: [String]()) { all, token in
                if let token { all.append(token) }
            }
        }
        #expect(made.count == 1)
        let families = try await world.storage.list(of: .all, before: nil, limit: 100)
        #expect(families.count == 1)
        #expect(families.first?.family?.state.ended?.reason == .codeReuse)
    }

    @Test("a poll that brings nothing yet costs one read and no write")
    func cost() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let device = try await world.beginDevice(client)
        await #expect(throws: DeviceCodeGrant.pending) { try await world.poll(device, as: client) }
        _ = world.storage.takeCalls()
        for answer in [DeviceCodeGrant.slowDown, DeviceCodeGrant.slowDown] {
            await #expect(throws: answer) { try await world.poll(device, as: client) }
            #expect(world.storage.takeCalls() == [.oneTime])
        }
        world.wait(.seconds(30))
        await #expect(throws: DeviceCodeGrant.pending) { try await world.poll(device, as: client) }
        #expect(world.storage.takeCalls() == [.oneTime])
        world.wait(.minutes(10))
        await #expect(throws: DeviceCodeGrant.expired) { try await world.poll(device, as: client) }
        #expect(world.storage.takeCalls() == [.oneTime])
    }

    @Test("signing out of the browser does not end the device's session")
    func signOut() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        let (before, browser) = try await world.approvedDevice(client, ada, scope: "read")
        let refresh = try #require(try await world.poll(before, as: client).refresh).token
        let (after, _) = try await world.approvedDevice(client, ada, scope: "read")
        #expect(try await world.server.signOut(browser.signIn))
        _ = try await world.refresh(refresh, as: client)
        _ = try await world.poll(after, as: client)
    }

    @Test("without its parameter, or for a client that may not, the request is refused")
    func malformed() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code" as String?)
        await #expect(throws: OAuthError(.invalidRequest, "The request has no device_code.")) {
            try await world.server.token(world.request([grant], as: client))
        }
        let other = try await world.client()
        let device = try await world.beginDevice(client)
        await #expect(
            throws: OAuthError(
                .unauthorizedClient,
                "The client is not registered for this grant type."
            )
        ) { try await world.poll(device, as: other) }
        for text in ["", "mdc_", "mdc_AAAA", device.userCode.shown, "\u{1F980}"] {
            await #expect(throws: OAuthError.self) {
                try await world.server.token(
                    world.request([grant, ("device_code", text)], as: client)
                )
            }
        }
    }

    @Test("an API that the person allowed is what the token is for")
    func resource() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource("https://api.example.com")
        let client = try await world.deviceClient(resources: ["https://api.example.com"])
        let (device, _) = try await world.approvedDevice(client, try await world.account())
        await #expect(throws: OAuthError.self) {
            try await world.poll(device, as: client, resource: "https://other.example.com")
        }
        let tokens = try await world.poll(device, as: client, resource: "https://api.example.com")
        let claims = try await world.claims(tokens.accessToken)
        #expect(claims.audience.contains("https://api.example.com"))
    }
}

@Suite("What ends between a person's yes and the device's exchange")
struct DeviceApprovalEndTests {
    /// What ends the sessions that the approval would bring one of.
    enum Event: CaseIterable {
        case accountDisabled, accountDisabledAndEnabled, passwordChanged, sessionsOfAccountEnded
        case accountDeleted, sessionsOfClientEnded, consentWithdrawn
    }

    @Test("the approval ends with what it rests on", arguments: Event.allCases)
    func ends(event: Event) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        let (device, _) = try await world.approvedDevice(client, ada)
        // The command line in another process.
        try await event.happen(to: ada, client.id, in: world)
        await #expect(throws: AuthorizationCodeGrant.ended) {
            try await world.poll(device, as: client)
        }
        let families = try await world.storage.list(of: .all, before: nil, limit: 10)
        #expect(families.isEmpty)
    }

    @Test("a deleted client's device gets nothing")
    func clientDeleted() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let (device, _) = try await world.approvedDevice(client, try await world.account())
        try await world.otherProcess.deleteClient(client.id)
        await #expect(throws: OAuthError.self) { try await world.poll(device, as: client) }
        let families = try await world.storage.list(of: .all, before: nil, limit: 10)
        #expect(families.isEmpty)
    }

    @Test("an account that is disabled in the very moment of the exchange gets no session")
    func moment() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        let (device, _) = try await world.approvedDevice(client, ada)
        world.storage.beforeNext(.insert) {
            _ = try? await world.otherProcess.disableAccount("ada")
        }
        await #expect(throws: AuthorizationCodeGrant.ended) {
            try await world.poll(device, as: client)
        }
    }
}

extension DeviceApprovalEndTests.Event {
    func happen(
        to account: Account,
        _ client: ClientID,
        in world: TestAuthorizationServer
    ) async throws {
        let operatorsServer = world.otherProcess
        let name = account.username
        switch self {
        case .accountDisabled: try await operatorsServer.disableAccount(name)
        case .accountDisabledAndEnabled:
            try await operatorsServer.disableAccount(name)
            try await operatorsServer.enableAccount(name)
        case .passwordChanged:
            try await operatorsServer.setPassword(of: name, to: Secret("another one, longer"))
        case .sessionsOfAccountEnded: try await operatorsServer.endSessions(ofAccount: name)
        case .accountDeleted: try await operatorsServer.deleteAccount(name)
        case .sessionsOfClientEnded: try await operatorsServer.endSessions(ofClient: client)
        case .consentWithdrawn:
            let id = Consent.recordID(account: account.id, client: client)
            let consent = try #require(try await world.storage.find(Consent.self, id: id).0)
            let withdrawn = operatorsServer.newEpoch(.consentWithdrawn)
            try await world.storage.save(
                [.update(consent, to: consent.value, epoch: withdrawn)],
                events: []
            )
        }
    }
}
