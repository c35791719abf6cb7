import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What is told of a person")
struct UserClaimsTests {
    static let profile: JSONObject = {
        var profile = JSONObject()
        profile["name"] = "Ada Lovelace"
        profile["given_name"] = "Ada"
        profile["family_name"] = "Lovelace"
        profile["locale"] = "en-GB"
        profile["email_verified"] = true
        profile["phone_number"] = "+44 20 7946 0000"
        profile["phone_number_verified"] = false
        profile["address"] = ["locality": "London"]
        return profile
    }()

    private func account(email: String? = "ada@example.com") -> Account {
        Account(
            id: AccountID(rawValue: "account-of-ada"),
            username: "ada",
            email: email,
            profile: Self.profile,
            password: PasswordHash(encoded: "x"),
            disabledAt: nil,
            createdAt: Instant(seconds: 1),
            updatedAt: Instant(seconds: 1_790_000_000),
            managedBy: .operator
        )
    }

    @Test(
        "each scope tells its own claims, and no other",
        .covers("OIDC Core §5.4 scopes"),
        arguments: [
            ("openid", []), ("openid offline_access read", []), ("openid unheard", []),
            (
                "openid profile",
                [
                    "preferred_username", "name", "given_name", "family_name", "locale",
                    "updated_at",
                ]
            ),
            ("openid email", ["email", "email_verified"]),
            ("openid phone", ["phone_number", "phone_number_verified"]),
            ("openid address", ["address"]),
        ] as [(String, [String])]
    )
    func scopes(scope: String, names: [String]) throws {
        let claims = UserClaims.claims(of: account(), in: try Scope(valid: scope))
        #expect(Set(claims.members.map(\.name)) == Set(names))
    }

    @Test(
        "every claim that can be told has a scope, and is announced once",
        .covers("OIDC Discovery §3 claims")
    )
    func announced() {
        #expect(UserClaims.names.allSatisfy { UserClaims.scope(of: $0) != nil })
        #expect(Set(UserClaims.names).count == UserClaims.names.count)
        for name in IDTokenClaims.names { #expect(UserClaims.scope(of: name) == nil) }
        #expect(UserClaims.scope(of: "name#de") == nil)
    }

    @Test(
        "the values are the account's, and what it does not have is left out",
        .covers(
            "OIDC Core §5.1 standard-claims",
            "OIDC Core §5.1 address",
            "OIDC Core §5.3.2 no-empty-claims"
        )
    )
    func values() throws {
        let scope = try Scope(valid: "openid profile email address phone")
        let claims = UserClaims.claims(of: account(), in: scope)
        #expect(claims["preferred_username"] == "ada")
        #expect(claims["email"] == "ada@example.com")
        #expect(claims["updated_at"] == 1_790_000_000)
        #expect(claims["address"] == ["locality": "London"])
        #expect(claims["phone_number_verified"] == false)
        #expect(claims["nickname"] == nil)
        #expect(UserClaims.claims(of: account(email: nil), in: scope)["email"] == nil)
    }

    @Test(
        "a claim that is asked for by itself is told under its scope, and with its value",
        .covers(
            "OIDC Core §5.5 claims-parameter",
            "OIDC Core §5.5 unknown-ignored",
            "OIDC Core §5.5.1 essential",
            "OIDC Core §5.5.1 values"
        )
    )
    func asked() throws {
        let scope = try Scope(valid: "openid profile")
        func told(_ asked: [String: ClaimsRequest.Claim]) -> [String] {
            UserClaims.claims(of: account(), in: scope, asked: asked).members.map(\.name)
        }
        #expect(told([:]).isEmpty)
        #expect(told(["name": .init()]) == ["name"])
        #expect(told(["email": .init(isEssential: true)]).isEmpty)
        #expect(told(["locale": .init(value: "fr")]).isEmpty)
        #expect(told(["locale": .init(values: ["fr", "en-GB"])]) == ["locale"])
        #expect(told(["NAME": .init(), "sub": .init(), "password": .init()]).isEmpty)
    }
}
