import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("martlet client")
struct ClientCommandTests {
    static let metadata = #"{"client_name": "Mail", "grant_types": ["password"]}"#

    private func create(
        _ metadata: String = metadata,
        in folder: CommandFolder
    ) async throws -> CommandFolder.Outcome {
        try await folder.run("client", "create", "--metadata", "-", input: metadata)
    }

    @Test("create reads metadata from a file or standard input and answers as RFC 7591 says")
    func create() async throws {
        let folder = try CommandFolder()
        try folder.write(Self.metadata, to: "mail.json")
        let piped = try await create(in: folder)
        let read = try await folder.run("client", "create", "--metadata", "mail.json", "--json")
        for outcome in [piped, read] {
            #expect(outcome.status == 0)
            #expect(
                outcome.members == [
                    "client_id", "client_secret", "client_secret_expires_at",
                    "client_id_issued_at", "client_name", "grant_types",
                    "token_endpoint_auth_method",
                ]
            )
            #expect(outcome.json?["client_secret"]?.string?.hasPrefix("mcs_") == true)
        }
    }

    @Test("list and show never tell a secret")
    func list() async throws {
        let folder = try CommandFolder()
        let none = try await folder.run("client", "list")
        #expect(none.output.hasPrefix("There are no clients;"))
        let made = try await create(in: folder)
        let id = try #require(made.json?[WireName.clientID]?.string)
        let secret = try #require(made.json?[WireName.clientSecret]?.string)
        let table = try await folder.run("client", "list")
        let array = try await folder.run("client", "list", "--json")
        let facts = try await folder.run("client", "show", id)
        let object = try await folder.run("client", "show", id, "--json")
        for outcome in [table, array, facts, object] {
            #expect(outcome.status == 0)
            #expect(outcome.output.contains(id))
            #expect(!outcome.output.contains(secret))
        }
        #expect(table.output.hasPrefix("ID "))
        #expect(array.json?.array?.count == 1)
        #expect(facts.output.contains("overlap            none: the first reuse ends the session"))
        #expect(object.json?["managed_by"] == "operator")
    }

    @Test("show tells how people sign in for a client")
    func signIn() async throws {
        let folder = try CommandFolder()
        let made = try await create(
            #"{"client_name": "Mail", "redirect_uris": ["https://mail.example.com/callback"]}"#,
            in: folder
        )
        #expect(made.json?["grant_types"] == ["authorization_code"])
        #expect(made.json?["response_types"] == ["code"])
        let id = try #require(made.json?[WireName.clientID]?.string)
        let facts = try await folder.run("client", "show", id)
        #expect(facts.output.contains("https://mail.example.com/callback\n"))
        #expect(facts.output.contains("ID tokens          RS256\n"))
        #expect(facts.output.contains("PKCE               required\n"))
    }

    @Test("update replaces the metadata, rotate-secret the secret, delete takes it all")
    func change() async throws {
        let folder = try CommandFolder()
        let made = try await create(in: folder)
        let id = try #require(made.json?[WireName.clientID]?.string)
        let updated = try await folder.run(
            "client",
            "update",
            id,
            "--metadata",
            "-",
            input: #"{"client_name": "Post", "grant_types": ["password"]}"#
        )
        #expect(updated.status == 0)
        #expect(updated.json?["client_name"] == "Post")
        #expect(updated.json?["grant_types"] == ["password"])
        #expect(updated.json?[WireName.clientSecret] == nil)
        let rotated = try await folder.run("client", "rotate-secret", id)
        let secret = try #require(rotated.json?[WireName.clientSecret])
        #expect(secret != made.json?[WireName.clientSecret])
        let deleted = try await folder.run("client", "delete", id)
        #expect(deleted.output == "Deleted the client “\(id)”; it had no live session.\n")
        let gone = try await folder.run("client", "show", id)
        #expect(gone.status == 1)
        #expect(gone.complaint == "There is no client “\(id)”.\n")
        #expect(gone.output.isEmpty)
    }

    @Test("a public client has no secret to rotate")
    func publicClient() async throws {
        let folder = try CommandFolder()
        let made = try await create(
            #"{"token_endpoint_auth_method": "none", "grant_types": ["refresh_token"]}"#,
            in: folder
        )
        #expect(made.json?[WireName.clientSecret] == nil)
        let id = try #require(made.json?[WireName.clientID]?.string)
        let rotated = try await folder.run("client", "rotate-secret", id)
        #expect(rotated.status == 1)
        #expect(rotated.complaint == "The client “\(id)” is public and has no secret.\n")
    }

    @Test(
        "metadata that is none, or asks for what there is not, is refused with a sentence",
        arguments: [
            ("nonsense", "What standard input holds is not JSON: "),
            ("[]", "Client metadata is one JSON object."),
            (#"{"grant_type": ["password"]}"#, "This version knows no client metadata member"),
            (#"{"grant_types": ["implicit"]}"#, "This version has no grant type implicit"),
            ("{}", "A client with the grant type authorization_code needs redirect_uris."),
            (
                #"{"redirect_uris": ["http://mail.example.com/"]}"#,
                "A redirect URI with http goes to 127.0.0.1, [::1] or localhost"
            ),
            (
                #"{"grant_types": ["password"], "allowed_resources": ["https://a.example"]}"#,
                "allowed_resources names https://a.example, which does not exist"
            ),
        ]
    )
    func badMetadata(input: String, sentence: String) async throws {
        let folder = try CommandFolder()
        let outcome = try await create(input, in: folder)
        #expect(outcome.status == 1)
        #expect(outcome.complaint.contains(sentence))
        #expect(outcome.output.isEmpty)
    }

    @Test("a file that is not there is refused, an option that is not given is a usage error")
    func usage() async throws {
        let folder = try CommandFolder()
        let missing = try await folder.run("client", "create", "--metadata", "nowhere.json")
        #expect(missing.status == 1)
        #expect(missing.complaint.contains("nowhere.json cannot be read: No such file"))
        #expect(try await folder.run("client", "create").status == 64)
        #expect(try await folder.run("client", "show").status == 64)
        #expect(try await folder.run("client", "list", "--nonsense").status == 64)
    }
}
