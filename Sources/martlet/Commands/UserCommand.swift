import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet user`: the people who sign in.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Make accounts for people, and change them.",
        subcommands: [
            Create.self, List.self, Show.self, SetPassword.self, Disable.self, Enable.self,
            Delete.self,
        ]
    )
}

/// Where a password comes from: never an argument, which everybody on the machine can read.
struct PasswordOptions: ParsableArguments {
    @Flag(help: "Read the password from standard input: one line.")
    var passwordStdin = false

    func validate() throws {
        guard passwordStdin else {
            throw ValidationError("Pipe the password in, and say --password-stdin.")
        }
    }
}

extension UserCommand {
    struct Create: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account.",
            discussion: """
                Example:
                  martlet user create --username ann --email ann@example.com --password-stdin \\
                    < password.txt
                """
        )

        @Option(help: "The name to sign in with; its letters' case makes no difference.")
        var username: String
        @Option(help: "An e-mail address.")
        var email: String?
        @OptionGroup var password: PasswordOptions
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            let account = try await installation.server.createAccount(
                username: username,
                email: email,
                password: try CommandInput.password()
            )
            return Statement(
                "Created the user “\(account.username.printable)”; tokens call them "
                    + "\(account.id) (sub).",
                account.json
            )
        }
    }

    struct List: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts.",
            discussion: "Example: martlet user list --json"
        )

        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ListAnswer {
            let accounts = try await installation.server.accounts()
                .sorted { $0.username < $1.username }
            var table = TextTable("username", "email", "state", "owner", "created", "sub")
            for account in accounts {
                table.add(
                    account.username,
                    account.email ?? "",
                    account.disabledAt == nil ? "enabled" : "disabled",
                    account.managedBy.rawValue,
                    account.createdAt.text,
                    account.id.rawValue
                )
            }
            return ListAnswer(
                table,
                accounts.map(\.json),
                none: "There are no users; martlet user create --username U makes one."
            )
        }
    }

    struct Show: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an account.",
            discussion: "Example: martlet user show ann"
        )

        @Argument(help: "The name that the user signs in with.")
        var username: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> AccountAnswer {
            let server = installation.server
            return AccountAnswer(
                account: try await server.account(named: username).value,
                live: try await server.liveSessions(ofAccount: username),
                now: server.surroundings.now()
            )
        }
    }

    struct SetPassword: InstallationCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-password",
            abstract: "Change a password; all sessions of the user are over.",
            discussion: "Example: martlet user set-password ann --password-stdin < password.txt"
        )

        @Argument(help: "The name that the user signs in with.")
        var username: String
        @OptionGroup var password: PasswordOptions
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            try await installation.endingSessions(of: username, done: "Changed the password of") {
                try await $0.setPassword(of: username, to: CommandInput.password())
            }
        }
    }

    struct Disable: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Refuse a user's sign-ins; all sessions of the user are over.",
            discussion: "Example: martlet user disable ann"
        )

        @Argument(help: "The name that the user signs in with.")
        var username: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            try await installation.endingSessions(of: username, done: "Disabled") {
                try await $0.disableAccount(username)
            }
        }
    }

    struct Enable: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a user sign in again; sessions that were ended stay so.",
            discussion: "Example: martlet user enable ann"
        )

        @Argument(help: "The name that the user signs in with.")
        var username: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            try await installation.server.enableAccount(username)
            let account = try await installation.server.account(named: username).value
            return Statement(
                "Enabled the user “\(account.username.printable)”, who can sign in again.",
                account.json
            )
        }
    }

    struct Delete: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an account with its consents; all its sessions are over.",
            discussion: "Example: martlet user delete ann"
        )

        @Argument(help: "The name that the user signs in with.")
        var username: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            try await installation.endingSessions(of: username, done: "Deleted") {
                try await $0.deleteAccount(username)
            }
        }
    }
}

extension Installation {
    /// Does something that ends all sessions of a user, and says what ended.
    fileprivate func endingSessions(
        of username: String,
        done: String,
        _ change: (AuthorizationServer) async throws -> Void
    ) async throws -> Statement {
        let account = try await server.account(named: username).value
        let ended = try await server.liveSessions(ofAccount: username)
        try await change(server)
        return Statement(
            "\(done) the user “\(account.username.printable)”; \(ended.over).",
            [
                WireName.username: .string(account.username), "sub": .string(account.id.rawValue),
                "ended_sessions": .integer(Int64(ended.count)),
            ]
        )
    }
}

/// One account.
struct AccountAnswer: Showable {
    let account: Account
    let live: AuthorizationServer.LiveSessions
    let now: Instant

    var json: JSONValue { account.json }

    var text: String {
        var facts = TextFacts()
        facts.add(WireName.username, account.username)
        facts.add("email", account.email)
        facts.add("sub", account.id.rawValue)
        facts.add(
            "state",
            account.disabledAt.map { "disabled \($0.told(at: now))" } ?? "enabled"
        )
        facts.add("live sessions", live.isAll ? "\(live.count)" : "\(live.count) or more")
        facts.add("owner", account.managedBy.rawValue)
        facts.add("created", account.createdAt.told(at: now))
        return facts.text
    }
}

extension Account {
    fileprivate var json: JSONValue {
        [
            WireName.username: .string(username),
            "sub": .string(id.rawValue),
            "email": email.json { .string($0) },
            "disabled": .bool(disabledAt != nil),
            "disabled_at": disabledAt.json(\.json),
            "created_at": createdAt.json,
            "managed_by": .string(managedBy.rawValue),
        ]
    }
}
