import MartletProtocol
import Testing

@testable import MartletCore

@Suite("Commands about users")
struct AccountAdministrationTests {
    @Test("a user that was made signs in, under a subject that is not the name")
    func create() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let account = try await world.server.createAccount(
            username: "Ada",
            email: "ada@example.com",
            password: Secret("pass phrase")
        )
        let answer = try await world.signIn(client, "ada", password: "pass phrase")
        let subject = try await world.claims(answer.accessToken).subject
        #expect(subject == account.id.rawValue)
        #expect(!subject.lowercased().contains("ada"))
        #expect(try await world.server.accounts().map(\.username) == ["Ada"])
        #expect(try await world.events.contains(.accountCreated(account.id)))
    }

    @Test("a name is taken whatever its letters' case")
    func taken() async throws {
        let world = try await TestAuthorizationServer()
        try await world.account("Ada")
        await #expect(throws: AdministrationError("There is a user “ADA” already.")) {
            try await world.server.createAccount(
                username: "ADA",
                email: nil,
                password: Secret("x")
            )
        }
    }

    @Test("of two that make the same user at the same moment one is told to look again")
    func conflict() async throws {
        let world = try await TestAuthorizationServer()
        let other = world.otherProcess
        world.storage.beforeNext(.save) {
            _ = try? await other.createAccount(
                username: "ada",
                email: nil,
                password: Secret("x")
            )
        }
        await #expect(throws: AdministrationError.changedMeanwhile) {
            try await world.server.createAccount(
                username: "ada",
                email: nil,
                password: Secret("y")
            )
        }
        #expect(try await world.server.accounts().count == 1)
    }

    @Test(
        "names that cannot be told apart on paper, or are no names, are refused",
        arguments: [
            "", " ada", "ada ", "ad\u{0}a", "ad\na", String(repeating: "a", count: 201),
        ]
    )
    func names(name: String) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError.self) {
            try await world.server.createAccount(
                username: name,
                email: nil,
                password: Secret("x")
            )
        }
    }

    @Test("passwords have bounds, and so have addresses")
    func bounds() async throws {
        let world = try await TestAuthorizationServer()
        for password in ["", String(repeating: "a", count: 1025)] {
            await #expect(throws: AdministrationError("A password has 1 to 1024 bytes.")) {
                try await world.server.createAccount(
                    username: "ada",
                    email: nil,
                    password: Secret(password)
                )
            }
        }
        await #expect(throws: AdministrationError.self) {
            try await world.server.createAccount(
                username: "ada",
                email: "nowhere",
                password: Secret("x")
            )
        }
    }

    /// Every command that changes a user.
    enum Command: CaseIterable {
        case update, setPassword, disable, enable, delete

        func run(on server: AuthorizationServer, _ username: String) async throws {
            switch self {
            case .update:
                _ = try await server.updateAccount(
                    username,
                    .init(email: .set("ada@example.com"), profile: nil)
                )
            case .setPassword: try await server.setPassword(of: username, to: Secret("x"))
            case .disable: try await server.disableAccount(username)
            case .enable: try await server.enableAccount(username)
            case .delete: try await server.deleteAccount(username)
            }
        }
    }

    @Test("a user that does not exist is named in the refusal", arguments: Command.allCases)
    func unknown(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        await #expect(throws: AdministrationError("There is no user “ada”.")) {
            try await command.run(on: world.server, "ada")
        }
        await #expect(throws: AdministrationError("There is no user “ada”.")) {
            try await world.server.endSessions(ofAccount: "ada")
        }
    }

    @Test("what the configuration file owns is changed there", arguments: Command.allCases)
    func owned(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        _ = try await world.server.apply(
            FileOwnedAccount(
                username: "ada",
                email: nil,
                password: .plain(Secret("x")),
                access: .open
            )
        )
        let before = try await world.storage.revision()
        await #expect(throws: AdministrationError.ownedByFile("user", "ada")) {
            try await command.run(on: world.server, "ada")
        }
        #expect(try await world.storage.revision() == before)
        try await world.server.endSessions(ofAccount: "ada")
    }

    @Test(
        "a command that meets another one's change says so and changes nothing",
        arguments: Command.allCases
    )
    func changedMeanwhile(command: Command) async throws {
        let world = try await TestAuthorizationServer()
        try await world.account()
        let other = world.otherProcess
        world.storage.beforeNext(.save) { try? await other.endSessions(ofAccount: "ada") }
        await #expect(throws: AdministrationError.changedMeanwhile) {
            try await command.run(on: world.server, "ada")
        }
        #expect(try await world.server.account(named: "ada").value.disabledAt == nil)
    }

    @Test("deleting a user deletes the consents too")
    func deleteConsents() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        let account = try await world.account()
        _ = try await world.newSession(client)
        try await world.server.deleteAccount("ada")
        let left = try await world.storage.all(Consent.self, owner: account.id.rawValue).0
        #expect(left.isEmpty)
        #expect(
            try await world.events.last
                == .accountSessionsEnded(account.id, reason: .accountDeleted)
        )
    }

    @Test("the new password works, the old one does not")
    func newPassword() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        try await world.server.setPassword(of: "ada", to: Secret("another"))
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client) }
        _ = try await world.signIn(client, password: "another")
    }

    @Test("an account that is enabled again signs in anew, under the same subject")
    func enable() async throws {
        let world = try await TestAuthorizationServer()
        let client = try await world.client()
        try await world.account()
        let before = try await world.claims(try await world.signIn(client).accessToken)
        try await world.server.disableAccount("ada")
        await #expect(throws: PasswordGrant.wrong) { try await world.signIn(client) }
        try await world.server.enableAccount("ada")
        let after = try await world.claims(try await world.signIn(client).accessToken)
        #expect(after.subject == before.subject)
        #expect(after.sessionID != before.sessionID)
    }
}
