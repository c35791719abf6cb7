import Foundation
import MartletCore
import MartletProtocol
import Testing

@Suite("martlet resource")
struct ResourceCommandTests {
    static let identifier = "https://api.example.com"

    @Test("an API is described, changed and deleted; its secret is shown when it is made")
    func life() async throws {
        let folder = try CommandFolder()
        let made = try await folder.run(
            "resource",
            "create",
            "--identifier",
            Self.identifier,
            "--scopes",
            "read,write",
            "--signing-algorithm",
            "EdDSA",
            "--idle-lifetime",
            "3600",
            "--json"
        )
        #expect(made.status == 0)
        #expect(
            made.members == [
                "identifier", "scopes", "signing_algorithm", "idle_lifetime", "absolute_lifetime",
                "client_id", "client_secret", "managed_by",
            ]
        )
        let keys = try await folder.run("key", "list")
        #expect(keys.output.contains("signs tokens (EdDSA)"))
        let updated = try await folder.run(
            "resource",
            "update",
            Self.identifier,
            "--scopes",
            "read",
            "--json"
        )
        #expect(updated.json?["scopes"] == ["read"])
        #expect(updated.json?["idle_lifetime"] == 3600)
        #expect(updated.json?[WireName.clientSecret] == nil)
        let rotated = try await folder.run("resource", "rotate-secret", Self.identifier)
        #expect(rotated.output.contains("(shown this one time)"))
        let shown = try await folder.run("resource", "show", Self.identifier)
        #expect(shown.output.contains("idle lifetime  1 hour"))
        #expect(!shown.output.contains("mcs_"))
        let list = try await folder.run("resource", "list")
        #expect(list.output.contains("https://api.example.com  read    EdDSA        operator"))
        #expect(try await folder.run("resource", "delete", Self.identifier).status == 0)
        let array = try await folder.run("resource", "list", "--json")
        #expect(array.json == [])
    }

    @Test("an API that nobody described is refused by name, and so is the issuer as one")
    func refused() async throws {
        let folder = try CommandFolder()
        let unknown = try await folder.run("resource", "show", Self.identifier)
        #expect(unknown.status == 1)
        #expect(unknown.complaint.hasSuffix("There is no resource “https://api.example.com”.\n"))
        let issuer = try await folder.run(
            "resource",
            "create",
            "--identifier",
            "http://localhost:8080",
            "--scopes",
            "read"
        )
        #expect(issuer.status == 1)
    }

    @Test("scopes, algorithms and lifetimes that are none are usage errors")
    func usage() async throws {
        let folder = try CommandFolder()
        let wrong = [
            [], ["--scopes", "a\"b"], ["--scopes", "read", "--signing-algorithm", "HS256"],
            ["--scopes", "read", "--idle-lifetime", "0"],
        ]
        for options in wrong {
            let outcome = try await folder.run(
                ["resource", "create", "--identifier", Self.identifier] + options
            )
            #expect(outcome.status == 64)
        }
    }
}
