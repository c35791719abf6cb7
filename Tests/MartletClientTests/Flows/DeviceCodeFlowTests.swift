import MartletProtocol
import Testing

@testable import MartletClient

@Suite("A sign-in on a device without a browser")
struct DeviceCodeFlowTests {
    private func world(interval: JSONValue? = 5) throws -> World {
        let world = try World()
        var json = JSONObject()
        json["device_code"] = "d"
        json["user_code"] = "ABCD-EFGH"
        json["verification_uri"] = "https://login.example.com/device"
        json["verification_uri_complete"] = "https://login.example.com/device?user_code=ABCD-EFGH"
        json["expires_in"] = 600
        json["interval"] = interval
        world.server.answers("/device", .json(200, .object(json)))
        return world
    }

    @Test("it asks at the server's pace, slower when told to, and slower still after lost answers")
    func story() async throws {
        let world = try world()
        let client = world.client()
        let device = try await client.beginDeviceSignIn(scope: ["read"])
        #expect(device.userCode == "ABCD-EFGH")
        #expect(world.server.asked("/device").first?.form["scope"] == "read")
        world.server.answers(
            "/token",
            World.refusal("authorization_pending"),
            World.refusal("slow_down"),
            World.refusal("authorization_pending"),
            .lost,
            .text(503, ""),
            World.tokens(0)
        )
        let tokens = try await client.finishDeviceSignIn(device)
        #expect(tokens.accessToken == Secret("access-0"))
        #expect(world.clock.sleeps == [5, 5, 10, 10, 20, 40].map { .seconds($0) })
        let form = try #require(world.server.asked().last?.form)
        #expect(form["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code")
        #expect(form["device_code"] == "d")
    }

    @Test("who says no ends it, and so does the end of the code")
    func ends() async throws {
        for (refusal, code) in [("access_denied", .denied), ("expired_token", .tookTooLong)]
            as [(String, ClientError.Code)]
        {
            let world = try world()
            let device = try await world.client().beginDeviceSignIn()
            world.server.answers("/token", World.refusal(refusal))
            let error = await clientError {
                _ = try await world.client().finishDeviceSignIn(device)
            }
            #expect(error?.code == code)
        }
        let world = try world(interval: nil)
        let device = try await world.client().beginDeviceSignIn()
        world.server.always("/token", World.refusal("authorization_pending"))
        let error = await clientError { _ = try await world.client().finishDeviceSignIn(device) }
        #expect(error?.code == .tookTooLong)
        #expect(world.server.asked().count == 120, "every five seconds, for ten minutes")
    }

    @Test("a device that is switched off stops asking")
    func cancelled() async throws {
        let world = try world()
        let client = world.client()
        let device = try await client.beginDeviceSignIn()
        let gate = Gate()
        world.server.always("/token", .held(gate, World.refusal("authorization_pending")))
        let task = Task { try await client.finishDeviceSignIn(device) }
        await gate.visitor()
        task.cancel()
        gate.open()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        #expect(world.server.asked().count == 1)
    }

    @Test("absurd numbers of the server have bounds")
    func bounds() async throws {
        let world = try world(interval: 0)
        #expect(try await world.client().beginDeviceSignIn().interval == .seconds(1))
        let slow = try self.world(interval: .integer(.max))
        #expect(try await slow.client().beginDeviceSignIn().interval == .seconds(300))
    }
}
