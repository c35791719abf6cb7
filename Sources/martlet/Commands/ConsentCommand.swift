import ArgumentParser
import MartletCore
import MartletProtocol

/// `martlet consent`: what users allowed clients.
struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "See what users allowed clients, and take it back.",
        subcommands: [List.self, Revoke.self]
    )
}

extension ConsentCommand {
    struct List: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "List consents.",
            discussion: """
                A client with skip_consent has one too, of no scope, since nobody was asked.

                Example: martlet consent list --user ann
                """
        )

        @Option(help: "The consents of the user of this name.")
        var user: String?
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> ListAnswer {
            let consents = try await installation.server.consents(ofAccount: user)
            var table = TextTable("user", "client", "name", "scope", "since")
            for given in consents {
                table.add(
                    given.username,
                    given.consent.client.rawValue,
                    given.clientName ?? "",
                    given.consent.scope.description,
                    given.since.text
                )
            }
            return ListAnswer(table, consents.map(\.json), none: "There are no such consents.")
        }
    }

    struct Revoke: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take back what a user allowed a client; its sessions of that user are over.",
            discussion: """
                Codes and device approvals that are on their way end too, and the client has to ask \
                again. One with skip_consent does not ask: to keep it out, disable the user or \
                delete the client.

                Example: martlet consent revoke --user ann --client mcl_Yx3k…
                """
        )

        @Option(help: "The name that the user signs in with.")
        var user: String
        @Option(help: "The client's id.")
        var client: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> Statement {
            let server = installation.server
            let id = ClientID(rawValue: client)
            let ended = try await server.liveSessions(ofAccount: user, client: id)
            try await server.withdrawConsent(of: user, from: id)
            return Statement(
                "Took back what the user “\(user.printable)” allowed the client "
                    + "“\(client.printable)”; \(ended.over).",
                [
                    WireName.username: .string(user), WireName.clientID: .string(client),
                    "ended_sessions": .integer(Int64(ended.count)),
                ]
            )
        }
    }
}

extension AuthorizationServer.GivenConsent {
    fileprivate var json: JSONValue {
        [
            WireName.username: .string(username),
            "sub": .string(consent.account.rawValue),
            WireName.clientID: .string(consent.client.rawValue),
            ClientMetadataName.name: clientName.json { .string($0) },
            WireName.scope: .string(consent.scope.description),
            "since": since.json,
        ]
    }
}
