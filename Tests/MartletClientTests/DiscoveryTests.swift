import MartletProtocol
import MartletTransport
import Testing

@testable import MartletClient

@Suite("What a server says of itself")
struct DiscoveryTests {
    @Test("the issuer's path goes behind the one well-known address and before the other")
    func addresses() throws {
        #expect(
            IssuerAddress.ofMetadata("https://example.com/tenant/a") == [
                "https://example.com/.well-known/oauth-authorization-server/tenant/a",
                "https://example.com/tenant/a/.well-known/openid-configuration",
            ]
        )
        #expect(
            IssuerAddress.ofMetadata("http://localhost:3000") == [
                "http://localhost:3000/.well-known/oauth-authorization-server",
                "http://localhost:3000/.well-known/openid-configuration",
            ]
        )
    }

    @Test(
        "an issuer that is neither https nor loopback is not asked",
        arguments: [
            "http://login.example.com", "http://localhost.example.com", "ftp://localhost",
            "https://a@localhost", "localhost", "", "https://", "http://127.0.0.1.example.com",
            "https://example.com?a", "https://example.com#a",
        ]
    )
    func insecure(issuer: String) async throws {
        let world = try World()
        let error = await clientError { _ = try await world.client(issuer: issuer).metadata() }
        #expect(error?.code == .insecure)
    }

    @Test("where the one well-known address has nothing, the other is asked")
    func second() async throws {
        let world = try World()
        world.server.always("/.well-known/oauth-authorization-server", .text(404, "no"))
        world.server.always(
            "/.well-known/openid-configuration",
            .json(200, ScriptedServer.metadata)
        )
        let metadata = try await world.client().metadata()
        #expect(metadata.tokenEndpoint == ScriptedServer.issuer + "/token")
        #expect(metadata.namesIssuerInAnswers)
    }

    @Test(
        "a document of another issuer is refused, however alike",
        arguments: [
            "https://login.example.com/", "https://LOGIN.example.com", "https://other.example.com",
        ]
    )
    func otherIssuer(name: String) async throws {
        let world = try World()
        var document = try #require(ScriptedServer.metadata.object)
        document["issuer"] = .string(name)
        world.server.always(
            "/.well-known/oauth-authorization-server",
            .json(200, .object(document))
        )
        let error = await clientError { _ = try await world.client().metadata() }
        #expect(error?.code == .untrusted)
    }

    @Test("a document with an address that is not confidential is refused")
    func insecureEndpoint() async throws {
        var document = try #require(ScriptedServer.metadata.object)
        document["token_endpoint"] = "http://login.example.com/token"
        let error = await clientError {
            _ = try ServerMetadata(json: .object(document), issuer: ScriptedServer.issuer)
        }
        #expect(error?.code == .insecure)
    }

    @Test("it is fetched once for many, and anew after ten minutes")
    func kept() async throws {
        let world = try World()
        let client = world.client()
        let address = "/.well-known/oauth-authorization-server"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 { group.addTask { _ = try await client.metadata() } }
            try await group.waitForAll()
        }
        #expect(world.server.asked(address).count == 1)
        world.clock.advance(by: .seconds(600))
        _ = try await client.metadata()
        #expect(world.server.asked(address).count == 2)
    }

    @Test("what is known is good while the server cannot be reached")
    func unreachable() async throws {
        let world = try World()
        let client = world.client()
        _ = try await client.metadata()
        world.clock.advance(by: .seconds(3600))
        world.server.always("/.well-known/oauth-authorization-server", .lost)
        world.server.always("/.well-known/openid-configuration", .lost)
        #expect(try await client.metadata().issuer == ScriptedServer.issuer)
        let error = await clientError { _ = try await world.client().metadata() }
        #expect(error?.isTemporary == true)
    }

    @Test("a server without a document is told from one that cannot be reached")
    func absent() async throws {
        let world = try World()
        world.server.always("/.well-known/oauth-authorization-server", .text(404, "no"))
        let error = await clientError { _ = try await world.client().metadata() }
        #expect(error?.code == .unsupported)
    }
}
