import MartletProtocol
import MartletTesting
import Synchronization
import Testing

@testable import MartletCore

@Suite("A device begins (RFC 8628 §3.1)")
struct DeviceAuthorizationTests {
    @Test("the device is told what to show, for how long, and how often to ask")
    func answer() async throws {
        let world = try await TestAuthorizationServer()
        let device = try await world.beginDevice(world.deviceClient())
        let json = try #require(try JSONValue(parsing: device.json()).object)
        #expect(
            json.members.map(\.name) == [
                "device_code", "user_code", "verification_uri", "verification_uri_complete",
                "expires_in", "interval",
            ]
        )
        #expect(json["verification_uri"] == "https://login.example.com/device")
        let code = device.userCode.shown
        #expect(
            json["verification_uri_complete"]
                == .string("https://login.example.com/device?user_code=\(code)")
        )
        #expect(json["expires_in"] == 600)
        #expect(json["interval"] == 5)
    }

    @Test(
        "a device code has 256 random bits, and the store its hash alone",
        .covers("RFC 8628 §5.2 device-code-entropy")
    )
    func secret() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let one = try await world.beginDevice(client).deviceCode
        let other = try await world.beginDevice(client).deviceCode
        #expect(one != other)
        #expect(one.text.hasPrefix("mdc_"))
        #expect(Base64URL.decode(String(one.text.dropFirst(4)))?.count == 32)
        let key = DeviceCode.key(one)
        #expect(try await world.storage.find(key) != nil)
        #expect(!key.id.contains(one.text.dropFirst(4)))
    }

    @Test("a client that is not registered for it, unknown or badly authenticated, is refused")
    func clients() async throws {
        let world = try await TestAuthorizationServer()
        let other = try await world.client()
        await #expect(throws: OAuthError.self) { try await world.beginDevice(other) }
        let confidential = try await world.deviceClient(method: .clientSecretBasic)
        _ = try await world.beginDevice(confidential)
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.beginDevice(confidential.with(secret: "wrong"))
        }
        await #expect(throws: AuthorizationServer.authenticationFailed) {
            try await world.beginDevice(confidential.with(secret: nil))
        }
    }

    @Test("scope and resource follow the rules of the authorization endpoint")
    func scope() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource("https://api.example.com")
        let client = try await world.deviceClient(resources: ["https://api.example.com"])
        _ = try await world.beginDevice(
            client,
            scope: "read unknown",
            resource: "https://api.example.com"
        )
        await #expect(
            throws: OAuthError(.invalidScope, "The client is not registered for this scope.")
        ) {
            try await world.beginDevice(client, scope: "unknown")
        }
        await #expect(throws: OAuthError.self) {
            try await world.beginDevice(client, resource: "https://other.example.com")
        }
    }

    @Test("more devices than a network needs have to wait, others not")
    func limited() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        for _ in 0..<DevicePacing.maximumCodesOfNetwork { _ = try await world.beginDevice(client) }
        world.wait(.minutes(1))
        _ = world.storage.takeCalls()
        await #expect(throws: DevicesLimited(retryAfter: .minutes(9))) {
            try await world.beginDevice(client)
        }
        #expect(!world.storage.takeCalls().contains(.oneTimeWrite))
        #expect(world.notices.take() == [.devicesLimited])
        _ = try await world.beginDevice(client, from: Origin(address: "192.0.2.9", userAgent: ""))
        world.wait(.minutes(9))
        _ = try await world.beginDevice(client)
    }

    @Test("there is a bound for all networks together")
    func bounded() {
        let pacing = DevicePacing(interval: .seconds(5), lifetime: .minutes(10))
        let start = Instant(seconds: 1_000_000)
        for number in 0..<DevicePacing.maximumCodes {
            #expect(
                pacing.begin(from: "2001:db8:0:\(String(number, radix: 16))::1", at: start) == nil
            )
        }
        #expect(pacing.begin(from: "192.0.2.1", at: start) == .minutes(10))
        #expect(pacing.begin(from: "192.0.2.1", at: start + .minutes(10)) == nil)
    }

    @Test("a user code that is taken is drawn anew")
    func taken() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.deviceClient()
        let draws = Draws([7, 7, 7, 8])
        let server = AuthorizationServer(
            settings: world.server.settings,
            storage: world.storage,
            masters: world.server.directory.masters,
            surroundings: Surroundings(
                now: { [clock = world.clock] in clock.now },
                randomBytes: { draws.bytes($0) }
            )
        )
        func begin() async throws -> UserCode {
            try await server.authorizeDevice(try world.request([], as: client)).userCode
        }
        let first = try await begin()
        let second = try await begin()
        #expect(first.shown == "KBBB-BBBB")
        #expect(second.shown == "LBBB-BBBB")
        #expect(try await world.storage.find(first.key) != nil)
    }
}

/// Chance that draws these numbers, one for each user code.
private final class Draws: Sendable {
    private let numbers: Mutex<[UInt8]>

    init(_ numbers: [UInt8]) {
        self.numbers = Mutex(numbers)
    }

    func bytes(_ count: Int) -> [UInt8] {
        numbers.withLock { numbers in
            guard count == 8 else {
                return [UInt8](repeating: 9, count: count - 1) + [UInt8(numbers.count)]
            }
            let number = numbers.isEmpty ? 0 : numbers.removeFirst()
            return [0, 0, 0, 0, 0, 0, 0, number * 2]
        }
    }
}
