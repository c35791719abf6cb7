import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Access tokens keep to the profile of RFC 9068")
struct AccessTokenProfileTests {
    @Test(
        "an access token says its type, its key and nothing else in its header",
        .covers("RFC 9068 §2.1 typ")
    )
    func header() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.signIn(client).accessToken
        let encoded = try #require(token.split(separator: ".").first)
        let header = try JSONValue(parsing: try #require(Base64URL.decode(String(encoded))))
        let names = try #require(header.object).members.map(\.name)
        #expect(Set(names) == ["typ", "alg", "kid"])
        #expect(header["typ"] == "at+jwt")
    }

    @Test(
        "it names the person by a random subject, and tells nothing else of her",
        .covers(
            "RFC 9068 §2.2 claims",
            "RFC 9068 §2.2 subject",
            "RFC 9068 §2.2.3 scope",
            "RFC 9068 §6 privacy"
        )
    )
    func payload() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        _ = try await world.server.createAccount(
            username: "ada",
            email: "ada@example.com",
            password: Secret(TestAuthorizationServer.password),
            profile: ["name": "Ada Lovelace"]
        )
        let token = try await world.signIn(client).accessToken
        let payload = try JSONValue(parsing: JSONWebSignature.parse(token).payload)
        let names = try #require(payload.object).members.map(\.name)
        #expect(
            Set(names) == [
                "iss", "sub", "aud", "client_id", "azp", "exp", "iat", "jti", "scope",
                "auth_time", "acr", "amr", "sid",
            ]
        )
        #expect(payload["scope"] == "read write")
        let text = String(decoding: payload.encoded(), as: UTF8.self)
        #expect(!text.contains("ada"))
        #expect(!text.contains("Ada"))
    }

    @Test(
        "how and when the person signed in stays as it was through all refreshes",
        .covers("RFC 9068 §2.2.1 authentication")
    )
    func authentication() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let answer = try await world.signIn(client)
        let first = try await world.claims(answer.accessToken)
        #expect(first.authenticationTime == world.now.seconds)
        #expect(first.authenticationContext == "urn:martlet:acr:password")
        #expect(first.authenticationMethods == ["pwd"])
        world.wait(.days(1))
        let token = try #require(answer.refresh).token
        let second = try await world.claims(world.refresh(token, as: client).accessToken)
        #expect(second.authenticationTime == first.authenticationTime)
        #expect(second.authenticationContext == first.authenticationContext)
        #expect(second.authenticationMethods == first.authenticationMethods)
    }

    @Test(
        "no two clients or people share an identifier, not even with each other",
        .covers("RFC 9068 §5 no-mixing", "RFC 6749 §2.2 unique-client-id")
    )
    func identifiers() async throws {
        let world = try await TestAuthorizationServer()
        var names: Set<String> = []
        for number in 0..<5 {
            names.insert(try await world.client().id.rawValue)
            let account = try await world.server.createAccount(
                username: "person-\(number)",
                email: nil,
                password: Secret(TestAuthorizationServer.password)
            )
            names.insert(account.id.rawValue)
        }
        #expect(names.count == 10)
    }
}
