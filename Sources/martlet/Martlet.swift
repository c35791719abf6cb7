import ArgumentParser
import Foundation

/// The program: its subcommands are one file each in `Commands/`.
@main
struct Martlet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "An OAuth 2.1 and OpenID Connect authorization server.",
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, ServeCommand.self, ClientCommand.self, UserCommand.self,
            ResourceCommand.self, SessionCommand.self, ConsentCommand.self, TokenCommand.self,
            KeyCommand.self, RegistrationTokenCommand.self,
            BackupCommand.self, RecoverCommand.self, MoveCommand.self, DoctorCommand.self,
            ConfigurationReferenceCommand.self,
        ]
    )

    /// Runs the command that was asked for. Exit status 0: done; 1: refused, with a sentence on
    /// standard error that says what to do; 64: the command line was not understood.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            if let sentence = UnknownName.complaint(of: CommandLine.arguments.dropFirst(), by: self)
            {
                Terminal.complain(sentence)
                exit(withError: ExitCode.validationFailure)
            }
            guard let refusal = Refusal(error) else { exit(withError: error) }
            Terminal.complain(refusal.sentence)
            Foundation.exit(Refusal.exitStatus)
        }
    }
}
