import Foundation
import Testing

/// Reads our own HTML as strictly as if it were XML: every element is closed, every attribute is
/// quoted, every entity is known. Whatever a hostile name breaks open shows here.
struct HTMLReader {
    struct Element: Equatable {
        let name: String
        let attributes: [String: String]
        var text = ""

        subscript(_ attribute: String) -> String? { attributes[attribute] }
    }

    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    private(set) var elements: [Element] = []

    private static let empty: Set<String> = ["meta", "link", "img", "input"]

    init(_ html: String) throws {
        var rest = Array(html.unicodeScalars)[...]
        var open: [Int] = []
        guard String(String.UnicodeScalarView(rest.prefix(16))) == "<!DOCTYPE html>\n" else {
            throw Malformed(description: "no document type")
        }
        rest = rest.dropFirst(16)
        while let scalar = rest.first {
            guard scalar == "<" else {
                let text = rest.prefix { $0 != "<" }
                if let last = open.last {
                    elements[last].text += try Self.decoded(text)
                }
                rest = rest[text.endIndex...]
                continue
            }
            guard let end = Self.endOfTag(rest) else {
                throw Malformed(description: "a tag without end")
            }
            let tag = String(String.UnicodeScalarView(rest[rest.startIndex...end]))
            rest = rest[(end + 1)...]
            if tag.hasPrefix("</") {
                let name = tag.dropFirst(2).dropLast()
                guard let last = open.popLast(), elements[last].name == name else {
                    throw Malformed(description: "\(tag) closes nothing")
                }
            } else {
                let element = try Self.element(tag)
                elements.append(element)
                if !Self.empty.contains(element.name) { open.append(elements.count - 1) }
            }
        }
        guard open.isEmpty else { throw Malformed(description: "elements left open") }
    }

    func all(_ names: String...) -> [Element] { elements.filter { names.contains($0.name) } }

    /// The `>` that is not in a quoted value.
    private static func endOfTag(_ text: ArraySlice<Unicode.Scalar>) -> Int? {
        var isQuoted = false
        return text.indices.first { index in
            if text[index] == "\"" { isQuoted.toggle() }
            return text[index] == ">" && !isQuoted
        }
    }

    private static func element(_ tag: String) throws -> Element {
        var rest = tag.unicodeScalars.dropFirst().dropLast()
        let name = rest.prefix { $0 != " " }
        guard !name.isEmpty, name.allSatisfy({ ("a"..."z").contains($0) || $0.isDigit }) else {
            throw Malformed(description: "no element: \(tag)")
        }
        rest = rest[name.endIndex...]
        var attributes: [String: String] = [:]
        while rest.first == " " {
            rest = rest.dropFirst()
            let key = String(rest.prefix { $0 != "=" && $0 != " " })
            rest = rest.dropFirst(key.unicodeScalars.count)
            let isName = key.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }
            guard !key.isEmpty, isName, attributes[key] == nil else {
                throw Malformed(description: "no attribute: \(tag)")
            }
            var value = ""
            if rest.first == "=" {
                rest = rest.dropFirst()
                guard rest.first == "\"" else {
                    throw Malformed(description: "a value without quotation marks: \(tag)")
                }
                let quoted = rest.dropFirst().prefix { $0 != "\"" }
                value = try decoded(Array(quoted)[...])
                rest = rest[quoted.endIndex...].dropFirst()
            }
            attributes[key] = value
        }
        guard rest.isEmpty else { throw Malformed(description: "no tag: \(tag)") }
        return Element(name: String(name), attributes: attributes)
    }

    private static let entities = [
        "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#39;": "'",
    ]

    private static func decoded(_ text: ArraySlice<Unicode.Scalar>) throws -> String {
        var decoded = String.UnicodeScalarView()
        var rest = text
        while let scalar = rest.first {
            guard scalar == "&" else {
                decoded.append(scalar)
                rest = rest.dropFirst()
                continue
            }
            let entity = String(String.UnicodeScalarView(rest.prefix { $0 != ";" })) + ";"
            guard let character = entities[entity] else {
                throw Malformed(description: "unknown entity \(entity)")
            }
            decoded.append(contentsOf: character.unicodeScalars)
            rest = rest.dropFirst(entity.unicodeScalars.count)
        }
        return String(decoded)
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
}
