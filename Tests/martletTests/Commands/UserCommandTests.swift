import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("martlet user")
struct UserCommandTests {
    @Test("an account is made, seen, disabled, enabled and deleted")
    func life() async throws {
        let folder = try CommandFolder()
        let made = try await folder.run(
            "user",
            "create",
            "--username",
            "Ann",
            "--email",
            "ann@example.com",
            "--password-stdin",
            "--json",
            input: "open sesame\n"
        )
        #expect(made.status == 0)
        #expect(
            made.members == [
                "username", "sub", "email", "profile", "disabled", "disabled_at", "created_at",
                "updated_at", "managed_by",
            ]
        )
        #expect(made.json?["email"] == "ann@example.com")
        let table = try await folder.run("user", "list")
        #expect(table.output.contains("Ann       ann@example.com  enabled  operator"))
        let disabled = try await folder.run("user", "disable", "ann")
        #expect(disabled.output == "Disabled the user “Ann”; it had no live session.\n")
        let shown = try await folder.run("user", "show", "ANN", "--json")
        #expect(shown.json?["disabled"] == true)
        let facts = try await folder.run("user", "show", "ann")
        #expect(facts.output.contains("disabled "))
        #expect(try await folder.run("user", "enable", "ann").status == 0)
        let list = try await folder.run("user", "list", "--json")
        #expect(list.json?.array?.first?["disabled_at"] == .null)
        #expect(try await folder.run("user", "delete", "ann").status == 0)
        let none = try await folder.run("user", "list")
        #expect(none.output.hasPrefix("There are no users;"))
    }

    @Test("a profile is given at the making, seen, and replaced as a whole")
    func profile() async throws {
        let folder = try CommandFolder()
        try folder.write(
            #"{"given_name": "Ann", "email_verified": true, "address": {"country": "FR"}}"#,
            to: "ann.json"
        )
        let create = [
            "user", "create", "--username", "ann", "--email", "ann@example.com",
            "--password-stdin", "--profile",
        ]
        let made = try await folder.run(create + ["ann.json", "--json"], input: "open sesame")
        #expect(made.json?["profile"]?["address"]?["country"] == "FR")
        let shown = try await folder.run("user", "show", "ann")
        #expect(shown.output.contains("given_name      Ann\n"))
        #expect(shown.output.contains("address         FR\n"))
        let moved = try await folder.run("user", "update", "ann", "--email", "ann@example.net")
        #expect(moved.output == "The user “ann” is up to date.\n")
        let unverified = try await folder.run("user", "show", "ann", "--json")
        #expect(unverified.json?["email"] == "ann@example.net")
        #expect(unverified.json?["profile"]?["email_verified"] == nil)
        let changed = try await folder.run(
            "user",
            "update",
            "ann",
            "--profile",
            "-",
            "--email",
            "",
            "--json",
            input: #"{"locale": "fr"}"#
        )
        #expect(changed.json?["profile"] == ["locale": "fr"])
        #expect(changed.json?["email"] == .null)
        let refused = try await folder.run("user", "update", "ann", "--profile", "-", input: "[]")
        #expect(refused.status == 1)
        #expect(refused.complaint.hasPrefix("A profile is an object of claims"))
        #expect(try await folder.run("user", "update", "ann").status == 64)
        #expect(try await folder.run(create + ["-"], input: "{}").status == 64)
    }

    @Test("an account comes along with a hash of its password, if that can be verified")
    func passwordHash() async throws {
        let folder = try CommandFolder()
        func create(_ username: String, _ hash: String) async throws -> CommandFolder.Outcome {
            try await folder.run(
                "user",
                "create",
                "--username",
                username,
                "--password-hash-stdin",
                input: hash
            )
        }
        let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        #expect(try await create("ann", hash + "\n").status == 0)
        let costly = try await create("bob", hash.replacing("$05$", with: "$31$"))
        #expect(costly.status == 1)
        #expect(costly.complaint.hasPrefix("Verifying this password hash would take more time"))
        let unknown = try await create("bob", "sesame\n")
        #expect(unknown.status == 1)
        #expect(unknown.complaint.hasPrefix("This is no password hash that Martlet reads;"))
        #expect(try await create("bob", "\n").status == 1)
        let both = try await folder.run(
            "user",
            "create",
            "--username",
            "bob",
            "--password-stdin",
            "--password-hash-stdin",
            input: hash
        )
        #expect(both.status == 64)
        let shown = try await folder.run("user", "show", "ann", "--json")
        #expect(!shown.output.contains("$2a$"))
    }

    @Test("a user whom nobody knows is refused by name")
    func unknown() async throws {
        let folder = try CommandFolder()
        let named = try await folder.run("user", "update", "bob", "--email", "bob@example.com")
        #expect(named.status == 1)
        for command in ["show", "disable", "enable", "delete"] {
            let outcome = try await folder.run("user", command, "bob")
            #expect(outcome.status == 1)
            #expect(outcome.complaint.hasSuffix("There is no user “bob”.\n"))
        }
    }

    @Test("a name is taken once, whatever its letters' case")
    func taken() async throws {
        let (running, _) = try await RunningServer.withAnn()
        let outcome = try await running.folder.run(
            "user",
            "create",
            "--username",
            "ANN",
            "--password-stdin",
            input: "open sesame"
        )
        #expect(outcome.status == 1)
        #expect(outcome.complaint == "There is a user “ANN” already.\n")
        await running.close()
    }

    @Test(
        "a password is one line of text, and not empty",
        arguments: [
            ("", "There is no password on standard input; pipe one in.\n"),
            ("\n", "There is no password on standard input; pipe one in.\n"),
            ("sésame\n", "A password has at least 8 bytes.\n"),
            ("two\nlines\n", "A password is one line of text; standard input holds more.\n"),
        ]
    )
    func badPassword(input: String, sentence: String) async throws {
        let (running, _) = try await RunningServer.withAnn()
        let outcome = try await running.folder.run(
            "user",
            "set-password",
            "ann",
            "--password-stdin",
            input: input
        )
        #expect(outcome.status == 1)
        #expect(outcome.complaint == sentence)
        await running.close()
    }

    @Test("a password comes from standard input or not at all")
    func usage() async throws {
        let folder = try CommandFolder()
        let silent = try await folder.run("user", "create", "--username", "ann", input: "sesame")
        #expect(silent.status == 64)
        #expect(silent.complaint.contains("--password-stdin"))
        let told = try await folder.run("user", "create", "--username", "ann", "--password", "x")
        #expect(told.status == 64)
    }
}
