import MartletProtocol
import Testing

@testable import MartletCore

@Suite("A person answers a device")
struct DeviceApprovalTests {
    @Test(
        "the person sees which app asks, from where, for what",
        .covers("RFC 8628 §5.4 phishing")
    )
    func shown() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        let device = try await world.beginDevice(client, scope: "read")
        let typed = device.userCode.shown.lowercased()
        let waiting = try #require(try await world.look(up: typed, in: browser).waiting)
        #expect(waiting.client.id == client.id)
        #expect(waiting.scope == Scope("read"))
        #expect(waiting.origin == TestAuthorizationServer.television)
        #expect(waiting.userCode == device.userCode)
    }

    @Test(
        "a code that was never shown, has expired or was answered is unknown",
        .covers("RFC 8628 §3.3 expired-code")
    )
    func unknown() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let account = try await world.account()
        let browser = try await world.browser(of: account)
        #expect(try await world.look(up: "BBBB-BBBB", in: browser).isUnknown)
        #expect(try await world.look(up: "not a code", in: browser).isUnknown)

        let expired = try await world.beginDevice(client)
        world.wait(.minutes(10))
        #expect(try await world.look(up: expired.userCode.shown, in: browser).isUnknown)
        #expect(try await world.answer(expired, in: browser).isUnknown)

        let (answered, _) = try await world.approvedDevice(client, account)
        #expect(try await world.look(up: answered.userCode.shown, in: browser).isUnknown)
    }

    @Test("who sends the form twice is told the same twice; the other answer comes too late")
    func twice() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        let (allowed, browser) = try await world.approvedDevice(client, ada)
        #expect(try await world.answer(allowed, in: browser).isDone(.allow))
        #expect(try await world.answer(allowed, .deny, in: browser).isUnknown)
        _ = try await world.poll(allowed, as: client)
        #expect(try await world.answer(allowed, in: browser).isDone(.allow))

        let denied = try await world.beginDevice(client)
        #expect(try await world.answer(denied, .deny, in: browser).isDone(.deny))
        #expect(try await world.answer(denied, .deny, in: browser).isDone(.deny))
        #expect(try await world.answer(denied, in: browser).isUnknown)
    }

    @Test("a code that somebody answered is nobody else's to answer")
    func otherPerson() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let (device, _) = try await world.approvedDevice(client, try await world.account())
        let eve = try await world.browser(of: world.account("eve"))
        #expect(try await world.answer(device, in: eve).isUnknown)
        #expect(try await world.answer(device, .deny, in: eve).isUnknown)
        let tokens = try await world.poll(device, as: client)
        #expect(try await world.claims(tokens.accessToken).subject == "account-of-ada")
    }

    @Test("of two people who answer at the same moment one is told that it is over")
    func race() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let device = try await world.beginDevice(client)
        let ada = try await world.browser(of: world.account())
        let eve = try await world.browser(of: world.account("eve"))
        let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
            for browser in [ada, eve, ada, eve] {
                group.addTask { try await world.answer(device, in: browser).isDone(.allow) }
            }
            return try await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(answers.filter { $0 }.count == 2)
    }

    @Test("what a person allows a device is their consent, and is told in the history")
    func consent() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        _ = try await world.approvedDevice(client, ada, scope: "read")
        let id = Consent.recordID(account: ada.id, client: client.id)
        let consent = try #require(try await world.storage.find(Consent.self, id: id).0)
        #expect(consent.value.scope == Scope("read"))
        #expect(
            try await world.events.contains(.consentGiven(account: ada.id, client: client.id))
        )
    }

    @Test("who says no gives no consent")
    func denied() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let ada = try await world.account()
        let browser = try await world.browser(of: ada)
        #expect(try await world.answer(world.beginDevice(client), .deny, in: browser).isDone(.deny))
        let id = Consent.recordID(account: ada.id, client: client.id)
        #expect(try await world.storage.find(Consent.self, id: id).0 == nil)
    }

    @Test("a client that is deleted, or may not any more, has no device that waits")
    func clientGone() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        let device = try await world.beginDevice(client)
        _ = try await world.server.updateClient(
            client.id,
            metadata: client.metadata("grant_types", ["password", "refresh_token"])
        )
        #expect(try await world.look(up: device.userCode.shown, in: browser).isUnknown)
        try await world.server.deleteClient(client.id)
        #expect(try await world.answer(device, in: browser).isUnknown)
    }
}

@Suite("Guessing at the codes of devices")
struct UserCodeGuessTests {
    @Test(
        "after five wrong codes from one address nothing is looked up for a quarter of an hour",
        .covers("RFC 8628 §5.1 guessing")
    )
    func limited() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        let device = try await world.beginDevice(client)
        for code in ["BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF", "GGGG-GGGG"] {
            #expect(try await world.look(up: code, in: browser).isUnknown)
        }
        _ = world.storage.takeCalls()
        _ = world.notices.take()
        let right = device.userCode.shown
        #expect(try await world.look(up: right, in: browser).isTooManyAttempts)
        guard case .tooManyAttempts = try await world.answer(device, in: browser) else {
            Issue.record("the form is not limited")
            return
        }
        #expect(world.storage.takeCalls().isEmpty)
        #expect(world.notices.take() == [.userCodesLimited, .userCodesLimited])
        world.wait(.minutes(15))
        let next = try await world.beginDevice(client).userCode.shown
        #expect(try await world.look(up: next, in: browser).waiting != nil)
    }

    @Test("right codes between the wrong ones forgive none of them")
    func interleaved() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        let own = try await world.beginDevice(client).userCode.shown
        for code in ["BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD", "FFFF-FFFF", "GGGG-GGGG"] {
            #expect(try await world.look(up: own, in: browser).waiting != nil)
            #expect(try await world.look(up: code, in: browser).isUnknown)
        }
        #expect(try await world.look(up: own, in: browser).isTooManyAttempts)
    }

    @Test("right codes and slips that cannot be a code cost nothing")
    func honest() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        let device = try await world.beginDevice(client)
        for _ in 0..<20 {
            #expect(try await world.look(up: device.userCode.shown, in: browser).waiting != nil)
            #expect(try await world.look(up: "WDJB-MJH", in: browser).isUnknown)
        }
        #expect(try await world.answer(device, in: browser).isDone(.allow))
    }

    @Test("from ever new addresses an account has fifty guesses, and another account its own")
    func manyAddresses() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let browser = try await world.browser(of: world.account())
        for number in 0..<50 {
            let address = "203.0.113.\(number)"
            let lookup = try await world.look(up: "BBBB-BBBB", in: browser, from: address)
            #expect(lookup.isUnknown)
        }
        let code = try await world.beginDevice(client).userCode.shown
        let late = try await world.look(up: code, in: browser, from: "203.0.113.99")
        #expect(late.isTooManyAttempts)
        let eve = try await world.browser(of: world.account("eve"))
        #expect(try await world.look(up: code, in: eve).waiting != nil)
    }
}
