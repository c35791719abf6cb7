import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Commands about consents")
struct ConsentAdministrationTests {
    private func world() async throws -> (TestAuthorizationServer, TestClient) {
        let world = try await TestAuthorizationServer()
        let client = try await world.client(grants: [.authorizationCode, .refreshToken])
        try await world.account("ada")
        try await world.account("eve")
        return (world, client)
    }

    @Test("what was allowed is listed, by whom and since when")
    func list() async throws {
        let (world, client) = try await world()
        let start = world.now
        _ = try await world.code(client, in: try await world.browser("ada"), scope: "read")
        world.wait(.minutes(1))
        _ = try await world.code(client, in: try await world.browser("eve"), scope: "write")
        world.wait(.minutes(1))
        _ = try await world.code(client, in: try await world.browser("ada"), scope: "write")
        let all = try await world.server.consents(ofAccount: nil)
        #expect(all.map(\.username) == ["ada", "eve"])
        #expect(all.map(\.consent.scope.description) == ["read write", "write"])
        #expect(all.first?.since == start)
        #expect(try await world.server.consents(ofAccount: "EVE").map(\.username) == ["eve"])
    }

    @Test("what is taken back is gone, and the client has to ask again")
    func withdraw() async throws {
        let (world, client) = try await world()
        let browser = try await world.browser("ada")
        _ = try await world.code(client, in: browser)
        try await world.server.withdrawConsent(of: "ada", from: client.id)
        #expect(try await world.server.consents(ofAccount: "ada").isEmpty)
        let account = try await world.server.account(named: "ada").value.id
        #expect(
            try await world.events.last == .consentWithdrawn(account: account, client: client.id)
        )
        let again = try await world.authorize(client, in: browser, scope: "read", allows: nil)
        guard case .askConsent = again else {
            Issue.record("it was not asked for: \(again)")
            return
        }
    }

    @Test("there is nothing to take back of what was never given")
    func nothing() async throws {
        let (world, client) = try await world()
        await #expect(throws: AdministrationError.self) {
            try await world.server.withdrawConsent(of: "ada", from: client.id)
        }
        await #expect(throws: AdministrationError("There is no user “bob”.")) {
            try await world.server.withdrawConsent(of: "bob", from: client.id)
        }
        await #expect(throws: AdministrationError("There is no user “bob”.")) {
            try await world.server.consents(ofAccount: "bob")
        }
    }

    @Test("what is allowed at the very moment of the withdrawal is withdrawn too")
    func meanwhile() async throws {
        let (world, client) = try await world()
        let browser = try await world.browser("ada")
        _ = try await world.code(client, in: browser, scope: "read")
        let account = try await world.server.account(named: "ada").value.id
        world.storage.beforeNext(.save) {
            _ = try? await world.code(client, in: browser, scope: "write")
        }
        #expect(try await world.otherProcess.withdrawConsent(of: account, from: client.id))
        #expect(try await world.server.consents(ofAccount: "ada").isEmpty)
    }
}
