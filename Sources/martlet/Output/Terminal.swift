import Foundation
import MartletProtocol

/// Where commands print: answers to standard output, sentences about trouble to standard error.
enum Terminal {
    /// Whether standard output is a terminal, which understands colours.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Prints text to standard output, with a line end if it has none.
    static func show(_ text: String) {
        FileHandle.standardOutput.write(Data(line(text).utf8))
    }

    /// Prints what a command found, in the form that was asked for.
    static func show(_ answer: some Showable, as form: OutputForm) {
        switch form {
        case .people: show(answer.text)
        case .json: show(String(decoding: answer.json.encoded(.pretty), as: UTF8.self))
        }
    }

    /// Prints one sentence to standard error.
    static func complain(_ sentence: String) {
        FileHandle.standardError.write(Data(line(sentence).utf8))
    }

    private static func line(_ text: String) -> String {
        text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }
}

/// Whom a command prints for.
enum OutputForm: Sendable {
    case people
    /// Programs: `--json`.
    case json
}

/// What a command can print, for people and for programs.
protocol Showable {
    /// Lines for people; whatever came from outside is `printable`.
    var text: String { get }
    /// The same for programs; its names are part of the contract.
    var json: JSONValue { get }
}
