import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Which origins are those of single-page clients")
struct SinglePageOriginsTests {
    private func world() async throws -> TestAuthorizationServer {
        let world = try await TestAuthorizationServer()
        _ = try await world.client(
            grants: [.authorizationCode],
            method: .none,
            redirectURIs: [
                "https://a.example/cb", "https://b.example:8443/x?y", "http://[::1]:3000/",
            ]
        )
        _ = try await world.client(
            grants: [.authorizationCode],
            redirectURIs: ["https://confidential.example/cb"]
        )
        return world
    }

    @Test("a public client's redirect URIs give its origins, a confidential one's none")
    func kinds() async throws {
        let world = try await world()
        for origin in ["https://a.example", "https://b.example:8443", "http://[::1]:3000"] {
            #expect(try await world.server.hasSinglePageClient(at: origin))
        }
        for origin in ["https://confidential.example", "https://b.example", "", "null"] {
            #expect(try await !world.server.hasSinglePageClient(at: origin))
        }
    }

    @Test("the clients are read once for each revision, whoever asks and however often")
    func once() async throws {
        let world = try await world()
        _ = try await world.server.hasSinglePageClient(at: "https://a.example")
        _ = world.storage.takeCalls()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    _ = try? await world.server.hasSinglePageClient(at: "https://x.example")
                }
            }
        }
        #expect(world.storage.takeCalls().allSatisfy { $0 == .revision })
        _ = try await world.client(
            grants: [.authorizationCode],
            method: .none,
            redirectURIs: ["https://x.example/cb"]
        )
        _ = world.storage.takeCalls()
        #expect(try await world.server.hasSinglePageClient(at: "https://x.example"))
        // Keys, resources and clients, a page each.
        #expect(world.storage.takeCalls().count { $0 == .list } == 3)
        _ = try await world.server.hasSinglePageClient(at: "https://x.example")
        #expect(world.storage.takeCalls() == [.revision])
    }

    @Test("clients beyond a page are known too, and what another process makes counts at once")
    func manyAndElsewhere() async throws {
        let world = try await world()
        for number in 0..<(RecordPage.size + 10) {
            let metadata = try ClientMetadata(json: [
                "grant_types": ["authorization_code"], "token_endpoint_auth_method": "none",
                "redirect_uris": .array([.string("https://n\(number).example/cb")]),
            ])
            let client = Client(
                id: ClientID(rawValue: "client-\(number)"),
                metadata: metadata,
                secret: nil,
                createdAt: world.now,
                managedBy: .operator
            )
            try await world.storage.save(
                [.create(client, epoch: world.server.newEpoch(nil))],
                events: []
            )
        }
        for number in [0, 1, 99, 255, RecordPage.size, RecordPage.size + 9] {
            #expect(try await world.server.hasSinglePageClient(at: "https://n\(number).example"))
        }
        #expect(try await !world.otherProcess.hasSinglePageClient(at: "https://late.example"))
        _ = try await world.client(
            grants: [.authorizationCode],
            method: .none,
            redirectURIs: ["https://late.example/cb"]
        )
        #expect(try await world.otherProcess.hasSinglePageClient(at: "https://late.example"))
    }
}
