import Foundation
import MartletProtocol

extension Harness {
    /// A JSON document: what is accepted is what Foundation reads too, and comes back the same when
    /// it is written again; what is refused though Foundation reads it is refused for a reason that
    /// the documentation names.
    static let json = Harness(
        name: "json",
        check: JSONRules.check,
        // Inside of a string and of an array, where most bytes go on.
        readLong: { bytes in
            _ = try? JSONValue(parsing: [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")])
            _ = try? JSONValue(parsing: [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")])
        }
    )
}

/// What holds of every JSON document.
private enum JSONRules {
    /// Where the reader is stricter than Foundation, as its documentation says.
    private static let strictness: Set<String> = [
        "A member's name stands twice in an object", "The nesting is too deep",
        "A number is too large", "A string is not valid UTF-8",
        "Half of a surrogate pair stands alone",
    ]
    /// Where Foundation is laxer than RFC 8259: a comma before an object's end, after some names.
    private static let laxness: Set<String> = ["A member's name is expected"]

    @Sendable static func check(_ bytes: [UInt8]) throws {
        do {
            try checkAccepted(try JSONValue(parsing: bytes), bytes)
        } catch let error as JSONError {
            try checkRefused(error, bytes)
        }
    }

    private static func checkAccepted(_ value: JSONValue, _ bytes: [UInt8]) throws {
        try require(
            ForeignJSON.dropsSome(of: bytes)
                || ForeignJSON.read(bytes).map { ForeignJSON.isSame($0, value) } ?? false,
            "what is accepted says the same to Foundation"
        )
        try checkWriting(value)
    }

    private static func checkRefused(_ error: JSONError, _ bytes: [UInt8]) throws {
        try require(0...bytes.count ~= error.position, "an error's position is in the input")
        guard ForeignJSON.read(bytes) != nil else { return }
        try require(
            strictness.contains(error.reason) || laxness.contains(error.reason)
                || ForeignJSON.isOtherEncoding(bytes),
            "what Foundation reads is refused for a known reason only: \(error)"
        )
    }

    private static func checkWriting(_ value: JSONValue) throws {
        for layout in [JSONWriter.Layout.compact, .pretty] {
            let written = value.encoded(layout)
            let again = try accepted("what was written is read") {
                try JSONValue(parsing: written)
            }
            try require(again == value, "a value that is written and read is the same")
            try require(again.encoded(layout) == written, "the same value makes the same bytes")
        }
    }
}

/// The second reading of JSON: Foundation's.
enum ForeignJSON {
    static func read(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    /// A byte order mark at a string's start is a character of it (RFC 8259 §7), which Foundation
    /// loses.
    static func dropsSome(of bytes: [UInt8]) -> Bool {
        bytes.indices.dropLast(2).contains {
            bytes[$0..<($0 + 3)].elementsEqual([0xEF, 0xBB, 0xBF])
        }
    }

    /// Foundation guesses UTF-16 and UTF-32 from zero bytes and byte order marks.
    static func isOtherEncoding(_ bytes: [UInt8]) -> Bool {
        bytes.contains(0)
            || [[0xEF, 0xBB, 0xBF], [0xFE, 0xFF], [0xFF, 0xFE]].contains {
                bytes.starts(with: $0)
            }
    }

    static func isSame(_ foreign: Any, _ value: JSONValue) -> Bool {
        switch value {
        case .null: foreign is NSNull
        case .bool(let bool): foreign as? Bool == bool
        case .integer(let integer): (foreign as? NSNumber)?.int64Value == integer
        case .number(let number): isNear((foreign as? NSNumber)?.doubleValue, number)
        case .string(let string): isSame(foreign as? String, string)
        case .array(let elements): isSame(foreign as? [Any], elements)
        case .object(let object): isSame(foreign as? [String: Any], object)
        }
    }

    /// Foundation takes U+FEFF at the beginning of a string for a byte order mark, and drops it.
    private static func isSame(_ foreign: String?, _ string: String) -> Bool {
        guard let foreign else { return false }
        return foreign.isSameText(as: string) || ("\u{FEFF}" + foreign).isSameText(as: string)
    }

    private static func isSame(_ foreign: [Any]?, _ elements: [JSONValue]) -> Bool {
        guard let foreign, foreign.count == elements.count else { return false }
        return zip(foreign, elements).allSatisfy { isSame($0, $1) }
    }

    private static func isSame(_ foreign: [String: Any]?, _ object: JSONObject) -> Bool {
        guard let foreign, foreign.count == object.count else { return false }
        return object.members.allSatisfy { member in
            foreign[member.name].map { isSame($0, member.value) } ?? false
        }
    }

    /// Foundation keeps some numbers as decimals and rounds once more.
    private static func isNear(_ foreign: Double?, _ number: Double) -> Bool {
        guard let foreign else { return false }
        return abs(foreign - number) <= abs(number) * 1e-12
    }
}
