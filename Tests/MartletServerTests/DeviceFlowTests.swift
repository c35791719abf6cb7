import HTTPTypes
import MartletCore
import MartletProtocol
import MartletTesting
import Testing

@testable import MartletServer

@Suite("A device and a person, over HTTP")
struct DeviceFlowTests {
    @Test(
        "the device shows a code, the person signs in, sees it and allows it, the device gets tokens",
        .covers(
            "RFC 8628 §3.1 post",
            "RFC 8628 §3.1 authenticates",
            "RFC 8628 §3.2 members",
            "RFC 8628 §3.2 complete-uri",
            "RFC 8628 §3.2 interval",
            "RFC 8628 §3.2 not-stored",
            "RFC 8628 §3.3 asks-for-code",
            "RFC 8628 §3.3.1 confirm"
        ),
        arguments: Door.allCases
    )
    func story(door: Door) async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test(door) { caller in
            let device = try await Device.begin(television, caller)
            try await device.poll(caller).expectError("authorization_pending")

            let browser = PersonsBrowser(caller)
            let login = try await browser.open(device.completePath)
            #expect(login.path.hasPrefix("/login?continue="))
            #expect(!login.text.contains("Television"))
            let question = try await browser.signIn(login)
            #expect(question.path == device.completePath)
            for sight in [device.userCode, "Television", "alice", "Toaster", "Did somebody send"] {
                #expect(question.text.contains(sight), "\(sight)")
            }
            // Looking at it allows nothing.
            world.clock.advance(by: .seconds(5))
            try await device.poll(caller).expectError("authorization_pending")

            let done = try await browser.submit(question, ["action": "allow"])
            #expect(done.text.contains("Your device is connected"))
            let tokens = try await device.poll(caller)
            #expect(tokens.status == 200)
            tokens.expectUncachedJSON()
            #expect(try tokens.tokens().refresh.hasPrefix("mrt_"))
            #expect(try tokens.member("id_token") != nil)
            try await device.poll(caller).expectError("invalid_grant")
        }
    }

    @Test(
        "a code is typed as people type, and a wrong one gets a sentence",
        .covers("RFC 8628 §6.1 forgiving")
    )
    func typed() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test { caller in
            let device = try await Device.begin(television, caller)
            let browser = PersonsBrowser(caller)
            let page = try await browser.signIn(try await browser.open("/device"))
            #expect(page.path == "/device")
            let wrong = try await browser.submit(page, ["user_code": "bbbb bbbb"])
            #expect(wrong.answer.status == 200)
            #expect(wrong.text.contains("No device is waiting with this code."))
            #expect(!wrong.text.contains("BBBB-BBBB"), "the field is empty for the right one")
            let slip = try await browser.submit(wrong, ["user_code": "<b>\"&'"])
            #expect(slip.text.contains("No device is waiting with this code."))
            #expect(!slip.text.contains("<b>"))
            let typed = device.userCode.lowercased().replacing("-", with: " ")
            let question = try await browser.submit(slip, ["user_code": typed])
            #expect(question.text.contains(device.userCode))
            let denied = try await browser.submit(question, ["action": "deny"])
            #expect(denied.text.contains("got no access"))
            try await device.poll(caller).expectError("access_denied")
        }
    }

    @Test("a form sent twice, too late or after a sign-out: a sentence and a way on")
    func again() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test { caller in
            let browser = PersonsBrowser(caller)
            let device = try await Device.begin(television, caller)
            let question = try await browser.signIn(try await browser.open(device.completePath))
            for _ in 0..<2 {
                let done = try await browser.submit(question, ["action": "allow"])
                #expect(done.text.contains("Your device is connected"))
            }
            let reopened = try await browser.open(device.completePath)
            #expect(reopened.text.contains("No device is waiting with this code."))
            // Whoever reloads the answer's address as a page is led back.
            let reloaded = try await browser.open("/device/confirm")
            #expect(reloaded.path == "/device")

            let late = try await Device.begin(television, caller)
            let open = try await browser.open(late.completePath)
            world.clock.advance(by: .minutes(10))
            let expired = try await browser.submit(open, ["action": "allow"])
            #expect(expired.text.contains("No device is waiting with this code."))
            try await late.poll(caller).expectError("expired_token")

            let last = try await Device.begin(television, caller)
            let asked = try await browser.open(last.completePath)
            world.clock.advance(by: .days(2))
            let login = try await browser.submit(asked, ["action": "allow"])
            #expect(login.path.hasPrefix("/login?"))
        }
    }

    @Test("no link, no other site and no other browser's form allows a device")
    func forged() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test { caller in
            let device = try await Device.begin(television, caller)
            let other = try await Device.begin(television, caller)
            let browser = PersonsBrowser(caller)
            let question = try await browser.signIn(try await browser.open(other.completePath))
            let form = try #require(PageForm(question.text))
            let token = try #require(form.fields["csrf"])

            let stranger = PersonsBrowser(caller)
            let strangersPage = try await stranger.signIn(
                try await stranger.open(device.completePath)
            )
            let strangersForm = try #require(PageForm(strangersPage.text))
            let forgeries: [[String: String]] = [
                [:], ["csrf": ""], ["csrf": token], ["csrf": strangersForm.fields["csrf"] ?? ""],
                ["csrf": String(token.dropLast()) + "A"],
            ]
            for forgery in forgeries {
                let fields = ["user_code": device.userCode, "action": "allow"]
                    .merging(forgery) { $1 }
                let page = try await browser.post(fields, to: "/device/confirm")
                #expect(page.isPage)
                #expect(!page.text.contains("Your device is connected"))
            }
            let query = "user_code=\(device.userCode)&action=allow&csrf=\(token)"
            for path in ["/device?\(query)", "/device/confirm?\(query)"] {
                _ = try await browser.open(path)
                _ = try await browser.open(path, method: .head)
            }
            // A button that is none of the form's.
            _ = try await browser.submit(
                try await browser.open(device.completePath),
                ["action": "sign_in"]
            )
            try await device.poll(caller).expectError("authorization_pending")
            try await other.poll(caller).expectError("authorization_pending")
        }
    }

    @Test("who guesses is stopped, and told so", .covers("RFC 8628 §5.1 guessing"))
    func guesses() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test { caller in
            let device = try await Device.begin(television, caller)
            let browser = PersonsBrowser(caller)
            var page = try await browser.signIn(try await browser.open("/device"))
            for letter in "BCDFG" {
                let guess = String(repeating: letter, count: 8)
                page = try await browser.submit(page, ["user_code": guess])
                #expect(page.text.contains("No device is waiting with this code."))
            }
            let stopped = try await browser.submit(page, ["user_code": device.userCode])
            #expect(!stopped.text.contains("No device is waiting with this code."))
            #expect(PageForm(stopped.text)?.action == "/device")
            #expect(stopped.text.contains("Too many"))
        }
    }

    @Test("hostile codes are answered with a page and reflect nothing")
    func hostile() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test { caller in
            _ = try await Device.begin(television, caller)
            let browser = PersonsBrowser(caller)
            _ = try await browser.signIn(try await browser.open("/device"))
            for query in [
                "user_code=%3Cscript%3Ealert(1)%3C/script%3E", "user_code=%22%3E%3Cb%3E",
                "user_code=" + String(repeating: "B", count: 9000), "user_code=%E2%80%AEWDJB",
                "user_code=A&user_code=B", "user_code=%FF", "user_code=%", "user_code=%00", "&&==",
            ] {
                let page = try await browser.open("/device?" + query)
                #expect(page.isPage, "\(query.prefix(40))")
                #expect([200, 400].contains(page.answer.status))
                #expect(!page.text.contains("<script>alert"))
                #expect(!page.text.contains("\"><b>"))
                #expect(page.answer.body.count < 20_000)
            }
        }
    }

    @Test("an app that registered itself is shown as one")
    func selfRegistered() async throws {
        let world = try await TestServer()
        let television = try await world.television(managedBy: .registration)
        try await world.test { caller in
            let device = try await Device.begin(television, caller)
            let browser = PersonsBrowser(caller)
            let question = try await browser.signIn(try await browser.open(device.completePath))
            #expect(question.text.contains("registered itself"))
            #expect(!question.text.contains("you will be sent to"))
        }
    }

    @Test("under an issuer with a path all of it lies there")
    func path() async throws {
        let world = try await TestServer(issuer: "https://example.com/auth")
        let television = try await world.television()
        try await world.test { caller in
            let answer = try await caller.submit(
                ["client_id": television.rawValue],
                to: "/auth/oauth/device",
                as: nil
            )
            let page = try #require(try answer.member("verification_uri"))
            #expect(page == "https://example.com/auth/device")
            let browser = PersonsBrowser(caller)
            let form = try await browser.signIn(try await browser.open("/auth/device"))
            #expect(form.path == "/auth/device")
            let code = try #require(try answer.member("user_code"))
            let question = try await browser.submit(form, ["user_code": code])
            let done = try await browser.submit(question, ["action": "allow"])
            #expect(done.text.contains("Your device is connected"))
        }
    }
}

@Suite("POST /oauth/device")
struct DeviceAuthorizationEndpointTests {
    @Test("what is no proper request is refused", .covers("RFC 8628 §3.1 post"))
    func malformed() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        try await world.test { caller in
            func post(_ body: String) async throws -> Answer {
                try await caller.post("/oauth/device", body: body, as: nil)
            }
            let id = "client_id=\(television.rawValue)"
            try await post("").expectError("invalid_client", status: 401)
            try await post("client_id=nobody").expectError("invalid_client", status: 401)
            try await post("\(id)&\(id)").expectError("invalid_request")
            try await post("\(id)&scope=openid&scope=openid").expectError("invalid_request")
            try await post("\(id)&scope=%22").expectError("invalid_scope")
            try await post("\(id)&resource=https://nowhere.example").expectError("invalid_target")
            try await post("\(id)&client_secret=guess").expectError("invalid_client", status: 401)
            // Without a value it counts as absent.
            #expect(try await post("\(id)&scope=&resource=").status == 200)
            let app = try await caller.submit([:], to: "/oauth/device", as: .app)
            try app.expectError("unauthorized_client")
            #expect(try await caller.get("/oauth/device").status == 405)
        }
    }

    @Test("more devices than a network needs are told when to come back")
    func limited() async throws {
        let world = try await TestServer()
        let television = try await world.television()
        let request = TokenRequest(
            parameters: try FormParameters(
                parsing: Array("client_id=\(television.rawValue)".utf8)
            ),
            authorization: nil,
            origin: Origin(address: "local", userAgent: ""),
            arrived: world.clock.now
        )
        await #expect(throws: DevicesLimited.self) {
            for _ in 0..<1000 { _ = try await world.server.authorizeDevice(request) }
        }
        try await world.test { caller in
            let answer = try await caller.submit(
                ["client_id": television.rawValue],
                to: "/oauth/device",
                as: nil
            )
            try answer.expectError("temporarily_unavailable", status: 429)
            #expect(answer.headers[.retryAfter] == "601")
        }
    }

    @Test(
        "the metadata names the endpoint and the grant",
        .covers("RFC 8628 §4 announced")
    )
    func announced() async throws {
        try await TestServer().test { caller in
            let json = try await caller.get("/.well-known/oauth-authorization-server").json()
            #expect(
                json["device_authorization_endpoint"] == "https://login.example.com/oauth/device"
            )
            let grants = json["grant_types_supported"]?.strings ?? []
            #expect(grants.contains("urn:ietf:params:oauth:grant-type:device_code"))
        }
    }
}

/// A television that follows the protocol.
private struct Device: Sendable {
    let client: ClientID
    let deviceCode: String
    let userCode: String
    /// Of the link that has the code in it.
    let completePath: String

    static func begin(_ client: ClientID, _ caller: Caller) async throws -> Device {
        let answer = try await caller.post(
            "/oauth/device",
            body: Form.encode([("client_id", client.rawValue), ("scope", "openid read")]),
            as: nil,
            headers: [.userAgent: "Toaster/2.0"]
        )
        try #require(answer.status == 200, "\(answer.text)")
        answer.expectUncachedJSON()
        #expect(try answer.json()["expires_in"] == 600)
        #expect(try answer.json()["interval"] == 5)
        let link = try #require(try answer.member("verification_uri_complete"))
        let uri = try #require(try answer.member("verification_uri"))
        #expect(link.hasPrefix(uri + "?user_code="))
        return Device(
            client: client,
            deviceCode: try #require(try answer.member("device_code")),
            userCode: try #require(try answer.member("user_code")),
            completePath: String(link.dropFirst(TestServer.issuer.count))
        )
    }

    func poll(_ caller: Caller) async throws -> Answer {
        try await caller.submit(
            [
                "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
                "device_code": deviceCode, "client_id": client.rawValue,
            ],
            as: nil
        )
    }
}

extension TestServer {
    /// Registers a public client that is a device.
    fileprivate func television(managedBy: ManagedBy = .operator) async throws -> ClientID {
        let made = try await server.createClient(metadata: [
            "client_name": "Television", "token_endpoint_auth_method": "none",
            "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            "scope": "openid read", "id_token_signed_response_alg": "ES256",
        ])
        if managedBy != .operator {
            let stored = try #require(
                try await storage.find(Client.self, id: made.client.id.rawValue).0
            )
            var client = stored.value
            client.managedBy = managedBy
            try await storage.save([.update(stored, to: client)], events: [])
        }
        return made.client.id
    }
}
