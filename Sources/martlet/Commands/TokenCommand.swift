import ArgumentParser
import MartletCore

/// `martlet token`: what a string is and why it works or not.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Find out about a token.",
        subcommands: [Explain.self]
    )
}

extension TokenCommand {
    struct Explain: InstallationCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell what a token is, its session's story, and why it works or not.",
            discussion: """
                Asking about a refresh token is not using it: nothing changes. The token is never \
                printed. Others on the machine can see arguments while the command runs, so give \
                a live token on standard input.

                Example: martlet token explain - < token.txt
                """
        )

        @Argument(help: "A refresh token or an access token; - is standard input.")
        var token: String
        @OptionGroup var installation: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func answer(in installation: Installation) async throws -> TokenStory {
            TokenStory(
                explanation: try await installation.server.explain(
                    CommandInput.token(token)
                ),
                now: installation.server.surroundings.now()
            )
        }
    }
}
