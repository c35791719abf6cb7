import MartletProtocol
import Yams

/// Reads the text of `martlet.yaml` into values with their lines.
///
/// YAML is taken in the plain part that people write and that JSON shares: anchors, aliases and
/// tags are refused, as is a second document, so that a small file cannot become a large value and
/// what stands there is what is meant.
struct YAMLFile {
    /// The file's name as it was given, for messages.
    let name: String
    /// The file's folder.
    let folder: String

    /// Lists of clients nest three or four levels deep; the reader is recursive.
    static let maximumDepth = JSONValue.maximumDepth

    /// The value of the whole file, or nil if there is none: an empty file, or only comments.
    func read(_ text: String) throws(ConfigurationError) -> ConfigurationValue? {
        do {
            // Scalars stay words here, so that keys are compared by their text alone.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            // A node only borrows its anchor from the parser.
            return try withExtendedLifetime(parser) {
                try parser.singleRoot().map { try value(of: $0, depth: 0) }
            }
        } catch let error as ConfigurationError {
            throw error
        } catch let error as YamlError {
            throw refusal(of: error)
        } catch {
            throw ConfigurationError("\(name) is not YAML.")
        }
    }

    private func value(of node: Node, depth: Int) throws(ConfigurationError) -> ConfigurationValue {
        let place = place(of: node)
        try refuseIndirection(in: node, at: place)
        guard depth < Self.maximumDepth else {
            throw ConfigurationError(at: place, "lists and mappings are nested too deep here.")
        }
        switch node {
        case .scalar(let scalar):
            let isBare = scalar.style == .plain || scalar.style == .any
            let content: ConfigurationValue.Content =
                isBare ? .word(scalar.string) : .text(scalar.string)
            return ConfigurationValue(content, at: place)
        case .sequence(let sequence):
            var elements: [ConfigurationValue] = []
            for element in sequence { elements.append(try value(of: element, depth: depth + 1)) }
            return ConfigurationValue(.list(elements), at: place)
        case .mapping(let mapping):
            var members: [ConfigurationValue.Member] = []
            for pair in mapping { members.append(try member(pair.key, pair.value, depth: depth)) }
            return ConfigurationValue(.mapping(members), at: place)
        case .alias:
            throw ConfigurationError(at: place, "aliases are not used in this file.")
        }
    }

    private func member(
        _ key: Node,
        _ value: Node,
        depth: Int
    ) throws(ConfigurationError) -> ConfigurationValue.Member {
        let place = place(of: key)
        try refuseIndirection(in: key, at: place)
        guard case .scalar(let scalar) = key else {
            throw ConfigurationError(at: place, "a key is a word, not a list or a mapping.")
        }
        let value = try self.value(of: value, depth: depth + 1)
        return ConfigurationValue.Member(key: scalar.string, place: place, value: value)
    }

    private func refuseIndirection(
        in node: Node,
        at place: ConfigurationPlace
    ) throws(ConfigurationError) {
        if let anchor = node.anchor {
            throw ConfigurationError(
                at: place,
                "anchors and aliases (“&\(anchor.rawValue.printable)”) are not used in this file;"
                    + " write the value out."
            )
        }
        let isPlain = ["", Tag.Name.str.rawValue, Tag.Name.seq.rawValue, Tag.Name.map.rawValue]
            .contains(node.tag.rawValue)
        guard isPlain else {
            throw ConfigurationError(
                at: place,
                "tags (“\(node.tag.rawValue.printable)”) are not used in this file; put text in"
                    + " quotation marks."
            )
        }
    }

    private func place(of node: Node) -> ConfigurationPlace {
        place(onLine: node.mark?.line)
    }

    func place(onLine line: Int?) -> ConfigurationPlace {
        ConfigurationPlace(name: line.map { "\(name):\($0)" } ?? name, folder: folder)
    }

    // MARK: - What Yams refuses

    private func refusal(of error: YamlError) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _):
            ConfigurationError(
                at: place(onLine: mark.line),
                "this is not YAML (\(problem)); check the indentation, and put quotation marks"
                    + " around text that holds one of [ ] { } : # & * !"
            )
        case .composer(_, let problem, let mark, _):
            ConfigurationError(at: place(onLine: mark.line), "this cannot be read: \(problem).")
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationError(
                at: place(onLine: context.mark.line),
                "the key “\((keys.first ?? "").printable)” stands here and once more further down;"
                    + " keep one of them."
            )
        case .reader(let problem, _, _, _):
            ConfigurationError("\(name) is not YAML: \(problem).")
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            ConfigurationError("\(name) is not YAML.")
        }
    }
}
