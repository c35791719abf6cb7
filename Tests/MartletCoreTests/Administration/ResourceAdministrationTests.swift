import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Commands about APIs")
struct ResourceAdministrationTests {
    static let api = ResourceID(rawValue: "https://api.example.com")

    @Test("an API gets credentials of its own, and they can be replaced")
    func credentials() async throws {
        let world = try await TestAuthorizationServer()
        let api = try await world.resource(Self.api.rawValue)
        #expect(try await !world.isActive("?", as: api))
        let made = try await world.server.rotateResourceSecret(Self.api)
        await #expect(throws: OAuthError.self) { try await world.introspect("?", as: api) }
        #expect(try await !world.isActive("?", as: api.with(secret: made.secret?.text)))
    }

    @Test(
        "what names no API is refused",
        .covers("RFC 8707 §2 absolute-uri"),
        arguments: [
            "", "api", "https://api.example.com/#part", "https://api.example.com/ x", "1://x",
            "https:", "https://api.example.com/é", TestAuthorizationServer.issuer,
        ]
    )
    func identifiers(identifier: String) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError.self) {
            try await world.resource(identifier)
        }
    }

    @Test("an API is made once")
    func taken() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.api.rawValue)
        await #expect(throws: AdministrationError("There is a resource “\(Self.api)” already.")) {
            try await world.resource(Self.api.rawValue)
        }
    }

    @Test("lifetimes have bounds", arguments: [Duration.zero, .seconds(-1), .days(3651)])
    func lifetimes(lifetime: Duration) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError.self) {
            try await world.resource(Self.api.rawValue, idleLifetime: lifetime)
        }
        _ = try await world.resource(Self.api.rawValue)
        await #expect(throws: AdministrationError.self) {
            try await world.server.updateResource(Self.api, .init(absoluteLifetime: lifetime))
        }
    }

    @Test("an update changes what it names and leaves the rest")
    func update() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(
            Self.api.rawValue,
            scope: "read",
            idleLifetime: .hours(1)
        )
        let updated = try await world.server.updateResource(
            Self.api,
            .init(scope: try Scope(valid: "read write"))
        )
        #expect(updated.scope.description == "read write")
        #expect(updated.idleLifetime == .hours(1))
        #expect(try await world.server.resource(Self.api).value == updated)
        #expect(try await world.server.resources() == [updated])
    }

    @Test(
        "an API that wants RS256 gets keys for it, published, and its tokens are signed so",
        .covers("RFC 9068 §2.1 rs256")
    )
    func algorithm() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.api.rawValue)
        let client = try await world.client(resources: [Self.api.rawValue])
        try await world.account()
        _ = try await world.signIn(client)
        _ = try await world.server.updateResource(Self.api, .init(signingAlgorithm: .rs256))
        let token = try await world.signIn(client).accessToken
        let header = try JSONWebSignature.parse(token).header
        #expect(header.algorithm == SignatureAlgorithm.rs256)
        let published = try await world.keys.published(at: world.now)
        #expect(published.keys.contains { $0.keyID == header.keyID })
        #expect(try await world.keys.algorithms == [.es256, .rs256])
        #expect(try await world.isActive(token, as: client))
    }

    /// Every command that changes an API.
    enum Command: CaseIterable {
        case update, rotateSecret, delete

        func run(on server: AuthorizationServer) async throws {
            switch self {
            case .update:
                _ = try await server.updateResource(
                    api,
                    .init(idleLifetime: .hours(2))
                )
            case .rotateSecret: _ = try await server.rotateResourceSecret(api)
            case .delete: try await server.deleteResource(api)
            }
        }
    }

    @Test("an API that does not exist is named in the refusal", arguments: Command.allCases)
    func unknown(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError("There is no resource “\(Self.api)”.")) {
            try await command.run(on: world.server)
        }
    }

    @Test("what the configuration file owns is changed there", arguments: Command.allCases)
    func owned(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.server.apply(
            FileOwnedResource(id: Self.api, settings: .init(), credential: nil)
        )
        await #expect(throws: AdministrationError.ownedByFile("resource", Self.api.rawValue)) {
            try await command.run(on: world.server)
        }
    }

    @Test(
        "a command that meets another one's change says so and changes nothing",
        arguments: Command.allCases
    )
    func changedMeanwhile(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.api.rawValue)
        let other = world.otherProcess
        world.storage.beforeNext(.save) {
            _ = try? await other.updateResource(Self.api, .init(idleLifetime: .hours(1)))
        }
        await #expect(throws: AdministrationError.changedMeanwhile) {
            try await command.run(on: world.server)
        }
        #expect(try await world.server.resource(Self.api).value.idleLifetime == .hours(1))
    }
}
