import ArgumentParser

/// `martlet configuration-reference`: prints docs/configuration.md.
struct ConfigurationReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configuration-reference",
        abstract: "Print the reference page of martlet.yaml.",
        shouldDisplay: false
    )

    func run() {
        Terminal.show(ConfigurationReference.markdown)
    }
}
