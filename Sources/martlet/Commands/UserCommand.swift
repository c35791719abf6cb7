import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet user`: the people who sign in.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Make accounts for people, and change them.",
        subcommands: [
            Create.self, List.self, Show.self, Update.self, SetPassword.self, Disable.self,
            Enable.self, Delete.self,
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

/// Where a new account's password comes from: standard input too, as it is or hashed.
struct FirstPasswordOptions: ParsableArguments {
    @Flag(help: "Read the password from standard input: one line.")
    var passwordStdin = false
    @Flag(
        help: """
            Read a hash of the password from standard input: one line of Argon2, bcrypt, scrypt or \
            PBKDF2. It is hashed anew at the first login.
            """
    )
    var passwordHashStdin = false

    func validate() throws {
        guard passwordStdin != passwordHashStdin else {
            throw ValidationError(
                "Pipe the password in and say --password-stdin, or a hash of it and say "
                    + "--password-hash-stdin."
            )
        }
    }
}

extension UserCommand {
    struct Create: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an account.",
            discussion: """
                A password has at least 8 bytes; one that was hashed elsewhere is taken as it is.

                A profile is a JSON object of OpenID Connect's standard claims: name, given_name, \
                family_name, middle_name, nickname, profile, picture, website, email_verified, \
                gender, birthdate, zoneinfo, locale, phone_number, phone_number_verified, address.

                Example:
                  martlet user create --username ann --email ann@example.com --password-stdin \\
                    < password.txt
                  echo '$2y$10$…' | martlet user create --username bob --password-hash-stdin
                """
        )

        @Option(help: "The name to sign in with; its letters' case makes no difference.")
        var username: String
        @Option(help: "An e-mail address.")
        var email: String?
        @Option(help: ArgumentHelp("The profile, as JSON.", valueName: "file"))
        var profile: String?
        @OptionGroup var password: FirstPasswordOptions
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard profile == "-" else { return }
            throw ValidationError(
                "The password comes from standard input; give --profile the name of a file."
            )
        }

        func answer(in installation: Installation) async throws -> Statement {
            let profile = try profile.map(CommandInput.json(from:)) ?? .object(JSONObject())
            let account =
                if password.passwordHashStdin {
                    try await installation.server.importAccount(
                        username: username,
                        email: email,
                        passwordHash: try CommandInput.passwordHash(),
                        profile: profile
                    )
                } else {
                    try await installation.server.createAccount(
                        username: username,
                        email: email,
                        password: try CommandInput.newPassword(),
                        profile: profile
                    )
                }
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

    struct Update: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a user's profile or e-mail address; sessions go on.",
            discussion: """
                The whole profile is replaced: what the file leaves out is gone afterwards. A new \
                e-mail address is not verified until a profile says so.

                Example:
                  echo '{"given_name": "Ann", "locale": "fr"}' | \\
                    martlet user update ann --profile -
                """
        )

        @Argument(help: "The name that the user signs in with.")
        var username: String
        @Option(help: ArgumentHelp("The profile, as JSON; - is standard input.", valueName: "file"))
        var profile: String?
        @Option(help: "An e-mail address; an empty one removes it.")
        var email: String?
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            guard profile == nil, email == nil else { return }
            throw ValidationError("Say what to change: --profile FILE, --email E, or both.")
        }

        func answer(in installation: Installation) async throws -> Statement {
            let account = try await installation.server.updateAccount(
                username,
                AuthorizationServer.AccountUpdate(
                    email: email.map { $0.isEmpty ? .remove : .set($0) } ?? .keep,
                    profile: try profile.map(CommandInput.json(from:))
                )
            )
            return Statement(
                "The user “\(account.username.printable)” is up to date.",
                account.json
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
                try await $0.setPassword(of: username, to: CommandInput.newPassword())
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
        for claim in account.profile.members { facts.add(claim.name, claim.value.shown) }
        facts.add("sub", account.id.rawValue)
        facts.add(
            "state",
            account.disabledAt.map { "disabled \($0.told(at: now))" } ?? "enabled"
        )
        facts.add("live sessions", live.isAll ? "\(live.count)" : "\(live.count) or more")
        facts.add("owner", account.managedBy.rawValue)
        facts.add("created", account.createdAt.told(at: now))
        facts.add("updated", account.updatedAt?.told(at: now))
        return facts.text
    }
}

extension JSONValue {
    /// A claim in one line.
    fileprivate var shown: String {
        switch self {
        case .string(let text): text.replacing("\n", with: ", ")
        case .object(let object): object.members.map(\.value.shown).joined(separator: ", ")
        case .null, .bool, .integer, .number, .array:
            String(decoding: encoded(), as: UTF8.self)
        }
    }
}

extension Account {
    fileprivate var json: JSONValue {
        [
            WireName.username: .string(username),
            "sub": .string(id.rawValue),
            "email": email.json { .string($0) },
            "profile": .object(profile),
            "disabled": .bool(disabledAt != nil),
            "disabled_at": disabledAt.json(\.json),
            "created_at": createdAt.json,
            "updated_at": updatedAt.json(\.json),
            "managed_by": .string(managedBy.rawValue),
        ]
    }
}
