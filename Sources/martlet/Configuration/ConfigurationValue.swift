import MartletProtocol

/// A value as it was written, and where.
struct ConfigurationValue: Sendable, Equatable {
    /// What stands there. YAML and the environment leave the type of a bare word open; whoever
    /// reads the value knows which one the key wants.
    indirect enum Content: Sendable, Equatable {
        /// Without quotation marks: text, a number, true, false or null, as is asked for.
        case word(String)
        /// In quotation marks: text, whatever it looks like.
        case text(String)
        case list([ConfigurationValue])
        case mapping([Member])
    }

    /// A key, where it stands, and its value.
    struct Member: Sendable, Equatable {
        let key: String
        let place: ConfigurationPlace
        let value: ConfigurationValue
    }

    let content: Content
    let place: ConfigurationPlace

    /// The value in the terms of JSON. A bare word is a number, true, false or null exactly if
    /// JSON spells it so (or if it is nothing, or `~`); all others are text. So `off` and `007`
    /// stay what they look like, whatever older YAML made of them.
    var json: JSONValue {
        switch content {
        case .word(let word): Self.json(ofWord: word)
        case .text(let text): .string(text)
        case .list(let elements): .array(elements.map(\.json))
        case .mapping(let members):
            .object(
                members.reduce(into: JSONObject()) { $0[$1.key] = $1.value.json }
            )
        }
    }

    private static func json(ofWord word: String) -> JSONValue {
        if word.isEmpty || word == "~" { return .null }
        let isText = word.utf8.first.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 } ?? true
        if isText, !["true", "false", "null"].contains(word) { return .string(word) }
        guard let value = try? JSONValue(parsing: Array(word.utf8)) else { return .string(word) }
        switch value {
        case .null, .bool, .integer, .number: return value
        // A word that begins with a quotation mark or a bracket can only come from the environment.
        case .string, .array, .object: return .string(word)
        }
    }

    /// A value that was JSON, all of it at one place.
    init(_ json: JSONValue, at place: ConfigurationPlace) {
        self.place = place
        switch json {
        case .null: content = .word("null")
        case .bool(let value): content = .word(value ? "true" : "false")
        case .integer(let value): content = .word(String(value))
        case .number(let value): content = .word(String(value))
        case .string(let value): content = .text(value)
        case .array(let elements):
            content = .list(elements.map { ConfigurationValue($0, at: place) })
        case .object(let object):
            content = .mapping(
                object.members.map {
                    Member(key: $0.name, place: place, value: .init($0.value, at: place))
                }
            )
        }
    }

    init(_ content: Content, at place: ConfigurationPlace) {
        self.content = content
        self.place = place
    }

    /// Whether nothing was written after the key.
    var isNothing: Bool {
        if case .word = content { json.isNull } else { false }
    }

    /// What stands there, in a few words, for the sentence that refuses it.
    var shown: String {
        switch content {
        case .word where isNothing: "nothing"
        case .word(let text), .text(let text): "“\(text.prefix(Self.longestShown).printable)”"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// A value in an error is there to be recognised, not to fill the terminal.
    private static let longestShown = 60
}
