import Foundation
import MartletCore
import MartletProtocol

@testable import martlet

extension Harness {
    /// The configuration file, and after zero bytes variables of the environment: read or refused in
    /// one printable sentence, and YAML that is JSON says what it says as JSON.
    static let configuration = Harness(
        name: "configuration",
        check: ConfigurationRules.check,
        readLong: { _ = try? ConfigurationRules.reading($0) }
    )
}

/// What holds of every configuration.
private enum ConfigurationRules {
    /// More than fits on a terminal helps nobody.
    private static let longestRefusal = 1500

    @Sendable static func check(_ bytes: [UInt8]) throws {
        let pieces = bytes.pieces
        let environment = Dictionary(
            pieces.dropFirst().compactMap { variable(in: $0) },
            uniquingKeysWith: { first, _ in first }
        )
        try checkWhole(pieces[0], environment)
        try checkYAML(pieces[0])
    }

    /// A variable of ours, or nil; others are nobody's business.
    private static func variable(in piece: [UInt8]) -> (name: String, value: String)? {
        let sides = piece.split(
            separator: UInt8(ascii: "="),
            maxSplits: 1,
            omittingEmptySubsequences: false
        ).map { [UInt8]($0).text }
        // That one names another file of this machine.
        guard sides.count == 2, sides[0] != ConfigurationEnvironment.file else { return nil }
        return (sides[0], sides[1])
    }

    private static func checkWhole(_ file: [UInt8], _ environment: [String: String]) throws {
        do {
            try ConfigurationScratch.write(file)
            let configuration = try Configuration.load(
                file: ConfigurationScratch.path,
                environment: environment,
                workingDirectory: ConfigurationScratch.folder
            )
            try checkBounds(configuration)
            _ = try FileOwned(configuration)
        } catch let error as ConfigurationError {
            try checkSentence(error)
        }
    }

    private static func checkSentence(_ error: ConfigurationError) throws {
        try require(error.sentence.printable == error.sentence, "a refusal is printable")
        try require(error.sentence.utf8.count <= longestRefusal, "a refusal is one sentence")
    }

    private static func checkBounds(_ configuration: Configuration) throws {
        let lifetimes = configuration.lifetimes
        try require(
            Lifetimes.accessTokenBounds ~= lifetimes.accessToken.wholeSeconds
                && Lifetimes.authorizationCodeBounds ~= lifetimes.authorizationCode.wholeSeconds
                && Lifetimes.deviceCodeBounds ~= lifetimes.deviceCode.wholeSeconds
                && Lifetimes.sessionBounds ~= lifetimes.sessionIdle.wholeSeconds
                && Lifetimes.sessionBounds ~= lifetimes.sessionAbsolute.wholeSeconds,
            "lifetimes are within their bounds"
        )
        try require(
            1...Configuration.maximumLoginAttempts ~= Int64(configuration.loginAttempts),
            "attempts are within their bounds"
        )
        let issuer = configuration.issuer.text
        let url = try require(URL(string: issuer), "an issuer is a URL to Foundation too")
        try require(
            url.absoluteString == issuer && url.query == nil && url.fragment == nil
                && url.user == nil && url.path == configuration.issuer.path,
            "an issuer is what Foundation reads"
        )
    }

    // MARK: - YAML

    static func reading(_ bytes: [UInt8]) throws(ConfigurationError) -> JSONValue? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return try YAMLFile(name: "martlet.yaml", folder: "/").read(text)?.json
    }

    private static func checkYAML(_ bytes: [UInt8]) throws {
        guard let value = try? reading(bytes) else { return }
        // YAML 1.1 folds these inside of quotation marks, where they are text to JSON.
        let breaksLines = String(decoding: bytes, as: UTF8.self).unicodeScalars
            .contains { ["\u{85}", "\u{2028}", "\u{2029}"].contains($0) }
        guard !breaksLines else { return }
        if let json = try? JSONValue(parsing: bytes) {
            try require(value == json, "a file that is JSON says what it says as JSON")
        }
        if let again = try? reading(value.encoded()) {
            try require(again == value, "what the file says can be written as JSON")
        }
    }
}

/// The file that configurations are read from: one for each process, written over and over.
private enum ConfigurationScratch {
    static let folder: String = {
        let folder = FileManager.default.temporaryDirectory.path
        return folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    }()

    static let path = "\(folder)/martlet-fuzz-\(getpid()).yaml"

    static func write(_ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}
