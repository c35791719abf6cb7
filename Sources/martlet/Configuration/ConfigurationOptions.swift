import ArgumentParser
import Foundation

/// `--config`, which every command takes.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file; else MARTLET_CONFIG, else martlet.yaml if it is there.",
            valueName: "file"
        ),
        completion: .file()
    )
    var file: String?

    /// The configuration as the file, this process's environment and some flags make it.
    func load(flags: [ConfigurationFlag] = []) throws(ConfigurationError) -> Configuration {
        try Configuration.load(
            file: file,
            environment: ProcessInfo.processInfo.environment,
            workingDirectory: FileManager.default.currentDirectoryPath,
            flags: flags
        )
    }
}
