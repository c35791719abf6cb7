import Foundation
import MartletProtocol
import Testing

@testable import MartletClient

@Suite("The ID token of a sign-in, OpenID Connect Core §3.1.3.7")
struct IDTokenTests {
    private func signIn(
        _ world: World,
        options: SignInOptions = SignInOptions(scope: ["openid"]),
        idToken: (SignInRequest) throws -> String?
    ) async throws -> TokenSet {
        let client = world.client()
        let redirect = "https://app.example.com/cb"
        let request = try await client.signInRequest(redirectURI: redirect, options)
        let idToken = try idToken(request)
        world.server.answers(
            "/token",
            World.tokens(0, idToken.map { ["id_token": .string($0)] } ?? [:])
        )
        let query = [
            ("code", "c"), ("state", request.state.text), ("iss", ScriptedServer.issuer),
        ]
        return try await client.finishSignIn(
            request,
            answer: "\(redirect)?\(FormText.encode(query))"
        )
    }

    private func error(
        _ world: World,
        options: SignInOptions = SignInOptions(scope: ["openid"]),
        idToken: (SignInRequest) throws -> String?
    ) async -> ClientError.Code? {
        await clientError { _ = try await signIn(world, options: options, idToken: idToken) }?.code
    }

    @Test(
        "a good one is believed, signed in every way there is",
        arguments: SignatureAlgorithm.allCases
    )
    func good(algorithm: SignatureAlgorithm) async throws {
        let world = try World(algorithm)
        let tokens = try await signIn(world) { request in
            try world.idToken { claims in
                claims.nonce = request.nonce
                claims.authorizedParty = World.clientID
                claims.accessTokenHash = IDTokenClaims.hash(of: "access-0", for: algorithm)
            }
        }
        #expect(tokens.idToken?.claims.subject == "ada")
    }

    /// One claim that is wrong.
    enum Wrong: CaseIterable {
        case issuer, audience, secondAudience, authorizedParty, expired, future, nonce, noNonce
        case accessTokenHash, otherPerson

        func change(_ claims: inout IDTokenClaims) {
            switch self {
            case .issuer: claims.issuer += "/"
            case .audience: claims.audience = ["other"]
            case .secondAudience: claims.audience.append("other")
            case .authorizedParty: claims.authorizedParty = "other"
            case .expired: claims.expiresAt = claims.issuedAt - 61
            case .future: claims.issuedAt += 120
            case .nonce: claims.nonce = "another"
            case .noNonce: claims.nonce = nil
            case .accessTokenHash:
                claims.accessTokenHash = IDTokenClaims.hash(of: "another", for: .es256)
            case .otherPerson: claims.subject = ""
            }
        }
    }

    @Test("with one claim wrong it is not believed", arguments: Wrong.allCases)
    func wrong(_ wrong: Wrong) async throws {
        let world = try World()
        let code = await error(world) { request in
            try world.idToken { claims in
                claims.nonce = request.nonce
                wrong.change(&claims)
            }
        }
        #expect(code == .untrusted)
    }

    @Test("a sign-in that is older than was asked for is not believed, nor one that does not say")
    func age() async throws {
        var options = SignInOptions(scope: ["openid"])
        options.maximumAge = .seconds(30)
        let world = try World()
        let now = Int64(world.clock.now.timeIntervalSince1970)
        for (time, expected) in [(now - 20, nil), (now - 120, .untrusted), (nil, .untrusted)]
            as [(Int64?, ClientError.Code?)]
        {
            let token = { (request: SignInRequest) in
                try world.idToken { claims in
                    claims.nonce = request.nonce
                    claims.authenticationTime = time
                }
            }
            if expected == nil {
                _ = try await signIn(world, options: options, idToken: token)
            } else {
                #expect(await error(world, options: options, idToken: token) == expected)
            }
        }
    }

    @Test("an access token or a logout token is no ID token", arguments: ["at+jwt", "logout+jwt"])
    func otherTypes(type: String) async throws {
        let world = try World()
        let code = await error(world) { request in
            try world.idToken(type: type) { $0.nonce = request.nonce }
        }
        #expect(code == .untrusted)
    }

    @Test("one that another key signed, or none, is not believed")
    func signature() async throws {
        let (world, other) = (try World(), try World())
        #expect(
            await error(world) { request in try other.idToken { $0.nonce = request.nonce } }
                == .untrusted
        )
        #expect(
            await error(world) { request in
                let good = try world.idToken { $0.nonce = request.nonce }
                return good.split(separator: ".").dropLast().joined(separator: ".") + ".AAAA"
            } == .untrusted
        )
        #expect(
            await error(world) { request in
                let none = Base64URL.encode(Array(#"{"alg":"none","typ":"JWT"}"#.utf8))
                let payload = world.claims { $0.nonce = request.nonce }.encoded()
                return "\(none).\(Base64URL.encode(payload))."
            } == .untrusted
        )
    }

    @Test("where openid was asked for it has to be there")
    func missing() async throws {
        #expect(await error(try World()) { _ in nil } == .untrusted)
    }

    @Test("keys that cannot be fetched say nothing against it")
    func offline() async throws {
        let world = try World()
        world.server.always("/jwks", .lost)
        let code = await error(world) { request in try world.idToken { $0.nonce = request.nonce } }
        #expect(code == .offline)
    }

    @Test("a refresh goes on about the same person", arguments: [true, false])
    func refresh(isSame: Bool) async throws {
        let world = try World()
        let tokens = try await signIn(world) { request in
            try world.idToken { $0.nonce = request.nonce }
        }
        let next = try world.idToken { $0.subject = isSame ? "ada" : "eve" }
        world.server.answers("/token", World.tokens(1, ["id_token": .string(next)]))
        if isSame {
            let refreshed = try await world.client().refresh(tokens)
            #expect(refreshed.idToken?.compact == Secret(next))
            #expect(refreshed.scope == tokens.scope)
        } else {
            let error = await clientError { _ = try await world.client().refresh(tokens) }
            #expect(error?.code == .untrusted)
        }
    }
}
