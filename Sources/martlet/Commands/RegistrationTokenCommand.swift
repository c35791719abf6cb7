import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet registration-token`: leave for others to register clients over the network.
struct RegistrationTokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registration-token",
        abstract: "Let others register clients over the network, with tokens made here.",
        discussion: """
            A registration token is an initial access token (RFC 7591 section 3): whoever has it \
            may register as many clients as it is good for. It counts where the configuration \
            says registration: {mode: token} or {mode: open}.
            """,
        subcommands: [Create.self, List.self, Revoke.self]
    )
}

extension RegistrationTokenCommand {
    struct Create: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a registration token; prints it, this one time.",
            discussion: """
                Example:
                  martlet registration-token create --uses 5 --expires-in 7d
                """
        )

        @Option(help: ArgumentHelp("How many clients it is good for.", valueName: "number"))
        var uses: Int64 = 1
        @Option(
            help: ArgumentHelp(
                "How long it is good: a number and s, m, h or d (default: 7d).",
                valueName: "time"
            ),
            transform: RegistrationTokenCommand.duration
        )
        var expiresIn: Duration = .days(7)
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> MadeRegistrationTokenAnswer {
            let made = try await installation.server.createRegistrationToken(
                uses: uses,
                lifetime: expiresIn
            )
            if installation.server.settings.registration == .off {
                Terminal.complain(
                    "Nobody can use it yet: the configuration has registration: {mode: off}."
                )
            }
            return MadeRegistrationTokenAnswer(made: made)
        }
    }

    struct List: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the registration tokens that have not expired.",
            discussion: "Example: martlet registration-token list --json"
        )

        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ListAnswer {
            let tokens = try await installation.server.registrationTokens()
            var table = TextTable("id", "used", "expires", "created")
            for token in tokens {
                table.add(
                    token.id.rawValue,
                    "\(token.used) of \(token.uses)",
                    token.expiresAt.text,
                    token.createdAt.text
                )
            }
            return ListAnswer(
                table,
                tokens.map(\.json),
                none: "There are no registration tokens; martlet registration-token create makes "
                    + "one."
            )
        }
    }

    struct Revoke: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a registration token back; clients registered with it stay.",
            discussion: "Example: martlet registration-token revoke Yx3k…"
        )

        @Argument(help: "The token's id, as the list shows it.")
        var id: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            try await installation.server.revokeRegistrationToken(
                RegistrationTokenID(rawValue: id)
            )
            return Statement(
                "Revoked the registration token “\(id.printable)”; the clients that were "
                    + "registered with it stay.",
                ["id": .string(id), "revoked": true]
            )
        }
    }

    /// `90s`, `15m`, `12h`, `7d`.
    private static func duration(_ text: String) throws -> Duration {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }),
            let number = Int64(text.dropLast()), number > 0
        else { throw ValidationError("It is a number and s, m, h or d, as in 7d.") }
        let (seconds, overflows) = number.multipliedReportingOverflow(by: unit)
        guard !overflows, seconds <= RegistrationToken.maximumLifetime.wholeSeconds else {
            throw ValidationError("It is 366 days at most.")
        }
        return .seconds(seconds)
    }
}

/// A registration token, the one time that it is shown.
struct MadeRegistrationTokenAnswer: Showable {
    let made: AuthorizationServer.MadeRegistrationToken

    var json: JSONValue {
        var object = JSONObject()
        object["token"] = .string(String(decoding: made.text.bytes, as: UTF8.self))
        for member in made.token.json.object?.members ?? [] { object[member.name] = member.value }
        return .object(object)
    }

    var text: String {
        var facts = TextFacts()
        facts.add("token", String(decoding: made.text.bytes, as: UTF8.self))
        facts.add("id", made.token.id.rawValue)
        facts.add("good for", made.token.uses == 1 ? "1 client" : "\(made.token.uses) clients")
        facts.add("expires", made.token.expiresAt.text)
        return facts.text
    }
}

extension RegistrationToken {
    /// What may be shown of it at any time.
    fileprivate var json: JSONValue {
        [
            "id": .string(id.rawValue), "uses": .integer(uses), "used": .integer(used),
            "expires_at": expiresAt.json, "created_at": createdAt.json,
        ]
    }
}
