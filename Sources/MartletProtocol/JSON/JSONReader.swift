/// Reads JSON from bytes, one byte at a time, and stops at the first that is wrong.
struct JSONReader {
    /// Up to so many members of an object are compared one by one; beyond, by their hashes, so that
    /// nobody makes us compare each with each.
    private static let fewMembers = 16

    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private var depth = 0

    static func read(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            var reader = JSONReader(bytes: bytes)
            let value = try reader.value()
            guard reader.next == nil else { throw reader.error("The value is followed by more") }
            return value
        }
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        skipSpace()
    }

    // MARK: - Values

    private mutating func value() throws(JSONError) -> JSONValue {
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case let byte where byte == UInt8(ascii: "-") || isDigit(byte): return try number()
        case nil: throw error("The input ends where a value is expected")
        default: throw error("No value starts with this byte")
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        if take("}") { return leave(.object(JSONObject())) }
        members.reserveCapacity(Self.fewMembers)
        repeat {
            guard next == UInt8(ascii: "\"") else { throw error("A member's name is expected") }
            let start = index
            let name = try string()
            guard Self.isNew(name, among: members, &names) else {
                throw JSONError(at: start, "A member's name stands twice in an object")
            }
            guard take(":") else { throw error("A colon is expected after a member's name") }
            members.append(JSONObject.Member(name: name, value: try value()))
        } while take(",")
        guard take("}") else { throw error("A comma or the end of the object is expected") }
        return leave(.object(JSONObject(distinct: members)))
    }

    /// Swift's equality of strings: what a dictionary elsewhere would merge is refused too.
    private static func isNew(
        _ name: String,
        among members: [JSONObject.Member],
        _ names: inout Set<String>
    ) -> Bool {
        if members.count < fewMembers {
            return !members.contains { $0.name == name }
        }
        if names.isEmpty { names = Set(members.map(\.name)) }
        return names.insert(name).inserted
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if take("]") { return leave(.array([])) }
        repeat {
            elements.append(try value())
        } while take(",")
        guard take("]") else { throw error("A comma or the end of the array is expected") }
        return leave(.array(elements))
    }

    private mutating func word(
        _ word: StaticString,
        _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        let start = word.utf8Start
        for offset in 0..<count {
            guard peek(offset) == start[offset] else {
                throw JSONError(at: index + offset, "This is not true, false or null")
            }
        }
        index += count
        skipSpace()
        return value
    }

    // MARK: - Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        if next == UInt8(ascii: "-") { index += 1 }
        if next == UInt8(ascii: "0") {
            index += 1
            guard !isDigit(next) else { throw error("A number starts with a zero too many") }
        } else {
            try digits()
        }
        var isWhole = true
        if next == UInt8(ascii: ".") {
            isWhole = false
            index += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            index += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        skipSpace()
        // "-0" is a double: there is no negative zero among the whole numbers.
        if isWhole, text != "-0", let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw JSONError(at: start, "A number is too large")
        }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        guard isDigit(next) else { throw error("A digit is expected") }
        while isDigit(next) { index += 1 }
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    // MARK: - Strings

    private mutating func string() throws(JSONError) -> String {
        let start = index
        index += 1
        var unescaped: [UInt8] = []
        var run = index
        var seen: UInt8 = 0
        while true {
            guard let byte = next else { throw error("A string has no end") }
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw error("A control character stands in a string") }
            seen |= byte
            index += 1
            guard byte == UInt8(ascii: "\\") else { continue }
            unescaped.append(contentsOf: bytes[run..<(index - 1)])
            try appendEscape(to: &unescaped)
            run = index
        }
        let rest = UnsafeBufferPointer(rebasing: bytes[run..<index])
        index += 1
        let text: String?
        if !unescaped.isEmpty {
            text = String(validating: unescaped + rest, as: UTF8.self)
        } else if seen < 0x80 {
            // Every escape leaves a byte at least, so there was none, and ASCII needs no validation.
            text = String(decoding: rest, as: UTF8.self)
        } else {
            text = String(validating: rest, as: UTF8.self)
        }
        guard let text else { throw JSONError(at: start, "A string is not valid UTF-8") }
        skipSpace()
        return text
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        guard let byte = next else { throw error("A string has no end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
        default: throw JSONError(at: index - 1, "A backslash is followed by an unknown letter")
        }
    }

    /// The scalar of `\uXXXX`, or of the two that make a surrogate pair.
    private mutating func escapedScalar() throws(JSONError) -> Character {
        let start = index
        let first = try hexadecimal()
        var code = UInt32(first)
        if UTF16.isLeadSurrogate(first), peek(0) == UInt8(ascii: "\\"),
            peek(1) == UInt8(ascii: "u")
        {
            index += 2
            let second = try hexadecimal()
            guard UTF16.isTrailSurrogate(second) else {
                throw JSONError(at: start, "Half of a surrogate pair stands alone")
            }
            code = 0x10000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw JSONError(at: start, "Half of a surrogate pair stands alone")
        }
        return Character(scalar)
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("Four hexadecimal digits are expected")
            }
            code = code << 4 | UInt16(digit)
            index += 1
        }
        return code
    }

    // MARK: - Bytes

    private var next: UInt8? { peek(0) }

    private func peek(_ offset: Int) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    /// Takes a punctuation mark and the space after it, if it is the next byte.
    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: mark) else { return false }
        index += 1
        skipSpace()
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            index += 1
        }
    }

    private mutating func enter() throws(JSONError) {
        guard depth < JSONValue.maximumDepth else { throw error("The nesting is too deep") }
        depth += 1
        index += 1
        skipSpace()
    }

    private mutating func leave(_ value: JSONValue) -> JSONValue {
        depth -= 1
        return value
    }

    private func error(_ reason: String) -> JSONError {
        JSONError(at: index, reason)
    }
}
