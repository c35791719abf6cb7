import MartletProtocol
import Testing

@Suite("martlet registration-token")
struct RegistrationTokenCommandTests {
    private static let configuration = """
        issuer: http://localhost:8080
        registration: {mode: token}

        """

    @Test("create prints the token once, list shows what is left of it, revoke takes it back")
    func life() async throws {
        let folder = try CommandFolder(Self.configuration)
        let none = try await folder.run("registration-token", "list")
        #expect(none.output.hasPrefix("There are no registration tokens;"))
        let made = try await folder.run(
            "registration-token",
            "create",
            "--uses",
            "5",
            "--expires-in",
            "12h",
            "--json"
        )
        #expect(made.status == 0)
        #expect(made.complaint == "")
        #expect(
            made.members == ["token", "id", "uses", "used", "expires_at", "created_at"]
        )
        let token = try #require(made.json?["token"]?.string)
        let id = try #require(made.json?["id"]?.string)
        #expect(token.hasPrefix("mri_" + id))

        let table = try await folder.run("registration-token", "list")
        let array = try await folder.run("registration-token", "list", "--json")
        #expect(table.output.contains("0 of 5"))
        #expect(array.json?.array?.first?["id"]?.string == id)
        for outcome in [table, array] { #expect(!outcome.output.contains(token)) }

        let revoked = try await folder.run("registration-token", "revoke", id)
        #expect(revoked.status == 0)
        let again = try await folder.run("registration-token", "revoke", id)
        #expect(again.status == 1)
        #expect(again.complaint == "There is no registration token “\(id)”.\n")
    }

    @Test("a token is good for one client and a week unless told otherwise, in words too")
    func defaults() async throws {
        let folder = try CommandFolder(Self.configuration)
        let made = try await folder.run("registration-token", "create")
        #expect(made.output.contains("token     mri_"))
        #expect(made.output.contains("good for  1 client\n"))
    }

    @Test("where registration is off, create says that nobody can use the token yet")
    func off() async throws {
        let made = try await CommandFolder().run("registration-token", "create", "--json")
        #expect(made.status == 0)
        #expect(made.complaint.hasSuffix("registration: {mode: off}.\n"))
    }

    @Test(
        "what is no time or no number is a usage error, what is out of bounds is refused",
        arguments: [
            (["--expires-in", "7"], 64), (["--expires-in", "d"], 64),
            (["--expires-in", "-1d"], 64), (["--expires-in", "7w"], 64),
            (["--expires-in", "367d"], 64), (["--expires-in", "9223372036854775807d"], 64),
            (["--uses", "x"], 64), (["--uses", "0"], 1), (["--uses", "10001"], 1),
        ] as [([String], Int32)]
    )
    func bounds(arguments: [String], status: Int32) async throws {
        let folder = try CommandFolder(Self.configuration)
        let outcome = try await folder.run(["registration-token", "create"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.output.isEmpty)
    }
}
