import Foundation

/// Why the configuration is refused: one sentence that begins with where, as in
/// `martlet.yaml:12: unknown key “isuer”; did you mean “issuer”?`.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    let sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }

    init(at place: ConfigurationPlace, _ problem: String) {
        self.sentence = "\(place.name): \(problem)"
    }

    var description: String { sentence }
}

/// Where a value of the configuration was written.
struct ConfigurationPlace: Sendable, Hashable {
    /// As people look for it: `martlet.yaml:12`, `MARTLET_ISSUER`, `--listen`.
    let name: String
    /// The folder from which relative paths in the value count: the file's own, or the working
    /// directory for the environment and flags.
    let folder: String

    /// The command line, whose paths count from the working directory.
    static var commandLine: ConfigurationPlace {
        ConfigurationPlace(
            name: "the command line",
            folder: FileManager.default.currentDirectoryPath
        )
    }

    /// The path that `text` means here.
    func path(_ text: String) -> String {
        if text.hasPrefix("/") { return text }
        return folder.hasSuffix("/") ? folder + text : folder + "/" + text
    }
}
