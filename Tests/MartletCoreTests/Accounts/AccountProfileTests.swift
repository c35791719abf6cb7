import MartletProtocol
import Testing

@testable import MartletCore

@Suite("What is told of a person")
struct AccountProfileTests {
    private func checked(
        _ claim: String,
        _ value: JSONValue,
        email: String? = "ada@example.com"
    ) throws -> JSONObject {
        try AccountProfile.checked([claim: value], email: email)
    }

    @Test(
        "a profile holds the standard claims of OpenID Connect",
        .covers("OIDC Core §5.1 standard-claims", "OIDC Core §5.1 address"),
        arguments: ProfileClaim.allCases
    )
    func standard(claim: ProfileClaim) throws {
        let value: JSONValue =
            switch claim {
            case .name, .givenName, .familyName, .middleName, .nickname, .gender: "Ada Łovelace"
            case .profile, .picture, .website: "https://example.com/ada?size=1#top"
            case .emailVerified, .phoneNumberVerified: true
            case .birthdate: "1815-12-10"
            case .zoneinfo: "Europe/London"
            case .locale: "en-GB"
            case .phoneNumber: "+1 (425) 555-1212;ext=5678"
            case .address:
                ["formatted": "1 Row\nTown", "street_address": "1 Row", "postal_code": "W1"]
            }
        var profile = JSONObject()
        profile[claim.rawValue] = value
        profile["phone_number"] = "+1 (425) 555-1212;ext=5678"
        #expect(
            try AccountProfile.checked(.object(profile), email: "ada@example.com") == profile
        )
    }

    @Test(
        "a claim of the wrong type, form or length is refused",
        arguments: [
            ("name", 1), ("name", ""), ("name", "two\nlines"), ("given_name", ["Ada"]),
            ("nickname", .string(String(repeating: "a", count: 201))),
            ("picture", "javascript:alert(1)"), ("picture", "https://"), ("website", "ada.example"),
            ("website", "https://example.com/a b"), ("profile", "https://example.com/\"x"),
            ("profile", .string("https://" + String(repeating: "a", count: 2000))),
            ("email_verified", "true"), ("phone_number_verified", 1),
            ("birthdate", "10.12.1815"), ("birthdate", "1815-13-10"), ("birthdate", "1815-02-29"),
            ("birthdate", "0000"), ("birthdate", 1815), ("birthdate", "1815-1-1"),
            ("zoneinfo", "Europe London"), ("zoneinfo", "/etc"), ("locale", "en GB"),
            ("locale", "-"), ("phone_number", 4_425_551_212), ("address", "1 Row"),
            ("address", .object(JSONObject())), ("address", ["planet": "Earth"]),
            ("address", ["country": 1]), ("address", ["country": "a\nb"]),
            ("address", ["formatted": "\n"]),
            ("address", ["formatted": .string(String(repeating: "a", count: 501))]),
        ] as [(String, JSONValue)]
    )
    func malformed(claim: String, value: JSONValue) {
        let error = #expect(throws: AdministrationError.self) { try checked(claim, value) }
        #expect(error?.sentence.hasSuffix(".") == true)
    }

    @Test(
        "what the account itself says, and what nobody knows, is no part of a profile",
        arguments: ["sub", "email", "preferred_username", "updated_at", "name#fr", "shoe_size"]
    )
    func unknown(claim: String) {
        let error = #expect(throws: AdministrationError.self) { try checked(claim, "x") }
        #expect(error?.sentence.hasPrefix("There is no claim “\(claim)” in a profile;") == true)
    }

    @Test("a birthday may lack its year, or the year its day", arguments: ["0000-02-29", "1815"])
    func birthdates(text: String) throws {
        #expect(try checked("birthdate", .string(text)).count == 1)
    }

    @Test("null is the same as nothing")
    func null() throws {
        #expect(try checked("name", .null).isEmpty)
        #expect(try checked("address", ["country": "FR", "region": .null]).members.count == 1)
    }

    @Test("only what is there can be verified")
    func verified() {
        #expect(
            throws: AdministrationError("email_verified needs an e-mail address that it is about.")
        ) {
            try checked("email_verified", true, email: nil)
        }
        #expect(
            throws: AdministrationError(
                "phone_number_verified needs phone_number that it is about."
            )
        ) {
            try checked("phone_number_verified", false)
        }
    }

    @Test("a new e-mail address is not verified, the same one stays so")
    func changedEmail() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let update = world.server.updateAccount
        _ = try await update(
            "ada",
            .init(email: .set("ada@example.com"), profile: ["email_verified": true])
        )
        world.wait(.minutes(1))
        let same = try await update("ada", .init(email: .set("ada@example.com"), profile: nil))
        #expect(same.profile["email_verified"] == true)
        #expect(same.updatedAt == world.now - .minutes(1))
        let other = try await update("ada", .init(email: .set("ada@example.net"), profile: nil))
        #expect(other.profile.isEmpty)
        #expect(other.updatedAt == world.now)
        #expect(try await world.events.last == .accountUpdated(other.id))
    }

    @Test("a profile that changes ends nothing")
    func endsNothing() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let token = try await world.newSession(client)
        _ = try await world.server.updateAccount(
            "ada",
            .init(email: .keep, profile: ["name": "Ada"])
        )
        _ = try await world.refresh(token, as: client)
        #expect(try await world.server.account(named: "ada").value.profile["name"] == "Ada")
    }

    @Test("an account that was stored before there were profiles is read")
    func olderBodies() throws {
        let body: JSONValue = [
            "username": "ada", "email": .null, "password": "$argon2id$", "disabled_at": .null,
            "created_at": 1, "managed_by": "operator",
        ]
        let account = try Account(recordID: "a", body: RecordBody(body, of: "account a"))
        #expect(account.profile.isEmpty)
        #expect(account.updatedAt == nil)
    }
}
