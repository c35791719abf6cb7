import ArgumentParser

/// `--json`, which every command takes.
struct OutputOptions: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Print JSON instead of text for people.")
    var asksForJSON = false

    /// Whom to print for.
    var form: OutputForm { asksForJSON ? .json : .people }
}
