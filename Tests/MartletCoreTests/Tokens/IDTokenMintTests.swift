import MartletProtocol
import Testing

@testable import MartletCore

@Suite("ID tokens")
struct IDTokenMintTests {
    private let accessToken = "an.access.token"

    /// A family of this client as its authorized record would be.
    private func family(
        _ client: TestClient,
        in world: TestAuthorizationServer,
        scope: String = "openid profile email",
        absoluteEnd: Instant? = nil,
        signIn: FamilySignIn? = nil,
        claims: ClaimsRequest? = nil
    ) throws -> AuthorizedFamily {
        AuthorizedFamily(
            id: FamilyID(madeAt: world.now, in: world.server.surroundings),
            client: client.id,
            account: AccountID(rawValue: "account-of-ada"),
            scope: try Scope(valid: scope),
            resources: [],
            secretHash: nil,
            refreshKey: RefreshKeyID(1),
            keyBinding: nil,
            epochs: Sample.epochs,
            madeAt: world.now,
            absoluteEnd: absoluteEnd ?? world.now + .days(30),
            authentication: Authentication(
                time: world.now - .minutes(5),
                contextClass: AuthenticationName.passwordContextClass,
                methods: [AuthenticationName.password]
            ),
            origin: Origin(address: "192.0.2.1", userAgent: "test"),
            signIn: signIn,
            claims: claims
        )
    }

    /// An ID token of the family as the client would read it, with its header.
    private func idToken(
        _ family: AuthorizedFamily,
        in world: TestAuthorizationServer,
        account: Account? = nil,
        nonce: String? = nil
    ) async throws -> (JSONWebSignature.Header, IDTokenClaims) {
        let text = try await text(family, in: world, account: account, nonce: nonce)
        let token = try JSONWebSignature.parse(text)
        let keys = try await world.keys.published(at: world.now)
        let key = try #require(
            keys.key(withID: token.header.keyID, for: token.header.algorithm)
        )
        try token.verify(with: key)
        return (token.header, try IDTokenClaims(json: JSONValue(parsing: token.payload)))
    }

    private func text(
        _ family: AuthorizedFamily,
        in world: TestAuthorizationServer,
        account: Account? = nil,
        nonce: String? = nil
    ) async throws -> String {
        let client = try #require(
            try await world.storage.find(Client.self, id: family.client.rawValue).0
        )
        return try world.server.idTokens.mint(
            for: family,
            client: client.value,
            account: account,
            nonce: nonce,
            accessToken: accessToken,
            keys: try await world.keys,
            at: world.now
        )
    }

    private func client(
        in world: TestAuthorizationServer,
        algorithm: SignatureAlgorithm = .es256
    ) async throws -> TestClient {
        try await world.client(
            grants: [.authorizationCode, .refreshToken],
            scope: "openid profile email",
            redirectURIs: ["https://app.example.com/back"],
            members: ["id_token_signed_response_alg": .string(algorithm.rawValue)]
        )
    }

    @Test(
        "an ID token says who signed in, when and how, and to whom it says so",
        .covers(
            "OIDC Core §2 claims",
            "OIDC Core §2 nonce",
            "OIDC Core §2 acr-amr",
            "OIDC Core §2 azp",
            "OIDC Core §2 auth-time",
            "OIDC Core §3.1.3.6 at-hash"
        )
    )
    func claims() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let signIn = FamilySignIn(id: SignInID(rawValue: "sign-in-1"), endsWithIt: false)
        let family = try family(client, in: world, signIn: signIn)
        let (header, claims) = try await idToken(family, in: world, nonce: "n-0S6_WzA2Mj")
        #expect(header.type == "JWT")
        #expect(claims.issuer == TestAuthorizationServer.issuer)
        #expect(claims.subject == "account-of-ada")
        #expect(claims.audience == [client.id.rawValue])
        #expect(claims.authorizedParty == client.id.rawValue)
        #expect(claims.issuedAt == world.now.seconds)
        #expect(claims.expiresAt == (world.now + IDTokenMint.lifetime).seconds)
        #expect(claims.authenticationTime == (world.now - .minutes(5)).seconds)
        #expect(claims.authenticationContext == "urn:martlet:acr:password")
        #expect(claims.authenticationMethods == ["pwd"])
        #expect(claims.nonce == "n-0S6_WzA2Mj")
        #expect(claims.accessTokenHash == IDTokenClaims.hash(of: accessToken, for: .es256))
        #expect(claims.sessionID == signIn.id.sid(at: client.id))
        #expect(claims.profile.isEmpty)
    }

    @Test(
        "each client has its ID tokens signed with the algorithm that it registered",
        .covers("OIDC Core §2 signed", "OIDC Core §15.1 rs256"),
        arguments: SignatureAlgorithm.allCases
    )
    func algorithm(algorithm: SignatureAlgorithm) async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world, algorithm: algorithm)
        let (header, claims) = try await idToken(family(client, in: world), in: world)
        #expect(header.algorithm == algorithm)
        #expect(claims.accessTokenHash == IDTokenClaims.hash(of: accessToken, for: algorithm))
    }

    @Test("an ID token never outlives the absolute end of its family")
    func absoluteEnd() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let end = world.now + .minutes(20)
        let (_, claims) = try await idToken(
            family(client, in: world, absoluteEnd: end),
            in: world
        )
        #expect(claims.expiresAt == end.seconds)
    }

    @Test(
        "the sid is another one at each client, and absent where no browser signed in",
        .covers("Back-Channel Logout §2.4 sid")
    )
    func sid() async throws {
        let world = try await TestAuthorizationServer()
        let signIn = FamilySignIn(id: SignInID(rawValue: "sign-in-1"), endsWithIt: true)
        let first = try await client(in: world)
        let second = try await client(in: world)
        let (_, one) = try await idToken(family(first, in: world, signIn: signIn), in: world)
        let (_, other) = try await idToken(family(second, in: world, signIn: signIn), in: world)
        #expect(one.sessionID != nil)
        #expect(one.sessionID != other.sessionID)
        let (_, without) = try await idToken(family(first, in: world), in: world)
        #expect(without.sessionID == nil)
    }

    @Test(
        "a later ID token of a family keeps sub, iss and auth_time, and has no nonce",
        .covers("OIDC Core §12.2 id-token", "OIDC Core §12.2 auth-time", "OIDC Core §12.2 nonce")
    )
    func refreshed() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let family = try family(client, in: world)
        let (_, first) = try await idToken(family, in: world, nonce: "n")
        world.wait(.hours(5))
        let (_, later) = try await idToken(family, in: world)
        #expect(later.issuer == first.issuer)
        #expect(later.subject == first.subject)
        #expect(later.audience == first.audience)
        #expect(later.authenticationTime == first.authenticationTime)
        #expect(later.issuedAt == first.issuedAt + 18_000)
        #expect(later.nonce == nil)
    }

    @Test(
        "an ID token tells of the person what was asked for there and the scopes allow",
        .covers(
            "OIDC Core §5.5 claims-parameter",
            "OIDC Core §5.5 unknown-ignored",
            "OIDC Core §5.5.1 essential"
        )
    )
    func asked() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let account = try await world.account(
            email: "ada@example.com",
            profile: UserClaimsTests.profile
        )
        let request = try ClaimsRequest(
            parsing: """
                {"id_token": {"email": null, "given_name": {"essential": true},
                  "phone_number": {"essential": true}, "locale": {"value": "fr"},
                  "auth_time": {"essential": true}, "sub": {"value": "forged"},
                  "unheard_of": null},
                 "userinfo": {"family_name": null}}
                """
        )
        #expect(request.needsAccount)
        let (_, claims) = try await idToken(
            family(client, in: world, claims: request),
            in: world,
            account: account
        )
        #expect(
            JSONValue.object(claims.profile)
                == ["email": "ada@example.com", "given_name": "Ada"]
        )
        #expect(claims.subject == "account-of-ada")
    }

    @Test("no account is read for an ID token that tells nothing of the person")
    func needsNoAccount() throws {
        let request = try ClaimsRequest(
            parsing: #"{"id_token":{"acr":null,"auth_time":null},"userinfo":{"email":null}}"#
        )
        #expect(!request.needsAccount)
    }

    @Test(
        "a hint is an ID token of this server, expired or not",
        .covers(
            "OIDC Core §3.1.2.2 hint-issuer",
            "RP-Initiated Logout §2 hint-issuer",
            "RP-Initiated Logout §2 expired-hint"
        )
    )
    func hint() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let text = try await text(family(client, in: world), in: world)
        let keys = try await world.keys
        world.wait(.days(3))
        #expect(world.server.issuedIDToken(text, keys: keys)?.subject == "account-of-ada")
        for refused in [String(text.dropLast()), text + "A", "a.b.c", "", "é"] {
            #expect(world.server.issuedIDToken(refused, keys: keys) == nil)
        }
    }

    @Test(
        "no other token of this server passes as a hint, and no ID token as an access token",
        .covers(
            "OIDC Core §3.1.2.2 hint-issuer",
            "Back-Channel Logout §4.1 cross-jwt",
            "RFC 9068 §5 not-an-id-token"
        )
    )
    func otherTokens() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await client(in: world)
        let keys = try await world.keys
        let idToken = try await text(family(client, in: world), in: world)
        #expect(world.server.signedAccessToken(idToken, keys: keys) == nil)

        var claims = try #require(
            world.server.issuedIDToken(idToken, keys: keys)
        )
        let access = try #require(keys.signer(for: .es256, at: world.now))
        #expect(
            world.server.issuedIDToken(try access.sign(claims.encoded()), keys: keys) == nil
        )
        let logout = try #require(keys.signer(for: .es256, of: .logoutToken, at: world.now))
        #expect(
            world.server.issuedIDToken(try logout.sign(claims.encoded()), keys: keys) == nil
        )
        let userInfo = try #require(keys.signer(for: .es256, of: .userInfo, at: world.now))
        let answer: JSONValue = [
            "sub": "account-of-ada", "iss": .string(TestAuthorizationServer.issuer),
            "aud": .string(client.id.rawValue),
        ]
        #expect(
            world.server.issuedIDToken(try userInfo.sign(answer.encoded()), keys: keys) == nil
        )
        claims.issuer = "https://elsewhere.example.com"
        let signer = try #require(keys.signer(for: .es256, of: .idToken, at: world.now))
        #expect(
            world.server.issuedIDToken(try signer.sign(claims.encoded()), keys: keys) == nil
        )
    }
}
