import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Refreshing: scope and resource")
struct RefreshScopeTests {
    static let orders = "https://orders.example.com"
    static let stock = "https://stock.example.com"

    @Test(
        "a refresh may narrow the scope, and the next one has all of it again",
        .covers("RFC 6749 §6 same-scope", "RFC 6749 §10.3 least-scope")
    )
    func narrows() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let narrow = try await world.refresh(token, as: client, scope: "read")
        #expect(narrow.scope.description == "read")
        #expect(try await world.claims(narrow.accessToken).scope == "read")
        let newest = try #require(narrow.refresh).token
        let whole = try await world.refresh(newest, as: client)
        #expect(whole.scope.description == "read write")
    }

    @Test(
        "a refresh never widens the scope beyond what was granted",
        .covers("RFC 6749 §6 scope-not-wider")
    )
    func neverWidens() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try #require(try await world.signIn(client, scope: "read").refresh).token
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client, scope: "read write")
        }
        #expect(error?.code == .invalidScope)
        #expect(try await world.refresh(token, as: client).scope.description == "read")
    }

    @Test(
        "a bad scope with the current token does not rotate",
        arguments: ["admin", "\"", "read read2"]
    )
    func badScope(scope: String) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let before = try await world.family(of: token)
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client, scope: scope)
        }
        #expect(error?.code == .invalidScope)
        #expect(try await world.family(of: token) == before)
        _ = try await world.refresh(token, as: client)
    }

    @Test(
        "a bad scope or resource with an old token still ends the family",
        arguments: [
            ("admin", nil), (nil, "https://elsewhere.example.com"), ("\"", nil), (nil, "not a URI"),
        ] as [(String?, String?)]
    )
    func probe(scope: String?, resource: String?) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        let newest = try await world.successor(of: token, as: client)
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(token, as: client, scope: scope, resource: resource)
        }
        await #expect(throws: RefreshVerdict.usedTwice) {
            try await world.refresh(newest, as: client)
        }
    }

    @Test("a bad scope with a token of an ended family is told of the end first")
    func endedFirst() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        world.wait(.days(15))
        await #expect(throws: RefreshVerdict.expired) {
            try await world.refresh(token, as: client, scope: "admin")
        }
    }

    @Test(
        "a refresh may switch to another API that was granted",
        .covers(
            "RFC 8707 §2.2 at-refresh",
            "RFC 8707 §2.2 scope-of-resource",
            "RFC 9068 §3 one-meaning"
        )
    )
    func switches() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.orders, scope: "read")
        _ = try await world.resource(Self.stock, scope: "write")
        let client = try await world.client(resources: [Self.orders, Self.stock])
        try await world.account()
        let token = try await world.newSession(client)
        let orders = try await world.refresh(token, as: client, resource: Self.orders)
        #expect(try await world.claims(orders.accessToken).audience == [Self.orders])
        #expect(orders.scope.description == "read")
        let next = try #require(orders.refresh).token
        let stock = try await world.refresh(next, as: client, resource: Self.stock)
        #expect(try await world.claims(stock.accessToken).audience == [Self.stock])
        #expect(stock.scope.description == "write")
        let last = try #require(stock.refresh).token
        let own = try await world.refresh(last, as: client)
        #expect(
            try await world.claims(own.accessToken).audience == [TestAuthorizationServer.issuer]
        )
        #expect(own.scope.description == "read write")
    }

    @Test("the only API that was granted is the default", .covers("RFC 9068 §3 audience"))
    func onlyResource() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.orders, scope: "read")
        let client = try await world.client(resources: [Self.orders])
        try await world.account()
        let answer = try await world.signIn(client)
        #expect(try await world.claims(answer.accessToken).audience == [Self.orders])
    }

    @Test(
        "an API that was not granted, or two at once, is an invalid target",
        .covers("RFC 8707 §2.2 subset", "RFC 8707 §2.2 one-audience", "RFC 8707 §2 invalid-target")
    )
    func invalidTarget() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.orders)
        _ = try await world.resource(Self.stock)
        let client = try await world.client(resources: [Self.orders])
        try await world.account()
        let token = try await world.newSession(client)
        for resource in [Self.stock, "https://elsewhere.example.com", "orders"] {
            let error = await #expect(throws: OAuthError.self) {
                try await world.refresh(token, as: client, resource: resource)
            }
            #expect(error?.code == .invalidTarget)
        }
        let error = await #expect(throws: OAuthError.self) {
            try await world.server.token(
                world.request(
                    [
                        ("grant_type", "refresh_token"), ("refresh_token", token),
                        ("resource", Self.orders), ("resource", Self.stock),
                    ],
                    as: client
                )
            )
        }
        #expect(error?.code == .invalidTarget)
        _ = try await world.refresh(token, as: client, resource: Self.orders)
    }

    @Test("what its client is not registered for any more, an old session does not get")
    func registrationNarrowed() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.orders)
        _ = try await world.resource(Self.stock)
        let client = try await world.client(resources: [Self.orders, Self.stock])
        try await world.account()
        var token = try await world.newSession(client)
        let readOnly = client.metadata("scope", "read")
        _ = try await world.server.updateClient(client.id, metadata: readOnly)
        let narrowed = try await world.refresh(token, as: client, resource: Self.stock)
        #expect(narrowed.scope.description == "read")
        token = try #require(narrowed.refresh).token
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client, scope: "write")
        }
        #expect(error?.code == .invalidScope)

        _ = try await world.server.updateClient(client.id, metadata: client.metadata("scope", "x"))
        let nothing = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client)
        }
        #expect(nothing?.code == .invalidScope)

        let ordersOnly = client.metadata("allowed_resources", [.string(Self.orders)])
        _ = try await world.server.updateClient(client.id, metadata: ordersOnly)
        let refused = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client, resource: Self.stock)
        }
        #expect(refused?.code == .invalidTarget)
        let again = try await world.refresh(token, as: client, resource: Self.orders)
        #expect(again.scope.description == "read write")
    }

    @Test("an API taken from its client is not exchanged for another audience in silence")
    func onlyResourceTaken() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.orders)
        let client = try await world.client(resources: [Self.orders])
        try await world.account()
        let token = try await world.newSession(client)
        let without = client.metadata("allowed_resources", nil)
        _ = try await world.server.updateClient(client.id, metadata: without)
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client)
        }
        #expect(error?.code == .invalidTarget)
    }

    @Test(
        "an API that defines none of the scopes asked for makes the scope invalid",
        .covers("RFC 8707 §2.2 scope-of-resource", "RFC 9068 §3 one-meaning")
    )
    func nothingLeft() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(Self.orders, scope: "read")
        let client = try await world.client(resources: [Self.orders])
        try await world.account()
        let token = try await world.newSession(client)
        let error = await #expect(throws: OAuthError.self) {
            try await world.refresh(token, as: client, scope: "write")
        }
        #expect(error?.code == .invalidScope)
        _ = try await world.refresh(token, as: client)
    }

    @Test("an API with shorter lifetimes refuses its own requests only")
    func shorterLifetimes() async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.resource(
            Self.orders,
            idleLifetime: .hours(1),
            absoluteLifetime: .hours(3)
        )
        _ = try await world.resource(Self.stock)
        let client = try await world.client(resources: [Self.orders, Self.stock])
        try await world.account()
        var token = try await world.newSession(client)

        world.wait(.hours(1))
        await #expect(throws: RefreshVerdict.resourceWantsNewerSession) {
            try await world.refresh(token, as: client, resource: Self.orders)
        }
        let stock = try await world.refresh(token, as: client, resource: Self.stock)
        token = try #require(stock.refresh).token

        world.wait(.minutes(59))
        let orders = try await world.refresh(token, as: client, resource: Self.orders)
        token = try #require(orders.refresh).token

        world.wait(.minutes(59))
        token = try await world.successor(of: token, as: client)
        world.wait(.minutes(2))
        await #expect(throws: RefreshVerdict.resourceWantsNewerSession) {
            try await world.refresh(token, as: client, resource: Self.orders)
        }
        _ = try await world.refresh(token, as: client, resource: Self.stock)
    }
}
