import MartletProtocol
import Testing

@testable import MartletCore

/// A television, a printer: what asks for access and has no keyboard.
extension TestAuthorizationServer {
    static let television = Origin(address: "198.51.100.7", userAgent: "Television/2")

    func deviceClient(
        grants: [GrantType] = [.deviceCode, .refreshToken],
        method: ClientAuthenticationMethod = .none,
        scope: String = "read write openid offline_access",
        resources: [String] = []
    ) async throws -> TestClient {
        try await client(grants: grants, method: method, scope: scope, resources: resources)
    }

    /// A device begins.
    func beginDevice(
        _ client: TestClient,
        scope: String? = nil,
        resource: String? = nil,
        from origin: Origin = television
    ) async throws -> DeviceAuthorization {
        let request = try request([("scope", scope), ("resource", resource)], as: client)
        return try await server.authorizeDevice(
            TokenRequest(
                parameters: request.parameters,
                authorization: request.authorization,
                origin: origin,
                arrived: now
            )
        )
    }

    /// A device asks whether its person is done.
    func poll(
        _ device: DeviceAuthorization,
        as client: TestClient,
        resource: String? = nil,
        at other: AuthorizationServer? = nil
    ) async throws -> TokenResponse {
        try await (other ?? server).token(
            request(
                [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
                    ("device_code", device.deviceCode.text), ("resource", resource),
                ],
                as: client,
                from: Self.television.address
            )
        )
    }

    /// Signs a browser in, without a password's cost.
    func browser(of account: Account) async throws -> AuthorizationServer.SignedIn {
        let stored = try #require(
            try await storage.find(Account.self, id: account.id.rawValue).0
        )
        return try await server.signIn(
            stored,
            authentication: .password(at: now),
            origin: Origin(address: Self.home, userAgent: "browser"),
            replacing: nil,
            at: now
        ).0
    }

    func look(
        up code: String,
        in browser: AuthorizationServer.SignedIn,
        from address: String = home
    ) async throws -> DeviceLookup {
        try await server.waitingDevice(
            code,
            for: browser,
            from: Origin(address: address, userAgent: "browser"),
            at: now
        )
    }

    func answer(
        _ device: DeviceAuthorization,
        _ decision: DeviceDecision = .allow,
        in browser: AuthorizationServer.SignedIn
    ) async throws -> DeviceAnswer {
        try await server.answerDevice(
            device.userCode.shown,
            with: decision,
            by: browser,
            from: Origin(address: Self.home, userAgent: "browser"),
            at: now
        )
    }

    /// A device whose person has said yes, and the browser in which they did.
    func approvedDevice(
        _ client: TestClient,
        _ account: Account,
        scope: String? = nil
    ) async throws -> (DeviceAuthorization, AuthorizationServer.SignedIn) {
        let device = try await beginDevice(client, scope: scope)
        let browser = try await browser(of: account)
        try await #require(answer(device, in: browser).isDone(.allow))
        return (device, browser)
    }
}

extension DeviceAnswer {
    func isDone(_ expected: DeviceDecision) -> Bool {
        guard case .done(expected, _) = self else { return false }
        return true
    }

    var isUnknown: Bool {
        guard case .unknown = self else { return false }
        return true
    }
}

extension DeviceLookup {
    var waiting: WaitingDevice? {
        guard case .waiting(let device) = self else { return nil }
        return device
    }

    var isUnknown: Bool {
        guard case .unknown = self else { return false }
        return true
    }

    var isTooManyAttempts: Bool {
        guard case .tooManyAttempts = self else { return false }
        return true
    }
}
