import MartletProtocol

/// The pages' words in one language, from its message file.
struct Texts: Sendable {
    let language: Language
    /// Each message by its key. Placeholders stand in braces: `Sign in to {client}`.
    let messages: [String: String]

    init(_ language: Language) {
        self.language = language
        messages = Self.read(language.messageFile)
    }

    /// Our own file, which the tests hold complete.
    private static func read(_ file: [UInt8]) -> [String: String] {
        guard let value = try? JSONValue(parsing: file), case .object(let object) = value else {
            preconditionFailure("a message file is not a JSON object")
        }
        return object.members.reduce(into: [:]) { messages, member in
            if case .string(let text) = member.value { messages[member.name] = text }
        }
    }

    subscript(_ key: MessageKey) -> String {
        guard let message = messages[key.rawValue] else {
            preconditionFailure("\(language.rawValue).json has no message \(key.rawValue)")
        }
        return message
    }

    /// The message with its placeholders filled in, for attributes and titles.
    func text(_ key: MessageKey, _ values: [String: String] = [:]) -> String {
        pieces(of: self[key]).map { piece in
            switch piece {
            case .text(let text): text
            case .placeholder(let name): values[name] ?? ""
            }
        }.joined()
    }

    /// The message for a template, which sets what is filled in apart from our own words: it may
    /// be somebody else's text, and run in the other direction.
    func sentence(_ key: MessageKey, _ values: [String: String] = [:]) -> [PageContent] {
        pieces(of: self[key]).map { piece in
            switch piece {
            case .text(let text): ["partText": text]
            case .placeholder(let name): ["partName": values[name] ?? ""]
            }
        }
    }

    /// `minutesAgo.one` or `minutesAgo.other`.
    func counted(_ one: MessageKey, _ other: MessageKey, _ count: Int64) -> String {
        text(count == 1 ? one : other, ["count": String(count)])
    }

    private enum Piece {
        case text(String)
        case placeholder(String)
    }

    private func pieces(of message: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = message[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            pieces.append(.placeholder(String(rest[rest.index(after: open)..<close])))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }
}

extension Language {
    /// The messages, as JSON.
    fileprivate var messageFile: [UInt8] {
        switch self {
        case .english: PackageResources.en_json
        case .german: PackageResources.de_json
        }
    }
}
